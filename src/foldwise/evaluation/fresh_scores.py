"""Scores of a few trials on fresh seeds and splits: what they are worth, and whether one of them beats the defaults.

The trials were chosen on the same rows, so fresh runs take off the luck of splits and seeds, but not that of the rows. The
corrected error of a mean over folds allows for the rows; shrinkage and the level of the test allow for the choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t

from foldwise.evaluation.fold_test import p_better, standard_error
from foldwise.spec.goal import Goal

# Shared by all trials that were looked at (Bonferroni): the best of many has the luck of the rows in fresh runs too. Where all
# trials are a little worse than the defaults, 13 % of made searches would end with one of them at a level of 0.05 for each.
LEVEL = 0.1
MOST_ERRORS = 1.5  # a score is shrunk by at most these standard errors of its own: an exception is not made average

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FreshScores:
    """The scores of trials that were trained again.

    values: (trials, seeds, folds). train, valid: the rows of a fold, the mean. redrawn: whether each seed has folds of its own.
    """

    values: Scores
    train: float
    valid: float
    redrawn: bool

    @property
    def means(self) -> Scores:
        """Of each trial, (trials,)."""
        means: Scores = self.values.mean(axis=(1, 2))
        return means

    def by_fold(self, trial: int) -> Scores:
        """The scores of a trial that count as folds: all, or where all seeds share their folds, the means over the seeds."""
        own: Scores = self.values[trial]
        by_fold: Scores = own.ravel() if self.redrawn else own.mean(axis=0)
        return by_fold


def interval(scores: FreshScores, goal: Goal, trial: int) -> tuple[float, float]:
    """The 95 % interval of a trial's mean for new rows; nan where a single fold tells nothing of it."""
    own = scores.by_fold(trial)
    half = t.ppf(0.975, max(1, len(own) - 1)) * standard_error(own, scores.train, scores.valid)
    least, most = goal.limits
    ends = np.array([own.mean() - half, own.mean() + half])
    low, high = np.clip(ends, least, most)
    return float(low), float(high)


def times_best(scores: FreshScores, goal: Goal) -> list[int]:
    """In how many of the seeds each trial was the best; of equals the first."""
    best = np.argmax(goal.sign * scores.values.mean(axis=2), axis=0)
    return [int(count) for count in np.bincount(best, minlength=len(scores.values))]


def shrunk(scores: FreshScores, searched: Sequence[float]) -> Scores:
    """The means of the trials, drawn towards the mean of all trials as far as noise explains that these differ.

    A trial's share of the way is noise / (noise + spread): the spread of all searched scores, less their own noise, is what the
    configurations differ by. No score moves by more than MOST_ERRORS of its standard errors.

    Args:
        scores: of the trials that were trained again.
        searched: the scores of all complete trials of the search.

    Returns:
        (trials,); the means themselves where fewer than three trials, or fewer than two of them again, say nothing of a spread.

    Source: Efron and Morris 1972, "Limiting the risk of Bayes and empirical Bayes estimators".
    """
    means = scores.means
    if len(searched) < 3 or len(means) < 2:
        return means
    of_search, of_fresh = _noise(scores)
    spread = max(0.0, float(np.var(searched, ddof=1)) - of_search)
    if spread + of_fresh == 0.0:
        return means
    most = MOST_ERRORS * math.sqrt(of_fresh)
    way = (float(np.mean(searched)) - means) * of_fresh / (spread + of_fresh)
    return np.asarray(means + np.clip(way, -most, most))


def _noise(scores: FreshScores) -> tuple[float, float]:
    """By how much chance makes trials differ, as variances: of a score of the search, and of a mean over fresh seeds.

    The rows' part is the same in both; that of splits and seeds shrinks with the number of seeds. What all trials share on a
    fold does not count.
    """
    _, seeds, folds = scores.values.shape
    of_seeds = _residual(scores.values.mean(axis=2)) if seeds > 1 else 0.0
    if folds == 1:  # then a seed has rows of its own, and its part cannot be told from theirs
        return of_seeds, of_seeds * min(1.0, 1 / seeds + scores.valid / scores.train)
    of_folds = float(np.mean([_residual(scores.values[:, seed]) for seed in range(seeds)])) / folds
    of_search = max(of_folds, of_seeds)
    return of_search, of_search - of_seeds + of_seeds / seeds


def _residual(values: Scores) -> float:
    """The variance that neither rows nor columns of a matrix explain."""
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    return float((rest**2).sum() / ((values.shape[0] - 1) * (values.shape[1] - 1)))


@dataclass(frozen=True)
class Choice:
    """The place of the trial that is taken, of the best other than the defaults, and the test between that one and these.

    p: None where there are no defaults, or nothing besides them. level: below it the best is taken.
    """

    taken: int
    best: int
    p: float | None
    level: float


def choose(scores: FreshScores, goal: Goal, defaults: int | None, looks: int) -> Choice:
    """The best trial by its fresh scores if it is better than the defaults beyond doubt, else the defaults.

    Args:
        scores: of the trials, at least one.
        goal: the metric's direction.
        defaults: the place of the defaults among them; None if they are not there, and then the best is taken.
        looks: the trials of the search, among which these were chosen.
    """
    level = LEVEL / max(1, looks)
    ranked = goal.rank(range(len(scores.values)), lambda place: float(scores.means[place]))
    others = [place for place in ranked if place != defaults]
    if defaults is None or not others:
        return Choice(ranked[0], ranked[0], None, level)
    best = others[0]
    p = p_better(goal.sign * (scores.by_fold(best) - scores.by_fold(defaults)), scores.train, scores.valid)
    return Choice(best if p < level else defaults, best, p if math.isfinite(p) else None, level)
