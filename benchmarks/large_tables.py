"""A study of a large made table, as a process of its own: seconds, peak memory of the process and its children, and score.

The table has 24 number columns and 6 categories (2 to 40 levels); 2 % of the cells of four columns are missing. The target has
two classes: a logistic model of six numbers, one product of two and two categories, so that a linear model cannot reach the
best score. Two trials of a network of 64 units, three folds, two epochs, batches of 4,096 rows; then refit, baselines, verdict.
Peak memory is the largest sum of resident sizes, looked at every 50 ms; what several processes share counts in each.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.measure import report

ROWS = (200_000, 1_000_000)
NUMBERS, LEVELS = 24, (2, 3, 5, 8, 15, 40)
BLOCK = 100_000  # rows made and written at once
MISSING_IN, MISSING = 4, 0.02
OPTIONS = (
    "model=mlp", "model.hidden=1", "model.units=64", "fit.epochs=2", "fit.batch_size=4096", "budget.trials=2", "folds.count=3",
    "tuner=random", "fit.optimizer.learning_rate=[float,0.001,0.01,{log: true}]", "tracking.figures=false",
)  # fmt: skip


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    options.add_argument("--kinds", nargs="+", default=["csv", "parquet"], choices=["csv", "parquet"])
    options.add_argument("--options", nargs="*", default=[], help="further options of the study, as in baselines=[]")
    asked = options.parse_args()
    rows, figures = [], {}
    for count in asked.rows:
        for kind in asked.kinds:
            with tempfile.TemporaryDirectory() as folder:
                found = one_study(Path(folder), count, kind, asked.options)
            figures[f"{count} {kind}"] = found
            size = f"{found['peak'] / 2**30:.2f} GB"
            rows.append([f"{count:,}", kind, f"{found['seconds']:.0f}", size, found["said"] or "-", f"{found['score']:.4f}"])
            print(rows[-1], flush=True)
    columns = ("rows of 30 columns", "file", "seconds", "peak memory", "said before", "holdout accuracy")
    largest = max(figures.values(), key=lambda found: found["peak"])
    report("large_tables", columns, rows, f"the largest study took {largest['peak'] / 2**30:.2f} GB", figures)


def one_study(folder: Path, rows: int, kind: str, options: list[str]) -> dict[str, Any]:
    """Run one study; its seconds, peak bytes, score, and the memory that it said before."""
    path = folder / f"made.{kind}"
    write(path, rows)
    runs = folder / "runs"
    about = [f"data={kind}", f"data.path={path}", "data.target=answer", "study=large", f"paths.runs={runs}"]
    began = time.perf_counter()
    output = folder / "output.txt"
    with output.open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "pipelines.tune", *about, *OPTIONS, *options]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603 our own words
        peak, course = watched(process)
    text = output.read_text(encoding="utf-8")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{text[-3000:]}")
    summary = json.loads((runs / "studies" / "large" / "summary.json").read_text(encoding="utf-8"))
    said = re.search(r"memory: about ([\d.]+ [GM]B)", text)
    return {
        "seconds": time.perf_counter() - began,
        "peak": peak,
        "score": summary["holdout"]["score"] if "score" in summary["holdout"] else summary["holdout"]["metrics"]["accuracy"],
        "verdict": summary["verdict"],
        "spent": summary["seconds"],
        "said": said.group(1) if said else None,
        "course": course,
    }


def watched(process: subprocess.Popen[bytes]) -> tuple[int, list[tuple[float, float]]]:
    """The peak memory of a process and its children until it ends, bytes; and (seconds, GB) each time it grew by 5 %."""
    peak, course, began = 0, [], time.perf_counter()
    while process.poll() is None:
        now = resident(process.pid)
        if now > peak * 1.05:
            course.append((round(time.perf_counter() - began, 1), round(now / 2**30, 2)))
        peak = max(peak, now)
        time.sleep(0.05)
    return peak, course


def resident(pid: int) -> int:
    """Resident bytes of a process and all processes that it started."""
    try:
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):  # it has ended
        return 0
    return own + sum(resident(int(child)) for child in children)


def write(path: Path, rows: int) -> None:
    """Make the table, a block of rows at a time."""
    if path.suffix == ".parquet":
        pd.concat([made(start, min(BLOCK, rows - start)) for start in range(0, rows, BLOCK)]).to_parquet(path, index=False)
        return
    for start in range(0, rows, BLOCK):
        block = made(start, min(BLOCK, rows - start))
        block.to_csv(path, mode="a", header=start == 0, index=False, float_format="%.6g")


def made(start: int, rows: int) -> pd.DataFrame:
    """Rows from `start` on: (rows, 31), with the target `answer`."""
    draw = np.random.default_rng([22, start])
    numbers = draw.normal(size=(rows, NUMBERS))
    codes = [draw.integers(0, count, rows) for count in LEVELS]
    logit: npt.NDArray[Any] = numbers[:, :6] @ np.array([1.0, -0.8, 0.6, -0.4, 0.3, -0.2]) + 1.5 * numbers[:, 6] * numbers[:, 7]
    logit = logit + np.where(codes[2] % 2, 0.7, -0.7) + np.sin(codes[5])
    answer = np.where(draw.random(rows) < 1 / (1 + np.exp(-logit)), "yes", "no")
    gaps = draw.random((rows, MISSING_IN)) < MISSING
    numbers[:, 8 : 8 + MISSING_IN][gaps] = np.nan
    columns = {f"number_{place}": np.exp(column) if place % 5 == 4 else column for place, column in enumerate(numbers.T)}
    columns |= {f"level_{place}": np.array([f"level {code}" for code in of]) for place, of in enumerate(codes)}
    return pd.DataFrame({**columns, "answer": answer})


if __name__ == "__main__":
    main()
