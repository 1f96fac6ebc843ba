"""Compare a model with a baseline on the holdout, by a paired bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.spec.goal import Goal
from foldwise.trial.summary import BaselineScore

# Large holdouts have narrow intervals, so fewer resamples are enough and the time stays the same.
RESAMPLED_ROWS, FEWEST = 10_000_000, 100


@dataclass(frozen=True)
class Comparison:
    """Our score minus theirs on the same rows, with its 95 % interval; nan if it cannot be computed.

    better, worse: whether the whole interval is on the good or the bad side of 0.
    """

    difference: float
    low: float
    high: float
    better: bool
    worse: bool


def compare(
    goal: Goal,
    score: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float],
    truth: npt.NDArray[Any],
    ours: npt.NDArray[Any],
    theirs: npt.NDArray[Any],
    seed: int,
    *,
    their_score: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float] | None = None,
    resamples: int = 1000,
) -> Comparison:
    """Paired bootstrap of a difference of scores: rows are drawn with replacement, the same for both.

    Args:
        goal: the metric's direction.
        score: truth, predictions -> the goal's metric; metrics.scorer makes one.
        truth: (rows,).
        ours: the model's predictions for these rows.
        theirs: the baseline's.
        seed: of the draws.
        their_score: the same metric for theirs, if their threshold differs.
        resamples: the number; fewer beyond 10,000 rows (10 million rows in all, at least 100 resamples). Those with an
            undefined metric are ignored.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), percentile interval.
    """
    rows, of_theirs = len(truth), their_score or score
    draws = np.random.default_rng(seed)
    differences = []
    for _ in range(min(resamples, max(FEWEST, RESAMPLED_ROWS // max(rows, 1)))):
        at = draws.integers(0, rows, rows)
        differences.append(score(truth[at], ours[at]) - of_theirs(truth[at], theirs[at]))
    known = np.array([difference for difference in differences if math.isfinite(difference)])
    difference = score(truth, ours) - of_theirs(truth, theirs)
    if not len(known) or not math.isfinite(difference):
        return Comparison(difference, math.nan, math.nan, better=False, worse=False)
    low, high = (float(bound) for bound in np.percentile(known, [2.5, 97.5]))
    above, below = low > 0, high < 0
    better, worse = (above, below) if goal.sign > 0 else (below, above)
    return Comparison(difference, low, high, better, worse)


def sentence(goal: Goal, ours: float, rival: BaselineScore, comparison: Comparison, rows: int) -> str:
    """The verdict as a sentence.

    Args:
        goal: the metric.
        ours: the model's score on the holdout.
        rival: the better baseline.
        comparison: of the two.
        rows: number of holdout rows.
    """
    if comparison.better:
        end = "the model is better"
    elif comparison.worse:
        end = "the baseline is better"
    else:
        end = "the baseline is as good"
    theirs = f"the better baseline, {rival.name}, has {_shown(rival.holdout)}"
    scores = f"holdout {goal.metric} {_shown(ours)} ({rows} rows); {theirs}"
    if not math.isfinite(comparison.low):
        return f"{scores}; the difference cannot be judged on these rows"
    interval = f"95 % interval {_signed(comparison.low)} to {_signed(comparison.high)}"
    return f"{scores}; difference {_signed(comparison.difference)}, {interval}: {end}"


def _shown(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}" if abs(value) < 100 else f"{value:+,.0f}"
