"""Columns that were computed as means of the target: each row then carries a part of its own answer and of its neighbours'."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.subject import FEW_ROWS, Floats, Subject

FEWEST, MOST_SHARE = 3, 0.5  # values that such a column has at least, and as a share of the rows at most
SIGNAL = 4.0  # its values differ from the overall mean by twice the sampling noise at least
BY_CHANCE = 1e-6
MANY = 1000  # so many rows show whether a column is of whole numbers

ADVICE = "leave it out with data.drop=[{columns}] and give the category itself, which is encoded within each fold"


def encodes_target(subject: Subject) -> Iterator[Finding]:
    """A number whose values agree with the mean target of their rows more closely than sampling noise allows.

    For K values v with n rows each, sum n (mean(y | v) - v)^2 / var(y | v) follows chi-square with K degrees of freedom if v is
    the true mean of an honest feature; a value far in its lower tail was computed from these very rows. All rows of the
    source are counted, because the means were made before any row was set aside.
    """
    table = subject.table
    if len(subject.rows) < FEW_ROWS:
        return
    for column in table.schema.of_kind("number"):
        values = table.frame[column].to_numpy(np.float64)
        first = values[:MANY]
        if (first == np.round(first)).mean() > 0.5:
            continue  # means are seldom whole
        levels, at, counts = np.unique(values, return_inverse=True, return_counts=True, equal_nan=True)
        if not FEWEST <= len(levels) <= MOST_SHARE * len(values):
            continue
        for target, name in _targets(subject):
            if _are_means(levels, np.bincount(at, target) / counts, counts, target):
                message = f"is the mean of {name} over the rows that share its value, so each row carries its own answer"
                yield Finding("leak", "encoding", (column,), message, ADVICE)
                break


def _targets(subject: Subject) -> Iterator[tuple[Floats, str]]:
    """What may have been averaged: the number, or a class against the others."""
    table = subject.table
    if not table.labels:
        yield table.target, table.target_name
        return
    for code in range(len(table.labels) - 1, 0 if len(table.labels) == 2 else -1, -1):
        yield (table.target == code).astype(np.float64), f"{table.target_name}={table.labels[code]}"


def _are_means(levels: Floats, means: Floats, counts: npt.NDArray[np.int64], target: Floats) -> bool:
    """Whether values (levels,) are the means of the target (rows,) at those levels, up to rounding."""
    if np.nanmin(levels) < target.min() or np.nanmax(levels) > target.max():
        return False  # a mean lies between the smallest and the largest
    known = ~np.isnan(levels)
    levels, means, counts = levels[known], means[known], counts[known]
    between = float((counts * (means - target.mean()) ** 2).sum())
    noise = (float(((target - target.mean()) ** 2).sum()) - between) / (len(target) - len(levels))
    if noise <= 0:
        return False  # a column that tells the target without error is found as such
    misfit = float((counts * (means - levels) ** 2).sum()) / noise
    signal = float((counts * (levels - target.mean()) ** 2).sum()) / noise
    return signal >= SIGNAL * len(levels) and _lower_tail(misfit, len(levels)) < BY_CHANCE


def _lower_tail(value: float, degrees: int) -> float:
    """Chernoff's bound on the probability of a chi-square of at most `value`: (a e^(1 - a))^(K / 2), a = value / K < 1."""
    share = value / degrees
    return 1.0 if share >= 1 else float((share * np.exp(1 - share)) ** (degrees / 2))
