"""A race: whether a trial can still win, judged while it trains by what finished trials had come to on the same folds.

Two rules, each for scores that are as comparable as they can be:

* at rungs, which are epochs, against all that came as far: the goal's metric as it would be if training ended there
  (asynchronous successive halving);
* after folds, against the best so far, fold by fold: the difference of two trials on the same fold is free of how hard that
  fold is.

Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", for the rungs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from foldwise.spec.goal import Goal

SIMULATED = 20_000  # trials that come out level
ROUNDING = 1e-9  # means over folds that are so near each other are level


@dataclass(frozen=True)
class Bar:
    """What is to be reached at a rung: the score of the last of the best `places` of the `trials` that came there before."""

    score: float
    places: int
    trials: int


@dataclass(frozen=True)
class Incumbent:
    """The best trial so far, and how far others part from it.

    scores: by fold. variance: of the difference between its score and another trial's on the same fold.
    """

    number: int
    scores: tuple[float, ...]
    variance: float


@dataclass(frozen=True)
class Race:
    """What a trial has to keep up with, as it was when the trial was submitted.

    first, factor: trials are scored after the epochs first, first x factor, ...; where first is None they do not race by
    epochs. bars: (rung, how many folds are in step there) -> what is to be reached; a rung that few have reached has none.
    incumbent: None where folds are not raced, or too few trials are known. alpha: how probably a trial that would come out
    level with the incumbent is stopped, after whichever fold. finish: whether the trial is trained to its end even if it is
    lost, so that the race's own errors are known.
    """

    goal: Goal
    first: int | None = None
    factor: int = 2
    bars: Mapping[tuple[int, int], Bar] = field(default_factory=dict)
    incumbent: Incumbent | None = None
    alpha: float = 0.2
    finish: bool = False

    def rungs(self, epochs: int) -> tuple[int, ...]:
        """The epochs after which a trial of so many epochs is scored; the last epoch is none, nothing is saved there."""
        rungs, rung = [], self.first or epochs
        while rung < epochs:
            rungs.append(rung)
            rung *= self.factor
        return tuple(rungs)

    def lost(self, scores: Mapping[int, float], epoch: int | None = None) -> str | None:
        """Why the trial is lost, None as long as it is not.

        Args:
            scores: by fold: of those in step at a rung, or of those that are done.
            epoch: the rung (1 is the first epoch); None after folds that are done.
        """
        if not scores or not all(map(math.isfinite, scores.values())):
            return None  # a trial whose scores are not finite fails by itself
        return self._behind_bar(scores, epoch) if epoch is not None else self._behind_incumbent(scores)

    def _behind_bar(self, scores: Mapping[int, float], epoch: int) -> str | None:
        bar = self.bars.get((epoch, len(scores))) if 0 in scores else None  # later folds alone have no bar
        mean = math.fsum(scores.values()) / len(scores)
        if bar is None or not self.goal.better(bar.score, mean) or math.isclose(bar.score, mean, rel_tol=ROUNDING):
            return None
        where = f"epoch {epoch}" if len(scores) > 1 else f"epoch {epoch} of fold 0"
        best = f"the best {bar.places} of {bar.trials} trials" if bar.places > 1 else f"the best of {bar.trials} trials"
        return f"lost in {where}: {self.goal.metric} {mean:.4f}, where {best} had {bar.score:.4f} or better"

    def _behind_incumbent(self, scores: Mapping[int, float]) -> str | None:
        best, done = self.incumbent, len(scores)
        if best is None or not done < len(best.scores) or best.variance == 0:
            return None
        behind = self.goal.sign * math.fsum(best.scores[fold] - score for fold, score in scores.items()) / done
        folds = len(best.scores)
        allowed = deviations(folds, self.alpha) * math.sqrt(best.variance * (1 / done - 1 / folds))
        if behind <= allowed:
            return None
        return (
            f"lost after {done} of {folds} folds: {self.goal.metric} is {behind:.4f} worse than that of trial {best.number} "
            f"there, and {allowed:.4f} could be made good"
        )


@cache
def deviations(folds: int, alpha: float) -> float:
    """By how many standard deviations a trial may be behind, so that of those that come out level a share alpha is stopped.

    The mean difference over the first m of k folds of trials that are level over all k has the variance of a single
    difference times 1 / m - 1 / k. After which fold it is the furthest behind is taken into account: the deviations are
    simulated, with always the same normal numbers.
    """
    draws = np.random.default_rng(0).normal(size=(SIMULATED, folds))
    level = draws - draws.mean(axis=1, keepdims=True)
    done = np.arange(1, folds)
    means = np.cumsum(level, axis=1)[:, :-1] / done
    return float(np.quantile((-means / np.sqrt(1 / done - 1 / folds)).max(axis=1), 1 - alpha))


def bar_of(others: Sequence[float], goal: Goal, factor: int) -> Bar:
    """The bar for one more trial beside these scores: it has to be among the best 1 / factor of them all, or the best.

    A trial that is level with the last of these goes on.
    """
    places = max(1, (len(others) + 1) // factor)
    ranked = goal.rank(others, float)
    return Bar(ranked[places - 1], places, len(others))
