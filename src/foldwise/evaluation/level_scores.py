"""Scores of parts of the rows: of each class, and of each level of each category."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from foldwise.data.table import Table
from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.under_weights import under_weights
from foldwise.models.heads import label_codes
from foldwise.spec.goal import Goal

Array = npt.NDArray[Any]

FEWEST = 20  # rows of a level
MOST_LEVELS = 30  # of a category, the most frequent
DRAWS, FEWEST_DRAWS, DRAWN_CELLS = 400, 100, 20_000_000
CERTAIN = 1.96
MISSING = "(missing)"


@dataclass(frozen=True)
class LevelScore:
    """The score of the rows of a level, with its 95 % interval.

    kind: `class`, or `level` of a category. column, level: of a class, the target and the label.
    metric: of a class its recall, of a level the goal's metric.
    rows: different ones; a row that several repeats of the folds predict counts once.
    """

    kind: Literal["class", "level"]
    column: str
    level: str
    rows: int
    metric: str
    score: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Predicted:
    """Out-of-fold predictions.

    at: positions in the table, (rows,). answers: (rows, classes) or (rows,).
    thresholds: of two labels, that of each row, (rows,).
    """

    at: Array
    answers: Array
    thresholds: Array


def level_scores(
    table: Table, found: Predicted, goal: Goal, seed: int, between: Callable[[], None] = lambda: None
) -> list[LevelScore]:
    """The classes, then the categories in the order of the table, their levels by their number of rows.

    Args:
        table: the data.
        found: predictions for rows that the network did not train on.
        goal: the metric.
        seed: of the draws behind the intervals.
        between: is called before each part; an exception from it ends the work.
    """
    truth = table.target[found.at]
    units = found.at if table.groups is None else np.unique(table.groups, return_inverse=True)[1][found.at]
    scores = []
    right = label_codes(found.answers, found.thresholds) == truth if table.labels else None
    for code, label in enumerate(table.labels):
        between()
        rows = np.flatnonzero(truth == code)
        if len(rows) and right is not None:
            share = float(right[rows].mean())
            count = len(np.unique(found.at[rows]))
            interval = wilson(share, len(np.unique(units[rows])))
            scores.append(LevelScore("class", table.target_name, label, count, "recall", share, *interval))
    for column, level, rows in _levels(table, found.at):
        between()
        own = Predicted(found.at[rows], found.answers[rows], found.thresholds[rows])
        score = scorer(table.task, len(table.labels), goal.metric, own.thresholds)(truth[rows], own.answers)
        if math.isfinite(score):
            interval = _interval(table, goal.metric, truth[rows], own, units[rows], score, seed)
            scores.append(LevelScore("level", column, level, len(np.unique(own.at)), goal.metric, score, *interval))
    return scores


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of `count` cases, by Wilson 1927."""
    square = CERTAIN**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = CERTAIN / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _levels(table: Table, at: Array) -> Iterator[tuple[str, str, Array]]:
    """Column, level and places among the predicted rows, of the levels with enough rows."""
    for column in table.schema.of_kind("category"):
        cells = np.array([MISSING if cell is None else cell for cell in table.frame[column].to_numpy()[at]], dtype=object)
        levels, codes = np.unique(cells.astype(str), return_inverse=True)
        counts = [len(np.unique(at[codes == code])) for code in range(len(levels))]
        enough = [code for code in np.argsort([-count for count in counts], kind="stable") if counts[code] >= FEWEST]
        for code in enough[:MOST_LEVELS]:
            yield column, str(levels[code]), np.flatnonzero(codes == code)


def _interval(
    table: Table, metric: str, truth: Array, own: Predicted, units: Array, score: float, seed: int
) -> tuple[float, float]:
    """By Wilson for accuracy, where all may be right; else the middle of a bootstrap of rows, or of their groups."""
    each = np.unique(units, return_inverse=True)[1]
    count = int(each.max()) + 1
    if metric == "accuracy":
        return wilson(score, count)
    draws = int(min(DRAWS, max(FEWEST_DRAWS, DRAWN_CELLS // len(truth))))
    stream = np.random.default_rng(seed)
    under = under_weights(table.task, len(table.labels), metric, truth, [own.answers], [own.thresholds])
    scores: list[Array] = []
    at_once = max(1, DRAWN_CELLS // 10 // len(truth))
    for start in range(0, draws, at_once):
        some = min(at_once, draws - start)
        weights = np.stack([np.bincount(stream.integers(0, count, count), minlength=count) for _ in range(some)])
        scores.append(under(weights[:, each].astype(np.float64))[:, 0])
    found = np.concatenate(scores)
    found = found[np.isfinite(found)]
    low, high = np.percentile(found, [2.5, 97.5]) if len(found) else (math.nan, math.nan)
    return float(low), float(high)
