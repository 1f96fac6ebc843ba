"""How large a difference must be for a holdout to show it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.metrics import counts_labels

# Fewer rows that all speak for one side happen by chance in more than 1 of 20 cases (sign test, two-sided).
FEWEST_ROWS = 6
# A difference of this many standard errors is outside of a two-sided 95 % interval in 4 of 5 studies: 1.960 + 0.842.
ERRORS = 2.802
# If this many rows are expected to speak for one side, there are FEWEST_ROWS in 4 of 5 studies (Poisson).
EXPECTED_ROWS = 7.906


@dataclass(frozen=True)
class Telling:
    """The rows that tell two answers apart.

    rows: how many only one of the two answers right. of: how many there could be.
    """

    rows: int
    of: int


def telling(
    metric: str, truth: npt.NDArray[Any], right: npt.NDArray[np.bool_], theirs: npt.NDArray[np.bool_]
) -> Telling | None:
    """Count the rows that tell two answers apart; None for a metric that counts no labels.

    Args:
        metric: the goal's.
        truth: (rows,), label codes.
        right: (rows,), whether the model's labels are right.
        theirs: (rows,), whether the baseline's are.
    """
    if not counts_labels(metric):
        return None
    counts, of = np.unique(truth, return_counts=True)[1], len(truth)
    if metric != "accuracy" and len(counts) == 2:  # a row of the rare class counts more
        of = int(counts.min()) * (2 if metric == "balanced_accuracy" else 1)
    return Telling(int((right != theirs).sum()), of)


def smallest_seen(error: float, rows: Telling | None) -> float:
    """The difference that 4 of 5 such studies would show; nan if none of a sensible size would.

    A bootstrap of few telling rows has too small an error, and of none, none at all: there the expected number of them decides.

    Args:
        error: standard error of the difference, by the bootstrap.
        rows: those that tell the two apart, for a metric that counts labels.
    """
    if rows is None:
        return ERRORS * error if error > 0 else math.nan
    least = max(ERRORS * error, EXPECTED_ROWS / max(rows.of, 1))
    return least if least < 1 else math.nan
