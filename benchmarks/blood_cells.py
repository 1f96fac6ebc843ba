"""The recipe blood_cells through its door, and the picture of its page: `python -m benchmarks.blood_cells --data FOLDER`.

It prints the scores of each class on held-out pictures, the baselines, seconds, processor seconds and memory, and writes
`docs/pictures/tutorial_boxes.png`: the first rows of the study's `figures/boxes.png`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "tutorial_boxes.png"
WIDTH, COLOURS = 900, 256
ROWS = 2  # of pictures that are kept
STUDY = "blood_cells"


def main() -> None:
    """Tune, print, draw."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True, help="the folder that holds bccd-blood-cells")
    options.add_argument("--runs", type=Path, help="a folder that keeps the study; a finished one is not tuned again")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="foldwise-") as folder:
        runs = asked.runs or Path(folder)
        _tune(asked.data, runs)
        study = runs / "studies" / STUDY
        _print_scores(json.loads((study / "summary.json").read_text(encoding="utf-8")))
        keep_first_rows(study / "figures" / "boxes.png", PICTURE)


def _tune(data: Path, runs: Path) -> None:
    words = [f"experiment={STUDY}", f"paths.data={data.resolve()}", f"paths.runs={runs.resolve()}", f"study={STUDY}"]
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "foldwise", "tune", *words], check=False)  # noqa: S603 our own words
    if done.returncode != 0:
        sys.exit(f"tune ended with exit code {done.returncode}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, gigabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
    print(f"{time.monotonic() - started:.0f} s, {seconds:.0f} s of processor time, {gigabytes:.2f} GB")


def _print_scores(summary: dict[str, object]) -> None:
    holdout, baselines = summary["holdout"], summary["baselines"]
    assert isinstance(holdout, dict)
    assert isinstance(baselines, list)
    print(f"{holdout['rows']} held-out pictures: {holdout['metrics']}")
    for label, scores in holdout["classes"].items():
        print(f"  {label}: {scores}")
    for one in baselines:
        print(f"  {one['name']}: {one['holdout']}")
    print(summary["verdict"])


def keep_first_rows(sheet: Path, path: Path, across: int = 3) -> None:
    """Keep the title and the first ROWS rows of a sheet of pictures, three in a row, smaller and with few colours."""
    from foldwise.tasks.detection.overlays import GAP, LINE, TILE

    with Image.open(sheet) as opened:
        # pictures of 96 x 128 pixels, each with a caption
        step = round(TILE * 96 / 128) + LINE + GAP
        kept = opened.crop((0, 0, across * (TILE + GAP) + GAP, LINE + 2 * GAP + ROWS * step))
        small = kept.resize((WIDTH, round(WIDTH * kept.height / kept.width)), Image.Resampling.LANCZOS)
        small.quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
