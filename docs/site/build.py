"""Build the documentation site into `build/docs/site`: `python -m docs.site.build`.

Pages are the Markdown files of `docs/`. The index page of a section lists the section's pages, and the navigation follows it.
The pages of the options, doors, layers and recipes are written from `conf/` and the specifications (`pages.py`, `options.py`).
A build fails on any warning, dead link, dead anchor, page that no index lists, and file that would be loaded from elsewhere.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from docs.site.links import faults
from docs.site.pages import write_reference

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
BUILT = ROOT / "build" / "docs"
PAGES, SITE = BUILT / "pages", BUILT / "site"
COPIED = ("*.md", "*.png", "*.css")
SECTIONS = {  # folder -> title in the navigation
    "tutorial": "Tutorial",
    "how_to": "How-to",
    "reference": "Reference",
    "explanation": "Explanation",
    "benchmarks": "Benchmarks",
    "decisions": "Decisions",
}
LISTED = re.compile(r"\]\(([\w/-]+\.md)\)")


def main() -> int:
    """Build the site; the exit code."""
    if find_spec("zensical") is None:
        print("the site needs the extra docs: pip install -e '.[docs]' -c constraints.txt", file=sys.stderr)
        return 1
    started = time.monotonic()
    stage(PAGES)
    config = BUILT / "zensical.toml"
    config.write_text(configured(PAGES), encoding="utf-8")
    shutil.rmtree(SITE, ignore_errors=True)
    words = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(config)]
    done = subprocess.run(words, cwd=BUILT, capture_output=True, text=True, check=False)  # noqa: S603 our own words
    said = done.stdout + done.stderr
    if done.returncode or "Warning" in said or "ERROR" in said:
        print(said, file=sys.stderr)
        return 1
    found = faults(SITE)
    print("\n".join(found), file=sys.stderr)
    count = sum(1 for _ in SITE.rglob("*.html"))
    print(f"build/docs/site: {count} pages in {time.monotonic() - started:.1f} s, {len(found)} faults")
    return 1 if found else 0


def stage(pages: Path) -> None:
    """Write all pages of the site as Markdown: those of `docs/`, and the generated ones."""
    shutil.rmtree(pages, ignore_errors=True)
    for pattern in COPIED:
        for path in DOCS.rglob(pattern):
            name = path.name if path.is_relative_to(DOCS / "site") else path.relative_to(DOCS)
            (pages / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, pages / name)
    write_reference(pages)


def configured(pages: Path) -> str:
    """The configuration of the generator for these pages.

    Raises:
        ValueError: the index of a section does not list a page of its folder.
    """
    nav: list[object] = [{"Home": "index.md"}]
    for folder, title in SECTIONS.items():
        nav.append({title: [f"{folder}/{name}" for name in listed(pages / folder)]})
    text = (DOCS / "site" / "zensical.toml").read_text(encoding="utf-8")
    written = re.sub(r"\"(\w+|\w[\w-]+)\": ", r'"\1" = ', json.dumps(nav))  # an inline table of TOML
    places = f'docs_dir = "{PAGES.name}"\nsite_dir = "{SITE.name}"\nnav = {written}'
    return text.replace("# BUILD", places).replace("# PATHS", f'paths = ["{ROOT / "src"}"]')


def listed(section: Path) -> list[str]:
    """The pages of a section in the order of its index, which comes first."""
    index = (section / "index.md").read_text(encoding="utf-8")
    names = ["index.md", *dict.fromkeys(name for name in LISTED.findall(index) if (section / name).is_file())]
    others = {path.relative_to(section).as_posix() for path in section.rglob("*.md")} - set(names)
    if others:
        raise ValueError(f"{section.name}/index.md does not list {', '.join(sorted(others))}")
    return names


if __name__ == "__main__":
    sys.exit(main())
