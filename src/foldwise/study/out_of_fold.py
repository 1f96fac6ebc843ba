"""The out-of-fold predictions of a study: a file for each complete trial, of the best alone where they would be too many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.study.plan import Plan
from foldwise.system.files import atomically
from foldwise.tasks.table import task_of
from foldwise.trial.result import TrialResult

FOLDER = "out_of_fold"
BEST = "oof.parquet"
Predictions = npt.NDArray[np.float64]


def keep(plan: Plan, result: TrialResult, finished: Sequence[TrialResult]) -> None:
    """Write a trial's predictions for its validation rows; the worst that are there go if all together are too large.

    Args:
        plan: the study, with the bound in `certify.keep_mb`.
        result: a trial that has just been trained.
        finished: the trials before it.

    Raises:
        DiskFull: there is no room.
    """
    if result.answers is None or not _wanted(plan):
        return
    answers = np.asarray(result.answers, dtype=np.float32)
    most = max(1, int(plan.spec.fixed.certify.keep_mb * 2**20 / max(1, answers.nbytes)))
    folder = plan.folder / FOLDER
    if len(finished) < most:  # nothing has to go, so nothing is looked at: there may be thousands
        _write(folder / f"{result.number}.npy", answers)
        return
    there = {int(path.stem): path for path in folder.glob("*.npy") if path.stem.isdigit()}
    means = {one.number: one.mean for one in finished if one.number in there} | {result.number: result.mean}
    ranked = plan.goal.rank(sorted(means), lambda number: means[number])
    defaults = {0} if plan.spec.fixed.select.rule == "fresh" else set()  # trained first, and perhaps refitted
    kept = {*ranked[:most]} | defaults
    if result.number in kept:
        _write(folder / f"{result.number}.npy", answers)
    for number in {*there} - kept:
        there[number].unlink(missing_ok=True)


def load(plan: Plan, numbers: Iterable[int]) -> dict[int, Predictions]:
    """The predictions of those trials whose files are there and whole: number -> (rows, classes) or (rows,).

    The rows are the validation rows of all folds, one fold after the other: see `rows_of`.
    """
    rows = sum(len(split.valid) for split in plan.splits)
    shape = None if plan.table.classes else (rows, len(plan.table.labels)) if plan.table.labels else (rows,)
    found = {}
    for number in numbers:
        answers = _read(plan.folder / FOLDER / f"{number}.npy")
        fits = answers is not None and (answers.shape == shape if shape else len(answers) == rows)
        if answers is not None and fits and np.isfinite(answers).all():
            found[number] = answers.astype(np.float64)
    return found


def rows_of(plan: Plan) -> npt.NDArray[np.int64]:
    """The positions in the table of the rows that are predicted, in the order of the predictions."""
    return np.concatenate([split.valid for split in plan.splits])


def folds_of(plan: Plan) -> npt.NDArray[np.int64]:
    """The fold that predicts each of these rows."""
    return np.repeat(np.arange(len(plan.splits)), [len(split.valid) for split in plan.splits])


def write_best(plan: Plan, answers: Predictions) -> None:
    """Write `oof.parquet`: `row` (zero-based, in the source), `fold`, `truth`, and `p_<label>` or `prediction`.

    Of pictures with masks or boxes it has the goal's metric of each picture instead; of several numbers a truth and a
    prediction of each.
    """
    at, table = rows_of(plan), plan.table
    if table.classes:
        found = task_of(table.task).of_rows(answers, table.classes, plan.goal.metric)
        frame = pd.DataFrame({"row": table.rows[at], "fold": folds_of(plan), **found})
        atomically(plan.folder / BEST, lambda part: frame.to_parquet(part, index=False))
        return
    truth = [table.labels[code] for code in table.target[at]] if table.labels else table.target[at]
    columns: dict[str, Any] = {"row": table.rows[at], "fold": folds_of(plan), "truth": truth}
    if table.labels:
        columns |= {f"p_{label}": answers[:, code] for code, label in enumerate(table.labels)}
    else:
        columns["prediction"] = answers
    atomically(plan.folder / BEST, lambda part: pd.DataFrame(columns).to_parquet(part, index=False))


def _wanted(plan: Plan) -> bool:
    """Whether anything will ask for predictions: the certificate, or the rules of answers."""
    fixed = plan.spec.fixed
    of_answers = fixed.answers.calibrate is not False if plan.table.labels else fixed.answers.coverage is not None
    return not plan.same_rows and (fixed.certify.kind != "none" or of_answers)


def _write(path: Path, answers: npt.NDArray[np.float32]) -> None:
    """Write a file, but do not wait for the disk: one that is lost with the power is left out later."""

    def save(part: Path) -> None:
        with part.open("wb") as file:
            np.save(file, answers, allow_pickle=False)

    atomically(path, save, synced=False)


def _read(path: Path) -> npt.NDArray[Any] | None:
    try:
        answers: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # it is not there, or it was cut off
        return None
    return answers
