"""The steps of the tutorial, run as their pages say them, in full: `python -m benchmarks.tutorial`.

Each page has an empty folder of its own. The seconds of each page are printed; `--only xor` runs one. Tests run the same blocks
with short studies (`tests/end_to_end/test_docs.py`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from docs.site.blocks import Block, blocks
from docs.site.build import DOCS, listed

TUTORIAL = DOCS / "tutorial"
STEPS = tuple(Path(name).stem for name in listed(TUTORIAL)[1:])


def main() -> None:
    """Run the steps, and print their seconds."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=Path, help="a folder that keeps what the steps write; a step that is there runs again")
    options.add_argument("--only", choices=STEPS, nargs="+", default=STEPS)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="foldwise-") as folder:
        follow_all(asked.runs or Path(folder), asked.only)


def follow_all(folder: Path, steps: Iterable[str] = STEPS) -> None:
    """Run steps, each in its folder below `folder`, and print their seconds."""
    took = {}
    for step in steps:
        started = time.monotonic()
        follow(step, folder / step)
        took[step] = time.monotonic() - started
        print(f"{step}: {took[step]:.0f} s", flush=True)
    print(f"{len(took)} steps: {sum(took.values()):.0f} s")


def follow(step: str, folder: Path) -> None:
    """Do what the page of a step says, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for block in blocks((TUTORIAL / f"{step}.md").read_text(encoding="utf-8")):
        if block.kind == "file":
            (folder / block.words[0]).write_text(block.text, encoding="utf-8")
        elif block.kind == "run":
            _run(block, folder)


def _run(block: Block, folder: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    commands = [[sys.executable, "-c", block.text]] if block.language == "python" else _shell(block)
    for command in commands:
        done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=False)  # noqa: S603 our own words
        if done.returncode != block.code:
            sys.exit(f"{command[-1]}\nended with exit code {done.returncode} instead of {block.code}")


def _shell(block: Block) -> list[list[str]]:
    return [["bash", "-c", command] for command in block.commands]


if __name__ == "__main__":
    main()
