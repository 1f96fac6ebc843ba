"""Columns that are means of the target, so that each row contains a part of its own target."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.subject import FEW_ROWS, Floats, Subject

FEWEST, MOST_SHARE = 3, 0.5  # the distinct values of such a column: at least, and at most as a share of the rows
SIGNAL = 4.0  # its values differ from the overall mean by at least twice the sampling noise
BY_CHANCE = 1e-6
MANY = 1000  # rows that show whether a column holds whole numbers

ADVICE = "drop it with data.drop=[{columns}] and add the category itself, which each fold encodes"


def encodes_target(subject: Subject) -> Iterator[Finding]:
    """A number whose values agree with the mean target of their rows more closely than sampling noise allows.

    For K values v with n rows each, sum n (mean(y | v) - v)^2 / var(y | v) follows chi-square with K degrees of freedom if v is
    the true mean of an honest feature; a sum far in the lower tail means that v was computed from these rows. All rows of the
    source count, because the means were computed before the holdout was set aside.
    """
    table = subject.table
    if len(subject.rows) < FEW_ROWS:
        return
    for column in table.schema.of_kind("number"):
        values = table.frame[column].to_numpy(np.float64)
        first = values[:MANY]
        if (first == np.round(first)).mean() > 0.5:
            continue  # means are rarely whole
        levels, at, counts = np.unique(values, return_inverse=True, return_counts=True, equal_nan=True)
        if not FEWEST <= len(levels) <= MOST_SHARE * len(values):
            continue
        for target, name in _targets(subject):
            if _are_means(levels, np.bincount(at, target) / counts, counts, target):
                message = f"is the mean of {name} over the rows that share its value, so each row contains its own target"
                yield Finding("leak", "encoding", (column,), message, ADVICE)
                break


def _targets(subject: Subject) -> Iterator[tuple[Floats, str]]:
    """The targets that may have been averaged: the number, or one class against the others."""
    table = subject.table
    if not table.labels:
        yield table.target, table.target_name
        return
    for code in range(len(table.labels) - 1, 0 if len(table.labels) == 2 else -1, -1):
        yield (table.target == code).astype(np.float64), f"{table.target_name}={table.labels[code]}"


def _are_means(levels: Floats, means: Floats, counts: npt.NDArray[np.int64], target: Floats) -> bool:
    """Whether values (levels,) are the means of the target (rows,) at those levels, up to rounding."""
    if np.nanmin(levels) < target.min() or np.nanmax(levels) > target.max():
        return False  # a mean is between the smallest and the largest target
    known = ~np.isnan(levels)
    levels, means, counts = levels[known], means[known], counts[known]
    between = float((counts * (means - target.mean()) ** 2).sum())
    noise = (float(((target - target.mean()) ** 2).sum()) - between) / (len(target) - len(levels))
    if noise <= 0:
        return False  # another check finds a column that predicts the target without error
    misfit = float((counts * (means - levels) ** 2).sum()) / noise
    signal = float((counts * (levels - target.mean()) ** 2).sum()) / noise
    return signal >= SIGNAL * len(levels) and _lower_tail(misfit, len(levels)) < BY_CHANCE


def _lower_tail(value: float, degrees: int) -> float:
    """Chernoff's bound on the probability of a chi-square of at most `value`: (a e^(1 - a))^(K / 2), a = value / K < 1."""
    share = value / degrees
    return 1.0 if share >= 1 else float((share * np.exp(1 - share)) ** (degrees / 2))
