"""How good the answers are: foldwise against its former default, boosting, FLAML and the authors' networks.

Every contestant learns from the training rows of an outer split as a process of its own, and answers rows that it has not
seen. There are 10 splits below 2,000 rows, else 5; they go round by round over all tables, so a part of a run says
something about each. A result is a line of `answers.jsonl` in --folder, by default beside the published results, and a second
start, perhaps of another day, goes on where the first was stopped. A whole run takes hours.

foldwise is `foldwise tune` with `data.path` and `data.target` (and `data.task`, as numbers such as a quality from 3 to 8
look like classes), and answers by `foldwise predict`; its holdout is a part of the training rows. `former` is the same with
the default before tables had models of their own. HistGradientBoosting tuned by Optuna, and FLAML, have the processor
seconds that foldwise took, those of its children included, and tune log loss or rmse. RealMLP and TabM (pytabkit) are as
their authors ship them, and learn from 5,000 rows where there are more, as a cell says. They choose their epoch by errors,
not by log loss. pytabkit and FLAML can be in an environment of their own (--python).

A cell is the difference to foldwise, above 0 where foldwise is better, and half its 95 % interval over the splits.

    python -m benchmarks.answers                                         # all that is missing, for hours
    python -m benchmarks.answers --tables iris titanic --splits 3 --folder build/answers
    python -m benchmarks.answers --report                                # run nothing, show what is there
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.answer_log import Log, Record
from benchmarks.answer_report import show
from benchmarks.answer_rivals import TIMED
from benchmarks.answer_tables import TABLES, BenchmarkTable, Outer, outer_splits, write_task
from benchmarks.children import Spent, run
from benchmarks.contestants import BOOSTING, CONTESTANTS, KEYS, OURS
from benchmarks.measure import RESULTS
from benchmarks.paired import standard_errors

Array = npt.NDArray[Any]


def main() -> None:
    """Run what is missing, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    options.add_argument("--contestants", nargs="+", default=list(CONTESTANTS), choices=CONTESTANTS)
    options.add_argument("--splits", type=int, default=10, help="at most this many of a table's outer splits")
    options.add_argument("--folder", type=Path, default=RESULTS, help="holds the results, finished and to come")
    options.add_argument("--python", default=sys.executable, help="the interpreter that has pytabkit and FLAML")
    options.add_argument(
        "--limit", type=float, default=4 * 3600, help="seconds by the clock after which a contestant has failed"
    )
    options.add_argument("--again", action="store_true", help="run those again that failed")
    options.add_argument("--report", action="store_true", help="run none")
    asked = options.parse_args()
    log = Log(asked.folder)
    if not asked.report:
        contest(asked, log)
    show(log, asked.tables)


def contest(asked: argparse.Namespace, log: Log) -> None:
    """Run every contestant on every split that the log lacks, the first split of all tables first."""
    frames = {name: TABLES[name].frame() for name in asked.tables}
    cut = {name: outer_splits(frame, TABLES[name]) for name, frame in frames.items()}
    for split in range(asked.splits):
        for name in (name for name in asked.tables if split < len(cut[name])):
            missing = [who for who in CONTESTANTS if who in asked.contestants and not log.has(name, split, who, asked.again)]
            if not missing:
                continue
            with tempfile.TemporaryDirectory() as place:
                folder, outer = Path(place), cut[name][split]
                write_task(folder, name, TABLES[name], frames[name], outer)
                for who in missing:
                    known = log.known.get((name, split, OURS), {})
                    if who in TIMED and "processor" not in known:
                        print(f"{name} {split} {who}: waits for the seconds of {OURS}", file=sys.stderr)
                        continue
                    seconds = known.get("processor", 0.0) if who in TIMED else 0.0
                    found, losses = one(who, name, frames[name], outer, folder, split, seconds, asked)
                    if who == BOOSTING and losses is not None and log.has_losses(name, split, OURS):
                        found["ahead"] = standard_errors(losses, log.losses(name, split, OURS))
                    log.add({"table": name, "split": split, "contestant": who, **found}, losses)


def one(
    who: str, name: str, frame: Any, outer: Outer, folder: Path, split: int, seconds: float, asked: argparse.Namespace
) -> tuple[Record, Array | None]:
    """A contestant on one outer split: its scores and costs, and what it loses on each test row; or why it failed."""
    of, labels = TABLES[name], TABLES[name].labels(frame)
    targets = frame[of.target].iloc[outer.test]
    command = [asked.python, "-m", "benchmarks.answer_rivals", who, str(folder), str(split), str(seconds)]
    if who in KEYS:
        command = _tune(who, name, folder, of)
    spent = run(command, folder / f"{who}.log", asked.limit)
    try:
        if spent.code:
            raise RuntimeError(f"exit code {spent.code}: {_tail(folder / f'{who}.log')}")
        probabilities, answers, more = _ours(who, name, folder, labels, asked) if who in KEYS else _rivals(folder, labels)
        truth = targets.to_numpy(dtype=np.float64) if of.is_number else targets.astype(str).to_numpy()
        scores, losses = judged(of.metrics, labels, truth, probabilities, answers)
    except (RuntimeError, OSError, ValueError, KeyError) as fault:
        return {**_costs(spent), "error": f"{type(fault).__name__}: {fault}"}, None
    more["date"] = datetime.now(UTC).date().isoformat()
    return {**_costs(spent), "train": len(outer.train), "test": len(outer.test), "scores": scores, **more}, losses


def judged(
    metrics: Sequence[str], labels: Sequence[str], truth: Array, probabilities: Array | None, answers: Array
) -> tuple[dict[str, float], Array]:
    """Its metrics, and each row's loss: whether it is wrong, or the squared error.

    Args:
        metrics: what the table is judged by.
        labels: () for numbers.
        truth: labels or numbers, (rows,).
        probabilities: (rows, classes); None for numbers.
        answers: labels or numbers, (rows,).
    """
    from foldwise.evaluation.metrics import score

    if probabilities is None:
        errors = (answers - truth) ** 2
        return {"rmse": math.sqrt(errors.mean())}, errors
    codes = np.searchsorted(labels, truth)
    wrong = (answers != truth).astype(np.float64)
    found = score("binary" if len(labels) == 2 else "multiclass", len(labels), codes, probabilities)
    return {metric: {**found, "accuracy": 1 - float(wrong.mean())}[metric] for metric in metrics}, wrong


def _tune(who: str, name: str, folder: Path, of: BenchmarkTable) -> list[str]:
    words = ["data=csv", f"data.path={folder / f'{name}.csv'}", f"data.target={of.target}"]
    words += ["data.task=regression"] if of.is_number else []
    return _foldwise("tune", *words, *KEYS[who], f"paths.runs={folder / who}")


def _foldwise(*words: str) -> list[str]:
    return [sys.executable, "-m", "foldwise", *words]


def _ours(
    who: str, name: str, folder: Path, labels: Sequence[str], asked: argparse.Namespace
) -> tuple[Array | None, Array, Record]:
    """Probabilities, answers, and what the study says of itself."""
    import pandas as pd

    answers = folder / f"{who}.parquet"
    words = (f"model={name}@champion", f"input={folder / 'rows.csv'}", f"output={answers}", f"paths.runs={folder / who}")
    spent = run(_foldwise("predict", *words), folder / "predict.log", asked.limit)
    if spent.code:
        raise RuntimeError(f"predict has exit code {spent.code}: {_tail(folder / 'predict.log')}")
    frame = pd.read_parquet(answers)
    summary = json.loads(next((folder / who).glob("studies/*/summary.json")).read_text(encoding="utf-8"))
    told = {
        "metric": summary["goal"]["metric"],
        "answer": summary.get("answer"),
        "verdict": summary["verdict"],
        "best": summary["best"]["params"],
    }
    if not labels:
        return None, frame["prediction"].to_numpy(dtype=np.float64), told
    probabilities = frame[[f"p_{label}" for label in labels]].to_numpy(dtype=np.float64)
    return probabilities, frame["prediction"].astype(str).to_numpy(), told


def _rivals(folder: Path, labels: Sequence[str]) -> tuple[Array | None, Array, Record]:
    """Probabilities, answers, how many rows it learned from, and its libraries."""
    with np.load(folder / "answers.npz") as found:
        answers, told = found["answers"], {"learned": int(found["learned"]), "versions": json.loads(str(found["versions"]))}
    (folder / "answers.npz").unlink()
    return (answers, np.array(labels)[answers.argmax(axis=1)], told) if labels else (None, answers, told)


def _costs(spent: Spent) -> Record:
    return {"seconds": spent.seconds, "processor": spent.processor, "peak_mb": spent.peak_mb}


def _tail(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-3:])


if __name__ == "__main__":
    main()
