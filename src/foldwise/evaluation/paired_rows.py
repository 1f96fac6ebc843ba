"""Whether two models can be told apart by their losses on the same rows: a paired interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt
from scipy.stats import t

from foldwise.evaluation.row_losses import RowLoss, fix_loss
from foldwise.evaluation.seen import FEWEST_ROWS
from foldwise.models.heads import THRESHOLD

Array = npt.NDArray[Any]
ALPHA = 0.05

# What the losses of rows are in, by metric; those of the others are errors that count.
UNITS = {
    "log_loss": "log loss",
    "mae": "absolute error",
    "rmse": "squared error",
    "mse": "squared error",
    "r2": "squared error",
}


@dataclass(frozen=True)
class Paired:
    """The mean loss of the other model minus that of the first, so that a difference above 0 speaks for the first.

    rows: that both answered. apart: those of them on which their losses differ. low, high: the interval; nan for too few rows.
    unit: of the loss; for metrics that count labels, their own name. level: of the interval.
    """

    rows: int
    apart: int
    difference: float
    low: float
    high: float
    unit: str
    level: float

    @property
    def answer(self) -> str:
        """Which one is better, as `first`, `other`, or neither."""
        if self.apart < FEWEST_ROWS or not (self.low > 0 or self.high < 0):
            return "neither"
        return "first" if self.low > 0 else "other"


def paired(
    metric: str,
    labels: int,
    truth: Array,
    both: Sequence[Array],
    thresholds: Sequence[float] = (THRESHOLD, THRESHOLD),
    alpha: float = ALPHA,
) -> Paired:
    """The paired t-interval of the mean difference of row losses.

    It treats the rows as independent and both models as they are: it holds for these networks on further rows like these,
    and knows nothing of what another seed would give. Losses without an end are capped at the larger of both models' 99 %
    quantiles.

    Args:
        metric: one with a row loss.
        labels: number of labels; 0 for regression.
        truth: codes or values, (rows,), at least one.
        both: the predictions of the first and the other model for these rows.
        thresholds: of both, between two labels.
        alpha: how often an interval of equal models leaves out 0, at most; smaller where several are looked at.
    """
    loss = _loss(metric, labels, truth, both, thresholds)
    ours, theirs = (loss.of(truth, answers, cut) for answers, cut in zip(both, thresholds, strict=True))
    differences = loss.bound * (theirs - ours)
    rows, apart = len(differences), int((differences != 0).sum())
    mean = float(differences.mean())
    level, unit = 1.0 - alpha, UNITS.get(metric, metric)
    if rows < 2 or apart == 0:
        return Paired(rows, apart, mean, math.nan, math.nan, unit, level)
    half = float(t.ppf(1 - alpha / 2, rows - 1) * differences.std(ddof=1) / math.sqrt(rows))
    return Paired(rows, apart, mean, mean - half, mean + half, unit, level)


def _loss(metric: str, labels: int, truth: Array, both: Sequence[Array], thresholds: Sequence[float]) -> RowLoss:
    """One loss for both, whichever is named first."""
    first, other = (fix_loss(metric, labels, truth, answers, cut, 0.0) for answers, cut in zip(both, thresholds, strict=True))
    return replace(first, bound=max(first.bound, other.bound))
