"""Time and the order of rows: later rows must not teach about earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.predictability import alone
from foldwise.data.audit.subject import ALL_FOLDS, FEW_ROWS, MANY_FOLDS, Floats, Subject, ticks
from foldwise.data.audit.target import EACH
from foldwise.data.cells import moment_in
from foldwise.data.option import column_list
from foldwise.spec.data import ROW
from foldwise.system.command import shell_word

LIKE_ITS_TIME = 0.5  # skill of rows of about the same time; above it, folds that mix times leak
SORTED = 0.75  # skill of neighbours in the source, if it is sorted by the target
STEADY = 0.99  # rank correlation with the position in the source of a column that counts rows, or of a sorted target


def time(subject: Subject) -> Iterator[Finding]:
    """Folds that mix old and new rows of a table with a time."""
    table = subject.table
    if table.times is not None:
        if any(table.times[split.train].max() >= table.times[split.valid].min() for split in subject.splits):
            advice = "use folds.kind=forward, where folds train on earlier rows"
            yield _mixed(subject, (), "folds mix old and new rows although data.time is set", ticks(table.times), advice)
        return
    for column, times in _dates(subject).items():
        advice = f"if order matters, set {_as_time(column)}"
        yield _mixed(subject, (column,), "is a date, and folds mix old and new rows", times, advice)


def order(subject: Subject) -> Iterator[Finding]:
    """A source sorted by the target, or in an order in which neighbours are alike, as rows in the order of time are."""
    table = subject.table
    if len(subject.rows) < FEW_ROWS or table.times is not None:
        return
    place = table.rows.astype(np.float64)
    alike = _alike(subject, place)
    is_sorted = alike >= SORTED and _sorted_by_target(subject)
    counters = _counters(subject, place)
    dated = any(_follows(times[subject.rows], place[subject.rows]) for times in _dates(subject).values())
    if not dated and is_sorted:
        message = f"the rows of the source are sorted by {table.target_name}"
        advice = "no action needed: folds and batches are shuffled; keep columns that count rows out of the features"
        if not subject.outputs:
            advice += f"; but if rows are in the order of time, set {_row_as_time(subject, counters)}"
        yield Finding("note", "order", (), message, advice)
    for column in counters if is_sorted else ():
        message = f"counts rows that are sorted by {table.target_name}, so it leaks the target"
        yield Finding("warn", "order", (column,), f"left out: {message}", "keep it out")
    follows = False
    for column in table.schema.of_kind("number"):
        if _counts(table.frame[column].to_numpy(np.float64)[subject.rows], place[subject.rows]):
            skill = alone(subject.values(column), subject.answers, subject.outputs, subject.folds).skill
            if skill >= LIKE_ITS_TIME:
                follows = True
                message = f"follows the order of the rows, and nearby rows are {skill:.0%} alike in {table.target_name}"
                advice = f"if it is a time, set {_as_time(column)}; if it only counts, {column_list('data.drop', [column])}"
                yield Finding("leak" if skill >= SORTED else "warn", "order", (column,), message, advice)
    if alike >= LIKE_ITS_TIME and not (is_sorted or dated or follows) and table.groups is None:
        message = f"the rows of the source are in an order in which neighbours are {alike:.0%} alike in {table.target_name}, so"
        message += " shuffled folds may score better than new rows will"
        advice = f"if rows are in the order of time, set {_row_as_time(subject, counters)}; if neighbours belong together, name"
        yield Finding("warn", "order", (), message, f"{advice} the column that groups them as data.group")


def _as_time(column: str) -> str:
    """The options that order the rows by a column."""
    return f"folds=forward data.holdout.kind=time {shell_word('data.time', column)}"


def _dates(subject: Subject) -> dict[str, Floats]:
    """The columns of dates, features or left out, as sortable numbers, (rows of table,)."""
    table = subject.table
    typed = {column: table.frame[column].to_numpy() for column in table.schema.of_kind("date")}
    left_out = [column for column, reason in table.left_out.items() if reason == "date"]
    texts = {column: [moment_in(cell) for cell in table.raw[column].astype(object)] for column in left_out}
    return {column: ticks(np.array(cells, dtype="datetime64[us]")) for column, cells in {**typed, **texts}.items()}


def _alike(subject: Subject, place: Floats) -> float:
    """How well training rows nearby in the source predict a validation row; for many rows on two folds, but all their rows."""
    few = subject.splits if len(subject.rows) <= ALL_FOLDS else subject.splits[-MANY_FOLDS:]
    found = alone(place, subject.answers, subject.outputs, few)
    return found.skill if found.guess >= EACH or not subject.outputs else 0.0


def _sorted_by_target(subject: Subject) -> bool:
    """Whether the target, or the classes in the order of their mean position, rise or fall with the position of the rows."""
    answers: Floats = subject.answers[subject.rows].astype(np.float64)
    place = np.arange(len(answers), dtype=np.float64)
    if subject.outputs:
        _, at = np.unique(answers, return_inverse=True)
        answers = (np.bincount(at, place) / np.bincount(at))[at]
    return abs(_rank_correlation(answers, place)) >= STEADY * _rank_correlation(np.sort(answers), place) > 0


def _counters(subject: Subject, place: Floats) -> list[str]:
    """Columns that were left out because they count the rows."""
    table = subject.table
    identifiers = [column for column, reason in table.left_out.items() if reason.startswith("identifier")]
    return [column for column in identifiers if _counts(_numbers(table.raw[column]), place)]


def _row_as_time(subject: Subject, counters: list[str]) -> str:
    """The options that take the rows in the order of the source."""
    if counters:
        return _as_time(counters[0])
    if ROW in (*subject.table.raw.columns, subject.table.target_name):
        return "folds=forward data.holdout.kind=time and a column that counts the rows as data.time"
    return f"{_as_time(ROW)} (the row number)"


def _mixed(subject: Subject, columns: tuple[str, ...], message: str, times: Floats, advice: str) -> Finding:
    skill = alone(times, subject.answers, subject.outputs, subject.folds).skill if len(subject.rows) >= FEW_ROWS else 0.0
    if skill < LIKE_ITS_TIME:
        return Finding("warn", "time", columns, message, advice)
    alike = f"; rows of about the same time are {skill:.0%} alike in {subject.table.target_name}"
    return Finding("leak", "time", columns, message + alike, advice)


def _numbers(cells: pd.Series[Any]) -> Floats:
    numbers: Floats = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
    return numbers


def _counts(values: Floats, place: Floats) -> bool:
    """Whether values are nearly all distinct and rise or fall with the position in the source."""
    return len(np.unique(values)) >= 0.9 * len(values) and _follows(values, place)


def _follows(values: Floats, place: Floats) -> bool:
    """Whether values rise or fall with the position in the source."""
    return bool(np.isfinite(values).all()) and abs(_rank_correlation(values, place)) >= STEADY


def _rank_correlation(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Spearman's, 0 if one is constant."""
    if (one == one[0]).all():
        return 0.0
    return float(pd.Series(one).rank().corr(pd.Series(other).rank()))
