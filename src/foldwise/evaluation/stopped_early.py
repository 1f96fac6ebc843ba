"""What early stopping adds to a score: each fold keeps the epoch that is best on the very rows that score it.

The refit trains for the folds' median epoch, which its new rows have not chosen. So a fold is scored again at the median of the
other folds' best epochs, by its curve; the difference is what the choice of its own epoch added.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from foldwise.spec.goal import Goal
from foldwise.trial.result import FoldScore, TrialResult

# metric -> the curve that follows it
CURVES = {"accuracy": "val_accuracy", "mae": "val_mae", "log_loss": "val_loss", "rmse": "val_loss", "mse": "val_loss"}
MOST_TRIALS = 50  # the mean of these is exact enough, and the curves of thousands take seconds to read


def gain_of_stopping(goal: Goal, results: Sequence[TrialResult]) -> float | None:
    """The mean gain over the best trials, in the goal's good direction; None if no curve follows the metric.

    Args:
        goal: the metric and its direction.
        results: complete trials that stopped early.
    """
    if goal.metric not in CURVES:
        return None
    gains = [_gain(goal, result.folds) for result in goal.rank(results, lambda one: one.mean)[:MOST_TRIALS]]
    known = [gain for gain in gains if gain is not None and math.isfinite(gain)]
    return max(0.0, statistics.fmean(known)) if known else None


def _gain(goal: Goal, folds: Sequence[FoldScore]) -> float | None:
    """The mean over the folds of a trial; None for a single fold, which has no others."""
    if len(folds) < 2:
        return None
    gains = []
    for fold in folds:
        curve = fold.curves.get(CURVES[goal.metric])
        if not curve:
            return None
        epoch = math.ceil(statistics.median(other.best_epoch for other in folds if other is not fold))
        own, by_others = curve[fold.best_epoch - 1], curve[min(epoch, len(curve)) - 1]
        gains.append(goal.sign * (_in_unit(goal, fold, own, own) - _in_unit(goal, fold, by_others, own)))
    return statistics.fmean(gains)


def _in_unit(goal: Goal, fold: FoldScore, value: float, own: float) -> float:
    """A point of the curve as the metric: the loss of numbers is that of the scaled target, so it counts by its ratio."""
    if goal.metric not in ("rmse", "mse"):
        return value
    ratio = value / own if own > 0 else math.nan
    return fold.score * (math.sqrt(ratio) if goal.metric == "rmse" else ratio)
