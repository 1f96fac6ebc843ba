"""Columns that leak the target: a copy of it, a value derived from it, or something known only afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.predictability import Predicted, alone, feature_matrix, together
from foldwise.data.audit.subject import FEW_ROWS, Floats, Subject

LEAK_SKILL, HIGH_SKILL = 0.97, 0.9  # skill of a suspicious column; petal width on Iris has 0.94
HIGH_FOR_NUMBERS = 0.85  # a copy of a number with noise of 0.3 of its deviation has 0.88 to 0.92
EACH = 8  # a level needs this many rows to count
MORE_ERRORS = 6  # that one of two sides alone gets 6 rows wrong is chance in 1 of 32
MOST_COLUMNS = 100  # of a wide table, only the most predictive columns are compared with
BUCKETS = 20

ADVICE = "if it is known only when the target is, data.drop=[{columns}]; if it groups rows, data.group"


def predicts_target(subject: Subject) -> Iterator[Finding]:
    """A feature that predicts the target nearly without error, if all other columns together cannot.

    A strong honest feature is reflected in other columns. So a column is a leak only if the other columns, without suspects,
    make twice as many errors; if they do as well, the problem is easy.
    """
    table = subject.table
    if len(subject.rows) < FEW_ROWS:
        return
    scores = {
        column: alone(subject.values(column), subject.answers, subject.outputs, subject.folds) for column in subject.columns
    }
    scores = {column: found for column, found in scores.items() if found.guess >= EACH or not subject.outputs}
    suspects = [column for column, found in scores.items() if found.skill >= LEAK_SKILL]
    easy = len(suspects) > max(2, len(subject.columns) / 2)
    for column, found in scores.items():
        if found.skill < (HIGH_SKILL if subject.outputs else HIGH_FOR_NUMBERS):
            continue
        others = _most_predictive(scores, {column, *suspects})
        rest = together(feature_matrix(table.frame[others]), subject.answers, subject.outputs, subject.folds)
        if not fewer_errors(found, rest, subject.outputs):
            continue
        level, check = ("warn", "target") if easy or found.skill < LEAK_SKILL else ("leak", "target")
        what = "errors" if subject.outputs else "squared errors of ranks"
        message = f"alone predicts {table.target_name}: {found.skill:.1%} fewer {what} than the baseline in the folds"
        message += f", all other columns together {max(rest.skill, 0):.1%} fewer" if others else ""
        yield Finding(level, check, (column,), message, ADVICE)  # type: ignore[arg-type]


def follows_classes(subject: Subject) -> Iterator[Finding]:
    """A feature of few values, or a pattern of gaps, that the class determines and other columns do not predict."""
    if not subject.outputs or len(subject.rows) < FEW_ROWS:
        return
    answers = subject.table.target[subject.rows]
    for column, what, values in _few_valued(subject, most=subject.outputs):
        levels, at = np.unique(values[subject.rows], return_inverse=True)
        counts = np.zeros((subject.outputs, len(levels)))
        np.add.at(counts, (answers, at), 1)
        wrong = int(len(answers) - counts.max(axis=1).sum())
        named = np.unique(counts.argmax(axis=1))
        if wrong > (1 - LEAK_SKILL) / 2 * len(answers) or len(named) < 2 or counts.sum(axis=0)[named].min() < EACH:
            continue
        copy = len(levels) == subject.outputs == len(named)
        if not copy and not _beyond_others(subject, column, values, wrong / len(answers)):
            continue
        rows = "in every row" if not wrong else f"in all but {wrong} of {len(answers)} rows"
        words = "holds the target in other words" if copy else f"{what} follows from the class"
        yield Finding("leak", "target", (column,), f"{words} {rows}", ADVICE)


def cuts_numbers(subject: Subject) -> Iterator[Finding]:
    """A feature whose few values, or whose gaps, cut the target into adjacent ranges that hardly overlap."""
    if subject.outputs or len(subject.rows) < FEW_ROWS:
        return
    target = subject.table.target[subject.rows]
    for column, what, values in _few_valued(subject, most=BUCKETS):
        levels, at = np.unique(values[subject.rows], return_inverse=True)
        parts = sorted((np.sort(target[at == level]) for level in range(len(levels))), key=np.median)
        if len(parts) >= 2 and all(_next_to(low, high) for low, high in pairwise(parts)):
            message = f"{what} cuts {subject.table.target_name} into {len(parts)} ranges that do not overlap"
            yield Finding("leak", "target", (column,), message, ADVICE)


def _few_valued(subject: Subject, most: int) -> Iterator[tuple[str, str, Floats]]:
    """Features with 2 to `most` values of enough rows each, else their gaps."""
    for column in subject.columns:
        values = subject.values(column)
        mine = values[subject.rows]
        if len(np.unique(mine[: 50 * EACH])) <= most:
            counts = np.unique(mine, return_counts=True)[1]
            if 2 <= len(counts) <= most and counts.min() >= EACH:
                yield column, "its value", values
                continue
        missing = np.isinf(values)
        if EACH <= missing[subject.rows].sum() <= len(mine) - EACH:
            yield column, "whether it is missing", missing.astype(np.float64)


def _beyond_others(subject: Subject, column: str, values: Floats, wrong: float) -> bool:
    """Whether the other columns fail to predict these values, so that only the target explains them."""
    others = [name for name in subject.columns if name != column][:MOST_COLUMNS]
    codes = np.unique(values, return_inverse=True)[1]
    outputs = int(codes.max()) + 1
    rest = together(feature_matrix(subject.table.frame[others]), codes, outputs, subject.folds)
    return fewer_errors(Predicted(wrong * rest.rows, rest.guess, rest.rows), rest, outputs)


def _most_predictive(scores: dict[str, Predicted], without: set[str]) -> list[str]:
    left = [column for column in scores if column not in without]
    return sorted(left, key=lambda column: -scores[column].skill)[:MOST_COLUMNS]


def fewer_errors(one: Predicted, rest: Predicted, outputs: int) -> bool:
    """Whether the others make at least twice as many errors, and for classes not by chance."""
    return rest.error >= max(2 * one.error, one.error + MORE_ERRORS if outputs else 0.0)


def _next_to(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> bool:
    """Whether two sorted samples are adjacent without overlap, as the two sides of a threshold are.

    The weights of mice and elephants do not overlap either, but there is a gap between them.
    """
    below = np.searchsorted(low, high, "right").mean() / len(low)  # P(low <= high)
    (low_5, low_95), (high_5, high_95) = np.quantile(low, [0.05, 0.95]), np.quantile(high, [0.05, 0.95])
    return bool(below >= 0.995 and high_5 - low_95 <= 0.25 * (low_95 - low_5 + high_95 - high_5))
