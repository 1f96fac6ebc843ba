"""Time and the order of rows: later rows must not teach about earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.predictability import alone
from foldwise.data.audit.subject import FEW_ROWS, Subject, ticks
from foldwise.data.cells import moment_in

LIKE_ITS_TIME = 0.5  # skill of rows of about the same time; above it, folds that mix times leak
SORTED = 0.75  # skill of neighbours in the source; mammography has 0.8, california-housing 0.7
STEADY = 0.99  # correlation of a column that counts rows with the position in the source


def time(subject: Subject) -> Iterator[Finding]:
    """Folds that mix old and new rows of a table with a time."""
    table = subject.table
    if table.times is not None:
        if any(table.times[split.train].max() >= table.times[split.valid].min() for split in subject.splits):
            advice = "use folds.kind=forward, where folds train on earlier rows"
            yield _mixed(subject, (), "folds mix old and new rows although data.time is set", table.times, advice)
        return
    left_out = [column for column, reason in table.left_out.items() if reason == "date"]
    for column in (*table.schema.of_kind("date"), *left_out):
        typed = column not in left_out
        cells = table.frame[column].to_numpy() if typed else [moment_in(cell) for cell in table.raw[column].astype(object)]
        times = np.array(cells, dtype="datetime64[us]")
        advice = f"if order matters, set data.time={column} (folds.kind=forward)"
        yield _mixed(subject, (column,), "is a date, and folds mix old and new rows", times, advice)


def order(subject: Subject) -> Iterator[Finding]:
    """A source sorted by the target, and columns that count its rows."""
    table = subject.table
    if len(subject.rows) < FEW_ROWS or table.times is not None:
        return
    place = table.rows.astype(np.float64)
    sorted_by_target = alone(place, subject.answers, subject.outputs, subject.folds).skill >= SORTED
    if sorted_by_target:
        message = f"the rows of the source are sorted by {table.target_name}"
        advice = "no action needed: folds and batches are shuffled; keep columns that count rows out of the features"
        yield Finding("note", "order", (), message, advice)
    for column, reason in table.left_out.items():
        if sorted_by_target and reason.startswith("identifier") and _counts(_numbers(table.raw[column]), place):
            message = f"counts rows that are sorted by {table.target_name}, so it leaks the target"
            yield Finding("warn", "order", (column,), f"left out: {message}", "keep it out")
    for column in table.schema.of_kind("number"):
        if _counts(table.frame[column].to_numpy(np.float64)[subject.rows], place[subject.rows]):
            skill = alone(subject.values(column), subject.answers, subject.outputs, subject.folds).skill
            if skill >= LIKE_ITS_TIME:
                message = f"follows the order of the rows, and nearby rows are {skill:.0%} alike in {table.target_name}"
                advice = f"if it is a time, data.time={column} (folds.kind=forward); if it only counts, data.drop=[{column}]"
                yield Finding("leak" if skill >= SORTED else "warn", "order", (column,), message, advice)


def _mixed(subject: Subject, columns: tuple[str, ...], message: str, times: npt.NDArray[Any], advice: str) -> Finding:
    skill = alone(ticks(times), subject.answers, subject.outputs, subject.folds).skill if len(subject.rows) >= FEW_ROWS else 0.0
    if skill < LIKE_ITS_TIME:
        return Finding("warn", "time", columns, message, advice)
    alike = f"; rows of about the same time are {skill:.0%} alike in {subject.table.target_name}"
    return Finding("leak", "time", columns, message + alike, advice)


def _numbers(cells: pd.Series[Any]) -> npt.NDArray[np.float64]:
    numbers: npt.NDArray[np.float64] = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
    return numbers


def _counts(values: npt.NDArray[np.float64], place: npt.NDArray[np.float64]) -> bool:
    """Whether values are nearly all distinct and rise or fall with the position in the source."""
    if not np.isfinite(values).all() or len(np.unique(values)) < 0.9 * len(values):
        return False
    return abs(float(pd.Series(values).rank().corr(pd.Series(place).rank()))) >= STEADY
