"""The scores of finished trials, for a tuner that takes one score per trial."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foldwise.trial.result import TrialResult


def stopped_scores(results: Sequence[TrialResult]) -> dict[int, float]:
    """The score of each trial, by number.

    A complete trial has its mean. A stopped one has the mean over the folds that it reached, each corrected by how much better
    complete trials are on that fold than in their means. Without that, a trial that was stopped on an easy fold would look
    better than those that beat it. Failed trials, and stopped ones without a fold, have no score.
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
    """How much a fold's score is above the trial's mean, on average over trials; sums are exact in any order."""
    above: dict[int, list[float]] = {}
    for result in complete:
        for fold in result.folds:
            if math.isfinite(fold.score):
                above.setdefault(fold.fold, []).append(fold.score - result.mean)
    return {fold: math.fsum(differences) / len(differences) for fold, differences in above.items()}
