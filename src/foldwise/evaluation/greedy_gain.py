"""What a greedy ensemble gains over the best single model on rows that chose neither.

The choice of an ensemble is a search of its own, and the more it can choose from, the more it flatters itself. So the whole
choice is repeated: the rows are drawn with replacement, the ensemble and the single best are both chosen on the drawn rows, and
both are scored on the rows that were not drawn.

Source: Tsamardinos, Greasidou and Borboudakis 2018 (BBC-CV); Caruana, Munson and Niculescu-Mizil 2006, "Getting the most out of
ensemble selection" (why the choice overfits).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.after_search import drawn
from foldwise.evaluation.greedy import ROUNDS, greedy, weighted_mean
from foldwise.evaluation.metrics import counts_labels
from foldwise.evaluation.threshold import Asked, tuned
from foldwise.evaluation.under_weights import is_mean_of_rows, under_weights
from foldwise.models.heads import THRESHOLD
from foldwise.spec.goal import Goal, Task

Array = npt.NDArray[Any]

DRAWS, FEWEST_DRAWS = 200, 30
# The best of the models on the drawn rows are tried. Metrics that need an order of rows take longer, so fewer are.
CANDIDATES, CANDIDATES_RANKED = 40, 10
# Predictions that are looked at in all draws together, which bounds the time to some ten seconds. Where the fewest draws would
# look at more, some rows stand for all.
FEWEST_ROWS = 1000
# A draw leaves out n / e of n rows, so a mean over them has e - 1 times the variance of the mean over all.
TO_ALL_ROWS = 1 / math.sqrt(math.e - 1)
MOST_SUMMED, MOST_RANKED = 2_000_000_000, 150_000_000


@dataclass(frozen=True)
class Rule:
    """How predictions are scored. threshold: of two labels, a number, or `auto` where it is tuned on the rows that choose."""

    goal: Goal
    task: Task
    labels: int
    threshold: Asked = THRESHOLD

    @property
    def tunes(self) -> bool:
        """Whether a score needs a threshold that has to be tuned first."""
        return self.threshold == "auto" and self.labels == 2 and counts_labels(self.goal.metric)

    @property
    def ranks(self) -> bool:
        """Whether a score needs the order of rows."""
        return self.tunes or not is_mean_of_rows(self.goal.metric)

    def thresholds(self, truth: Array, models: Sequence[Array], weights: Array) -> list[float]:
        """Where each model cuts the probabilities, by rows (rows,) that count as often as weights (rows,) say."""
        if not self.tunes:
            return [THRESHOLD if self.threshold == "auto" else self.threshold] * len(models)
        at = np.repeat(np.arange(len(truth)), weights.astype(np.int64))
        return [tuned(self.goal.metric, truth[at], model[at, 1]) for model in models]

    def scores(self, truth: Array, models: Sequence[Array], weights: Array, thresholds: Sequence[float]) -> Array:
        """The scores (models,) in the metric's own direction, of rows that count as often as weights (rows,) say."""
        weighted = under_weights(self.task, self.labels, self.goal.metric, truth, models, thresholds)
        return np.asarray(weighted(weights[None, :])[0])


@dataclass(frozen=True)
class Gain:
    """What the ensemble and the single best score on rows that chose neither, both means over the draws.

    gain: of the ensemble, in the good direction. error: its standard error, from the spread over the draws, brought from the
        rows that a draw leaves out to all rows. It contains what the choice varies by, so it is rather large than small.
    """

    ensemble: float
    single: float
    gain: float
    error: float
    draws: int

    @property
    def is_clear(self) -> bool:
        """Whether the ensemble is better by more than a standard error."""
        return self.gain > self.error


def choose(rule: Rule, truth: Array, models: Sequence[Array], most: int, seed: int = 0) -> tuple[int, ...]:
    """How often each model is taken, by all rows, or some of very many.

    Args:
        rule: of scoring.
        truth: codes or values, (rows,).
        models: the predictions of each, (rows, classes) or (rows,); the earlier wins a tie.
        most: how many different models are taken at most.
        seed: draws some rows of very many.
    """
    at = _some(len(truth), rows_for(rule, len(truth), len(models)), None, seed)
    return _choose(rule, truth[at], [model[at] for model in models], np.ones(len(at)), most)[0]


def gain_of_choice(
    rule: Rule, truth: Array, models: Sequence[Array], most: int, seed: int, groups: Array | None = None
) -> Gain | None:
    """Repeat the choice on drawn rows, and score it on the others; None where no draw has a score.

    Args:
        rule: of scoring.
        truth: codes or values, (rows,).
        models: the predictions of each, (rows, classes) or (rows,).
        most: how many different models an ensemble has at most.
        seed: of the draws.
        groups: of rows that belong together, (rows,); they are drawn as wholes.
    """
    at = _some(len(truth), rows_for(rule, len(truth), len(models)), groups, seed)
    truth, models, groups = truth[at], [model[at] for model in models], None if groups is None else groups[at]
    found = []
    for weights in drawn(len(at), draws_for(rule, len(at), len(models)), seed, groups):
        found += [_on_the_others(rule, truth, models, row, most) for row in weights]
    both = np.array(found)
    both = both[np.isfinite(both).all(axis=1)]
    if len(both) < 2:
        return None
    gains = rule.goal.sign * (both[:, 0] - both[:, 1])
    of_ensemble, of_single = both.mean(axis=0).tolist()
    return Gain(of_ensemble, of_single, float(gains.mean()), TO_ALL_ROWS * float(gains.std(ddof=1)), len(both))


def rows_for(rule: Rule, rows: int, models: int) -> int:
    """How many rows the choice looks at."""
    return min(rows, max(FEWEST_ROWS, _most(rule) // (FEWEST_DRAWS * _a_row(rule, models))))


def draws_for(rule: Rule, rows: int, models: int) -> int:
    """How often the choice is repeated."""
    return int(np.clip(_most(rule) // (rows * _a_row(rule, models)), FEWEST_DRAWS, DRAWS))


def _most(rule: Rule) -> int:
    return MOST_RANKED if rule.ranks else MOST_SUMMED


def _a_row(rule: Rule, models: int) -> int:
    """The predictions of a row that one choice looks at."""
    return (models + min(models, _candidates(rule)) * ROUNDS) * max(1, rule.labels)


def _on_the_others(rule: Rule, truth: Array, models: Sequence[Array], weights: Array, most: int) -> tuple[float, float]:
    """The scores of the ensemble and of the single best that these weights choose, on the rows without weight."""
    inside, outside = np.flatnonzero(weights), np.flatnonzero(weights == 0)
    own, count = [model[inside] for model in models], weights[inside]
    counts, single = _choose(rule, truth[inside], own, count, most)
    if not any(counts) or not len(outside):
        return np.nan, np.nan
    both = [weighted_mean(own, counts), own[single]]
    thresholds = rule.thresholds(truth[inside], both, count)
    taken = [weighted_mean([model[outside] for model in models], counts), models[single][outside]]
    ensemble, alone = rule.scores(truth[outside], taken, np.ones(len(outside)), thresholds)
    return float(ensemble), float(alone)


def _choose(rule: Rule, truth: Array, models: Sequence[Array], weights: Array, most: int) -> tuple[tuple[int, ...], int]:
    """The counts of the ensemble, and the place of the single best, by weighted rows."""

    def score(predictions: Sequence[Array]) -> Array:
        thresholds = rule.thresholds(truth, predictions, weights)
        return rule.goal.sign * rule.scores(truth, predictions, weights, thresholds)

    alone = score(models)
    alone = np.where(np.isfinite(alone), alone, -np.inf)
    tried = np.sort(np.argsort(-alone, kind="stable")[: _candidates(rule)])
    counts = np.zeros(len(models), dtype=np.int64)
    counts[tried] = greedy([models[place] for place in tried], score, most)
    return tuple(counts.tolist()), int(np.argmax(alone))


def _candidates(rule: Rule) -> int:
    return CANDIDATES_RANKED if rule.ranks else CANDIDATES


def _some(rows: int, most: int, groups: Array | None, seed: int) -> npt.NDArray[np.int64]:
    """The positions of all rows, or of some of very many; groups stay whole, so that there may be a few rows more."""
    if rows <= most:
        return np.arange(rows)
    generator = np.random.default_rng(seed)
    if groups is None:
        return np.sort(generator.choice(rows, most, replace=False))
    _, of_row = np.unique(groups, return_inverse=True)
    place = generator.permutation(int(of_row.max()) + 1)[of_row]
    last = np.sort(place)[most - 1]
    return np.flatnonzero(place <= last)
