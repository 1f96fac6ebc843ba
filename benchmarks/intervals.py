"""Whether answers mean what they say: intervals of numbers, and probabilities of classes, on rows that no study has seen.

Each table has five outer splits. A study of 8 trials (`model=mlp`, without a holdout, else as by default) learns from the rows
of a split, and its model answers the others, so each row is answered once. It tests the answers, not the search.

Numbers: the share of values between `low` and `high` at `answers.coverage=0.9`, of each split; a split is `off` by more than
2.6 binomial standard errors. Classes: log loss and calibration error over the rows of all splits, of the same networks without
and with the calibration that `answers.calibrate=auto` chose; the error is the mean gap between confidence and accuracy in 15
bins of equally many rows.

A split is a line of `splits.jsonl` in --folder; a second start goes on where the first was stopped.

    python -m benchmarks.intervals --folder intervals            # all, some 40 minutes
    python -m benchmarks.intervals --folder intervals --report   # run none, show what is there
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.answer_tables import TABLES, BenchmarkTable, Outer, outer_splits
from benchmarks.lines import Record, append, read
from benchmarks.measure import report

Array = npt.NDArray[Any]

NUMBERS = ("california-5000", "wine-red", "wine-white", "diabetes")
CLASSES = ("titanic", "adult-5000", "mammography", "wine", "breast-cancer")
SPLITS, COVERAGE, FAR = 5, 0.9, 2.6
STUDY = ("model=mlp", "budget.trials=8", "tracking=in_memory", "baselines=[]", "data.holdout={kind: none}", "study=answers")


def main() -> None:
    """Run what is missing, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tables", nargs="+", default=[*NUMBERS, *CLASSES], choices=[*NUMBERS, *CLASSES])
    options.add_argument("--folder", type=Path, default=Path("build/intervals"), help="holds the splits, finished and to come")
    options.add_argument("--report", action="store_true", help="run none")
    asked = options.parse_args()
    log = asked.folder / "splits.jsonl"
    done = read(log, "table", "split")
    for name in () if asked.report else asked.tables:
        table, frame = TABLES[name], TABLES[name].frame()
        for split, outer in enumerate(outer_splits(frame, table, count=SPLITS)):
            if (name, split) in done:
                continue
            found = {"table": name, "split": split, **answered(table, frame, outer, split)}
            append(log, found)
            done[name, split] = found
            print(name, split, found.get("inside", found.get("calibrated")), f"{found['seconds']:.0f} s", flush=True)
    show({name: [one for (table, _), one in sorted(done.items()) if table == name] for name in (*NUMBERS, *CLASSES)})


def answered(table: BenchmarkTable, frame: pd.DataFrame, outer: Outer, seed: int) -> Record:
    """A study on the rows of a split, and its answers to the others.

    Returns:
        Of numbers: `inside`, the share of values in their intervals, and their width; of classes: `truth`, the codes, `before`
        and `after`, the probabilities of each row, and whether the model is calibrated.
    """
    import foldwise
    from foldwise.bundle.bundle import load_bundle

    task = ("data.task=regression",) if table.is_number else ()
    develop, rows = frame.iloc[outer.train].reset_index(drop=True), frame.iloc[outer.test]
    with tempfile.TemporaryDirectory() as runs, contextlib.redirect_stdout(io.StringIO()):
        asked = (*STUDY, *task, f"seed={seed}", f"paths.runs={runs}", f"answers.coverage={COVERAGE}")
        found = foldwise.tune(*asked, frame=develop, target=table.target)
        bundle = load_bundle(found.folder / "bundle")
    told: Record = {"rows": len(rows), "seconds": found.found.seconds["total"]}
    given = rows.drop(columns=table.target)
    if table.is_number:
        answers, truth = bundle.predict(given), rows[table.target].to_numpy(dtype=np.float64)
        inside = (answers["low"] <= truth) & (truth <= answers["high"])
        return {**told, "inside": float(inside.mean()), "width": float((answers["high"] - answers["low"]).mean())}
    plain = replace(bundle, card=replace(bundle.card, calibration=None))
    codes = pd.Index(bundle.card.labels).get_indexer(pd.Index(rows[table.target].astype(str)))
    assert (codes >= 0).all()
    return {
        **told,
        "truth": codes.tolist(),
        "before": plain.scores(given).tolist(),
        "after": bundle.scores(given).tolist(),
        "calibrated": bundle.card.calibration is not None,
    }


def show(tables: Mapping[str, Sequence[Record]]) -> None:
    """Print, and write the result."""
    rows: list[list[str]] = []
    figures: dict[str, Any] = {}
    for name, records in tables.items():
        if records and name in NUMBERS:
            figures[name] = coverage_of(records)
            each = ", ".join(f"{share:.1%}" for share in figures[name]["splits"])
            rows.append(
                [f"{name} ({len(records)})", f"{figures[name]['mean']:.1%}", each, str(figures[name]["off"]), "", "", ""]
            )
        elif records:
            figures[name] = found = calibration_of(records)
            loss, gap = (f"{found['before'][what]:.4f} → {found['after'][what]:.4f}" for what in ("log_loss", "error"))
            rows.append([f"{name} ({len(records)})", "", "", "", f"{found['calibrated']} of {len(records)}", loss, gap])
    numbers = [figures[name] for name in NUMBERS if name in figures]
    classes = [figures[name] for name in CLASSES if name in figures]
    said = []
    if numbers:
        mean, off = np.mean([one["mean"] for one in numbers]), sum(one["off"] for one in numbers)
        splits = sum(len(one["splits"]) for one in numbers)
        said.append(f"intervals of {COVERAGE:.0%} hold {mean:.1%} of untouched rows")
        said.append(f"{off} of {splits} splits are off by more than {FAR} standard errors")
    if classes:
        before, after = (float(np.mean([one[which]["error"] for one in classes])) for which in ("before", "after"))
        said.append(f"calibration error, mean of {len(classes)} tables: {before:.4f} before, {after:.4f} after")
    columns = ("table (splits)", "in the interval", "each split", "off", "calibrated", "log loss", "calibration error")
    report("intervals", columns, rows, "; ".join(said), figures)


def coverage_of(records: Sequence[Record]) -> Record:
    """The shares in the intervals, their mean, and how many are too far from what was asked for."""
    shares = [one["inside"] for one in records]
    far = [FAR * math.sqrt(COVERAGE * (1 - COVERAGE) / one["rows"]) for one in records]
    off = sum(abs(share - COVERAGE) > most for share, most in zip(shares, far, strict=True))
    return {
        "splits": shares,
        "mean": float(np.mean(shares)),
        "off": off,
        "width": float(np.mean([r["width"] for r in records])),
    }


def calibration_of(records: Sequence[Record]) -> Record:
    """Log loss and calibration error before and after, over the rows of all splits."""
    from foldwise.evaluation.calibration import expected_error
    from foldwise.evaluation.metrics import log_losses

    truth = np.concatenate([one["truth"] for one in records])
    found: Record = {"calibrated": sum(one["calibrated"] for one in records)}
    for which in ("before", "after"):
        probabilities = np.concatenate([one[which] for one in records])
        loss = float(log_losses(truth, probabilities).mean())
        found[which] = {"log_loss": loss, "error": expected_error(truth, probabilities)}
    return found


if __name__ == "__main__":
    main()
