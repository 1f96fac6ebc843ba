"""How long `compare.html` takes in a browser: its first picture, a sort and a filter at 20, 1,000 and 10,000 trials.

The first picture counts when parallel coordinates and table are on the screen. Each size is opened `--rounds` times, each
time in a fresh context without network; figures are medians by the browser's own clock.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.made_search import made_page
from benchmarks.measure import median, report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = (20, 1000, 10_000)
MOST_SECONDS = 2.0
# A canvas is painted when a pixel of it can be read, so the second frame after that shows the drawing.
PAINTED = "byId('parallel').getContext('2d').getImageData(0, 0, 1, 1)"
FIRST = f"""
window.first = new Promise((done) => {{
  const seen = new MutationObserver(() => {{
    if (!document.documentElement.dataset.drawn) return;
    seen.disconnect();
    requestAnimationFrame(() => {{ {PAINTED}; requestAnimationFrame(() => done(performance.now())); }});
  }});
  seen.observe(document, {{ subtree: true, attributes: true }});
}});
"""
AFTER = f"""(work) => new Promise((done) => {{
  const began = performance.now();
  eval(work);
  requestAnimationFrame(() => {{ {PAINTED}; requestAnimationFrame(() => done(performance.now() - began)); }});
}})"""
WORKS = {
    "sort": "document.querySelector('[data-column=number]').click()",
    "filter": "kept.text = 'mlp.units>32 state=complete relu'; changed()",
}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    asked = options.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("no chromium is installed")
    from playwright.sync_api import sync_playwright

    rows, figures = [], {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for size in SIZES:
            page = made_page(Path(folder) / f"{size}.html", size)
            taken = [once(opened, page) for _ in range(asked.rounds)]
            took = {name: median([one[name] for one in taken]) for name in taken[0]}
            first = f"{took['first'] / 1000:.2f} s"
            mb = page.stat().st_size / 1e6
            rows.append([f"{size:,}", f"{mb:.2f} MB", first, f"{took['sort']:.0f} ms", f"{took['filter']:.0f} ms"])
            figures[str(size)] = {"bytes": page.stat().st_size, "milliseconds": taken}
        opened.close()
    columns = ("trials", "compare.html", "first picture", "a sort, until it is seen", "a filter, until it is seen")
    last = f"first picture of {SIZES[-1]:,} trials: {first} (wanted: under {MOST_SECONDS:g} s)"
    report("pages", columns, rows, last, figures)


def once(browser: Browser, page: Path) -> dict[str, float]:
    """Milliseconds from the navigation's start to the first picture, and from a sort and a filter to theirs."""
    context = browser.new_context(viewport={"width": 1300, "height": 900}, offline=True)
    shown = context.new_page()
    shown.add_init_script(FIRST)
    shown.goto(page.as_uri())
    taken = {"first": float(shown.evaluate("window.first"))}
    taken |= {name: float(shown.evaluate(AFTER, work)) for name, work in WORKS.items()}
    context.close()
    return taken


if __name__ == "__main__":
    main()
