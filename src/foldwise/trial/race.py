"""A race: whether a trial that is training can still win, compared with finished trials on the same folds.

Two rules, each with scores that are comparable:

* at rungs, which are epochs, with all trials that got there: the score if training ended there (asynchronous successive
  halving);
* after folds, with the best trial so far, fold by fold: how hard a fold is cancels out in the difference.

Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", for the rungs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from foldwise.spec.goal import Goal
from foldwise.system.numbers import shown

SIMULATED = 20_000  # trials as good as the best
ROUNDING = 1e-9  # means over folds that differ by less are equal


@dataclass(frozen=True)
class Bar:
    """The score to reach at a rung: that of the last of the best `places` among the `trials` that got there before."""

    score: float
    places: int
    trials: int


@dataclass(frozen=True)
class Incumbent:
    """The best trial so far.

    scores: by fold. variance: of the difference between its score and that of another trial on the same fold.
    """

    number: int
    scores: tuple[float, ...]
    variance: float


@dataclass(frozen=True)
class Race:
    """What a trial has to beat, as known when it was submitted.

    first, factor: trials are scored after the epochs first, first x factor, ...; first is None if they do not race by epochs.
    bars: (rung, number of folds in step there) -> the score to reach; rungs that few trials have reached have no bar.
    incumbent: None if trials do not race by folds, or too few are finished. alpha: the probability that a trial as good as
    the incumbent is stopped, after any fold. finish: whether the trial is trained to the end even if it loses, to measure
    how often the race is wrong.
    """

    goal: Goal
    first: int | None = None
    factor: int = 2
    bars: Mapping[tuple[int, int], Bar] = field(default_factory=dict)
    incumbent: Incumbent | None = None
    alpha: float = 0.2
    finish: bool = False

    def rungs(self, epochs: int) -> tuple[int, ...]:
        """The epochs after which a trial of this many epochs is scored; not the last, where nothing could be saved."""
        rungs, rung = [], self.first or epochs
        while rung < epochs:
            rungs.append(rung)
            rung *= self.factor
        return tuple(rungs)

    def lost(self, scores: Mapping[int, float], epoch: int | None = None) -> str | None:
        """Why the trial has lost, None if it has not.

        Args:
            scores: by fold: of those in step at a rung, or of those that are done.
            epoch: the rung (1 is the first epoch); None after a fold.
        """
        if not scores or not all(map(math.isfinite, scores.values())):
            return None  # such a trial fails anyway
        return self._behind_bar(scores, epoch) if epoch is not None else self._behind_incumbent(scores)

    def _behind_bar(self, scores: Mapping[int, float], epoch: int) -> str | None:
        bar = self.bars.get((epoch, len(scores))) if 0 in scores else None  # later folds alone have no bar
        mean = math.fsum(scores.values()) / len(scores)
        if bar is None or not self.goal.better(bar.score, mean) or math.isclose(bar.score, mean, rel_tol=ROUNDING):
            return None
        where = f"epoch {epoch}" if len(scores) > 1 else f"epoch {epoch} of fold 0"
        best = f"the best {bar.places} of {bar.trials} trials" if bar.places > 1 else f"the best of {bar.trials} trials"
        return f"lost in {where}: {self.goal.metric} {shown(mean, 4)}, where {best} had {shown(bar.score, 4)} or better"

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
            f"lost after {done} of {folds} folds: {self.goal.metric} is {shown(behind, 4)} worse there than that of trial "
            f"{best.number}, and at most {shown(allowed, 4)} can be caught up"
        )


@cache
def deviations(folds: int, alpha: float) -> float:
    """By how many standard deviations a trial may be behind, if a share alpha of the trials as good as the best is stopped.

    For trials that are equal over all k folds, the mean difference over the first m has the variance of a single difference
    times 1 / m - 1 / k. A trial is stopped after the first fold at which it is too far behind, so the largest deviation over
    the folds counts; it is simulated, always with the same normal numbers.
    """
    draws = np.random.default_rng(0).normal(size=(SIMULATED, folds))
    level = draws - draws.mean(axis=1, keepdims=True)
    done = np.arange(1, folds)
    means = np.cumsum(level, axis=1)[:, :-1] / done
    return float(np.quantile((-means / np.sqrt(1 / done - 1 / folds)).max(axis=1), 1 - alpha))


def bar_of(others: Sequence[float], goal: Goal, factor: int) -> Bar:
    """The bar for the next trial: it has to be among the best 1 / factor of all, or the best.

    A trial as good as the last of these goes on.
    """
    places = max(1, (len(others) + 1) // factor)
    ranked = goal.rank(others, float)
    return Bar(ranked[places - 1], places, len(others))
