"""The recipe `nuclei` by its door, and the picture of its tutorial page: `python -m benchmarks.nuclei`.

It prints minutes, processor seconds and memory, and the scores on the holdout. `docs/pictures/tutorial_nuclei.png` has the
pictures with the lowest score, which come first in `figures/overlays.png` of the study.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image

from benchmarks.children import run
from benchmarks.pictures import keep

STUDY = "nuclei"
LIMIT = 4 * 3600.0  # seconds
WIDTH, SHARE = 900, 0.508  # of the picture that is kept: pixels across, and the part of the sheet from the top


def main() -> None:
    """Tune, print, draw."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=Path, help="a folder that keeps the study; a finished one is taken as it is")
    options.add_argument("--data", type=Path, default=Path(os.environ.get("FOLDWISE_DATA", "data")))
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="foldwise-") as folder:
        runs = asked.runs or Path(folder)
        study = runs / "studies" / STUDY
        if not (study / "summary.json").exists():
            _tune(runs, asked.data)
        _print_scores(study)
        _draw(study)


def _tune(runs: Path, data: Path) -> None:
    words = [sys.executable, "-m", "pipelines.tune", "experiment=nuclei", f"study={STUDY}", f"paths.data={data}"]
    runs.mkdir(parents=True, exist_ok=True)
    log = runs / "nuclei.log"
    spent = run([*words, f"paths.runs={runs}"], log, LIMIT)
    print(log.read_text(encoding="utf-8"))
    if spent.code:
        sys.exit(f"the study ended with exit code {spent.code}")
    print(f"{spent.seconds / 60:.1f} min, {spent.processor:.0f} s of processor, {spent.peak_mb:.0f} MB")


def _print_scores(study: Path) -> None:
    summary = json.loads((study / "summary.json").read_text(encoding="utf-8"))
    print(summary["verdict"])
    for name, value in summary["holdout"]["metrics"].items():
        print(f"{name:16} {value:.4f}")
    for label, scores in summary["holdout"]["classes"].items():
        print(f"{label:16} " + ", ".join(f"{name} {value:.4f}" for name, value in scores.items()))


def _draw(study: Path) -> None:
    sheet = Image.open(study / "figures" / "overlays.png")
    written = BytesIO()
    sheet.crop((0, 0, sheet.width, round(SHARE * sheet.height))).save(written, format="PNG")
    keep("tutorial_nuclei.png", written.getvalue(), WIDTH)


if __name__ == "__main__":
    main()
