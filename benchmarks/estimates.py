"""Whether the line `estimate: about 40 s, ...` is right: recipes through the door, each as it is, and what they really took.

The line comes once a study, after its first trials, and is about the whole job: from the first look at the data to the end of
the last file. The truth is `seconds.total` of `summary.json`, and the peak memory of the largest process.

A recipe is a line of `recipes.jsonl` in --folder; a second start goes on where the first was stopped.

    python -m benchmarks.estimates --folder estimates            # ten recipes, some 15 minutes
    python -m benchmarks.estimates --folder estimates --report   # run none, show what is there
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.children import run
from benchmarks.lines import Record, append, read
from benchmarks.measure import report

RECIPES = (
    "iris",
    "iris_functional",
    "xor",
    "depth",
    "linear_regression",
    "digits",
    "titanic",
    "wine_quality",
    "oil_spill",
    "mammography",
)
LINE = re.compile(r"^estimate: about (\d+) (s|min|h)\b.*?, ([\d.]+) GB of memory", re.MULTILINE)
SECONDS = {"s": 1, "min": 60, "h": 3600}
FACTOR = 1.5  # by which an estimate may be off
LIMIT = 3600.0  # seconds of a recipe


def main() -> None:
    """Run what is missing, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--recipes", nargs="+", default=[*RECIPES], help="which to run")
    options.add_argument("--data", default=os.environ.get("FOLDWISE_DATA", "data"), help="paths.data")
    options.add_argument("--folder", type=Path, default=Path("build/estimates"), help="holds the recipes, finished and to come")
    options.add_argument("--report", action="store_true", help="run none")
    asked = options.parse_args()
    log = asked.folder / "recipes.jsonl"
    done = {name: one for (name,), one in read(log, "recipe").items()}
    for name in () if asked.report else asked.recipes:
        if name not in done:
            done[name] = tuned(name, asked.data)
            append(log, done[name])
            print(name, f"{done[name]['said']} s said, {done[name]['took']:.0f} s", flush=True)
    show(done)


def tuned(recipe: str, data: str) -> Record:
    """What the estimate of a recipe said, and what its study took, in seconds and GB."""
    with tempfile.TemporaryDirectory() as runs:
        words = [f"experiment={recipe}", f"paths.data={data}", f"paths.runs={runs}"]
        log = Path(runs, "printed.txt")
        spent = run([sys.executable, "-m", "pipelines.tune", *words], log, LIMIT)
        printed = log.read_text(encoding="utf-8")
        assert spent.code == 0, printed
        (summary,) = Path(runs, "studies").glob("*/summary.json")
        took = json.loads(summary.read_text(encoding="utf-8"))["seconds"]["total"]
    found = LINE.search(printed)
    said, memory = (None, None) if found is None else (int(found[1]) * SECONDS[found[2]], float(found[3]))
    return {"recipe": recipe, "said": said, "took": took, "memory_said": memory, "memory": spent.peak_mb / 1024}


def show(done: Mapping[str, Record]) -> None:
    """Print, and write the result."""
    rows, right = [], []
    for name, one in done.items():
        off = None if one["said"] is None else max(one["said"] / one["took"], one["took"] / one["said"])
        right.append(off is not None and off <= FACTOR)
        said = ["none", "", ""] if off is None else [f"{one['said']} s", f"{off:.2f}x", f"{one['memory_said']:.1f} GB"]
        rows.append([name, said[0], f"{one['took']:.0f} s", *said[1:], f"{one['memory']:.1f} GB"])
    columns = ("recipe", "estimate", "took", "off by", "estimate of memory", "peak of its largest process")
    last = f"{sum(right)} of {len(right)} estimates of the time are right within a factor of {FACTOR:g}"
    report("estimates", columns, rows, last, {"recipes": dict(done)})


if __name__ == "__main__":
    main()
