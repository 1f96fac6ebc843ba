"""What finished trials teach a tuner that knows one score a trial."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foldwise.trial.result import TrialResult


def stopped_scores(results: Sequence[TrialResult]) -> dict[int, float]:
    """The score that each trial stands for, by number.

    A complete trial has its mean. A stopped one has what the folds it reached promise: the mean of their scores, each less
    what the complete trials have on that fold above their own means. Without that, a trial that was stopped on an easy fold
    would look better than those that beat it. Failed trials, and stopped ones without a fold, teach nothing.
    """
    complete = [result for result in results if result.state == "COMPLETE" and math.isfinite(result.mean)]
    scores = {result.number: result.mean for result in complete}
    stopped = [result for result in results if result.state == "STOPPED"]
    ease = _ease_of_folds(complete) if stopped else {}
    for result in stopped:
        reached = [fold.score - ease.get(fold.fold, 0.0) for fold in result.folds if math.isfinite(fold.score)]
        if reached:
            scores[result.number] = math.fsum(reached) / len(reached)
    return scores


def _ease_of_folds(complete: Sequence[TrialResult]) -> dict[int, float]:
    """By how much a fold's score lies above the trial's mean, on average over the trials; sums are exact in any order."""
    above: dict[int, list[float]] = {}
    for result in complete:
        for fold in result.folds:
            if math.isfinite(fold.score):
                above.setdefault(fold.fold, []).append(fold.score - result.mean)
    return {fold: math.fsum(differences) / len(differences) for fold, differences in above.items()}
