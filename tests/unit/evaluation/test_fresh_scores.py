"""Fresh scores of a few trials: with known truth, the defaults stay unless a trial is better, and a better one is found."""

from __future__ import annotations

import math

import numpy as np
import pytest

from foldwise.evaluation.fold_test import p_better, p_value
from foldwise.evaluation.fresh_scores import FreshScores, choose, interval, shrunk, times_best
from foldwise.spec.goal import Goal

R2 = Goal("r2", "maximize")
UP, DOWN = Goal("accuracy", "maximize"), Goal("rmse", "minimize")
ROWS, FOLDS, SEEDS, TOP, TRIALS = 300, 5, 5, 5, 40
COMMON, SEED_LUCK = 0.6, 0.3  # of a row's variance what all trials share; of a score's standard error what a seed adds
ERROR = 1 / math.sqrt(ROWS)  # the standard error of a score: rows have the variance 1


def searched(generator, truth):
    """A made study: the scores of the search, the trials that are trained again, and their fresh scores.

    truth: of each trial, in standard errors; the first is the defaults. The luck of the rows is the same in search and fresh
    runs; that of splits and seeds is drawn anew.
    """
    luck = math.sqrt(COMMON) * generator.normal(size=ROWS) + math.sqrt(1 - COMMON) * generator.normal(size=(len(truth), ROWS))

    def scores():
        folds = generator.permutation(ROWS).reshape(FOLDS, -1)
        of_seed = SEED_LUCK * ERROR * math.sqrt(FOLDS) * generator.normal(size=(len(truth), FOLDS))
        return luck[:, folds].mean(axis=2) + of_seed + ERROR * truth[:, None]

    means = scores().mean(axis=1)
    numbers = [*{*np.argsort(-means)[:TOP], 0}]
    values = np.stack([scores() for _ in range(SEEDS)], axis=1)[numbers]
    return means, numbers, FreshScores(values, ROWS * (FOLDS - 1) / FOLDS, ROWS / FOLDS, redrawn=True)


def taken(generator, truth):
    """The truth of the trial that is taken, and of the best of the search."""
    means, numbers, scores = searched(generator, truth)
    choice = choose(scores, UP, numbers.index(0), len(truth))
    return truth[numbers[choice.taken]], truth[np.argmax(means)]


WORLDS = {
    "all as good as the defaults": lambda draw: np.zeros(TRIALS),
    "all a little worse": lambda draw: np.append(0.0, np.full(TRIALS - 1, -0.3)),
    "some better, more worse": lambda draw: np.append(0.0, draw.normal(-0.5, 0.5, TRIALS - 1)),
    "most far worse": lambda draw: np.append(0.0, -draw.exponential(3.0, TRIALS - 1)),
}


@pytest.mark.parametrize("world", WORLDS)
def test_what_is_taken_is_hardly_ever_worse_than_the_defaults(world):
    draw = np.random.default_rng(5)
    found = np.array([taken(draw, WORLDS[world](draw)) for _ in range(200)])
    worse = (found < -0.25).mean(axis=0)
    assert worse[0] <= 0.02
    if world == "all a little worse":
        assert worse[1] > 0.5  # what the best of the search would be: the rule is what keeps the defaults


def test_the_defaults_stay_where_nothing_is_better():
    draw, kept = np.random.default_rng(6), 0
    for _ in range(200):
        _, numbers, scores = searched(draw, np.zeros(TRIALS))
        kept += numbers[choose(scores, UP, numbers.index(0), TRIALS).taken] == 0
    assert kept >= 194


def test_a_clearly_better_trial_is_found():
    draw, truth = np.random.default_rng(7), np.append(-np.random.default_rng(0).exponential(3.0, TRIALS - 1), 6.0)
    truth[0] = 0.0
    found = [taken(draw, truth)[0] for _ in range(100)]
    assert np.mean([one == 6.0 for one in found]) > 0.9


def test_a_score_that_is_minimised_is_taken_where_it_is_lower():
    values = np.random.default_rng(0).normal(size=(1, 3, 5)) * 0.01 + np.array([1.0, 0.5, 1.2])[:, None, None]
    scores = FreshScores(values, 80, 20, redrawn=True)
    assert choose(scores, DOWN, 0, 3).taken == 1
    assert choose(scores, UP, 0, 3).taken in (0, 2)
    assert choose(FreshScores(values[:2], 80, 20, redrawn=True), UP, 0, 3).taken == 0
    assert times_best(scores, DOWN) == [0, 3, 0]


def test_more_looks_need_more_evidence():
    draw = np.random.default_rng(1)
    defaults = draw.normal(size=(5, 5)) * 0.02
    values = np.stack([defaults, defaults + 0.012 + draw.normal(size=(5, 5)) * 0.01])
    scores = FreshScores(values, 80, 20, redrawn=True)
    few, many = choose(scores, UP, 0, 2), choose(scores, UP, 0, 2000)
    assert few.p == many.p < few.level
    assert many.p > many.level
    assert (few.taken, many.taken) == (1, 0)


def test_without_the_defaults_the_best_is_taken():
    scores = FreshScores(np.array([[[0.5, 0.6]], [[0.7, 0.8]]]), 80, 20, redrawn=True)
    assert choose(scores, UP, None, 9).taken == 1
    alone = choose(FreshScores(scores.values[:1], 80, 20, redrawn=True), UP, 0, 9)
    assert (alone.taken, alone.p) == (0, None)


def test_seeds_on_the_same_folds_are_no_further_folds():
    values = np.repeat(np.random.default_rng(2).normal(size=(2, 1, 3)) - 5, 50, axis=1)
    same, redrawn = (FreshScores(values, 80, 20, redrawn=kind) for kind in (False, True))
    assert len(same.by_fold(0)) == 3
    wide, narrow = (np.subtract(*interval(scores, R2, 0)[::-1]) for scores in (same, redrawn))
    assert wide > narrow
    single = FreshScores(values[:, :, :1], 80, 20, redrawn=False)
    assert all(math.isnan(end) for end in interval(single, UP, 0))
    choice = choose(single, UP, 0, 5)
    assert (choice.taken, choice.p) == (0, None)


@pytest.mark.parametrize(
    ("metric", "ends"), [("accuracy", (0.0, 1.0)), ("mcc", (-1.0, 1.0)), ("mse", (0.0, None)), ("r2", (None, 1.0))]
)
def test_an_interval_ends_where_the_metric_does(metric, ends):
    scores = FreshScores(np.array([[[-9.0, 10.0, 0.5]]]), 80, 20, redrawn=True)
    found = interval(scores, Goal(metric, "maximize"), 0)
    assert all(end is None or end == own for end, own in zip(ends, found, strict=True))
    assert found[0] < found[1]


def test_the_interval_holds_the_truth():
    draw, inside = np.random.default_rng(3), []
    for _ in range(200):
        _, numbers, scores = searched(draw, np.zeros(3))
        low, high = interval(scores, R2, numbers.index(0))
        inside.append(low < 0 < high)
    assert np.mean(inside) > 0.92


def test_shrunk_scores_are_nearer_to_the_truth_than_the_best_fresh_score():
    draw, errors = np.random.default_rng(4), []
    for _ in range(150):
        truth = np.append(0.0, draw.normal(0.0, 0.7, TRIALS - 1))
        means, numbers, scores = searched(draw, truth)
        best = int(np.argmax(scores.means))
        own = truth[numbers[best]]
        errors.append(
            (
                means.max() / ERROR - truth[np.argmax(means)],
                scores.means[best] / ERROR - own,
                _shrunk(scores, means, best) - own,
            )
        )
    naive, fresh, drawn = np.mean(errors, axis=0)
    assert naive > fresh > 0.6
    assert abs(drawn) < 0.35
    assert np.mean(np.square(errors), axis=0)[2] < np.mean(np.square(errors), axis=0)[1]


def _shrunk(scores, means, place):
    return shrunk(scores, list(means))[place] / ERROR


def test_a_score_far_from_all_others_is_not_made_average():
    draw = np.random.default_rng(8)
    truth = np.append(np.zeros(TRIALS - 1), 8.0)
    means, numbers, scores = searched(draw, truth)
    place = numbers.index(TRIALS - 1)
    assert scores.means[place] - shrunk(scores, list(means))[place] < 1.5 * ERROR


def test_few_trials_are_not_shrunk():
    scores = FreshScores(np.array([[[0.5, 0.6]], [[0.7, 0.8]]]), 80, 20, redrawn=True)
    np.testing.assert_array_equal(shrunk(scores, [0.5, 0.7]), scores.means)
    np.testing.assert_array_equal(shrunk(FreshScores(scores.values[:1], 8, 2, redrawn=True), [0.5, 0.7, 0.6]), [0.55])


def test_a_single_split_a_seed_is_shrunk_by_the_seeds():
    draw = np.random.default_rng(9)
    scores = FreshScores(draw.normal(size=(4, 5, 1)), 80, 20, redrawn=True)
    drawn = shrunk(scores, list(draw.normal(size=20)))
    assert np.ptp(drawn) < np.ptp(scores.means)


def test_the_one_sided_test_is_half_of_the_other():
    ours, theirs = np.array([0.9, 0.8, 0.85]), np.array([0.8, 0.78, 0.8])
    assert p_better(ours - theirs, 80, 40) == pytest.approx(p_value(ours, theirs, 80, 40) / 2)
    assert p_better(theirs - ours, 80, 40) == pytest.approx(1 - p_value(ours, theirs, 80, 40) / 2)
    assert p_better([0.1, 0.1], 80, 40) == 0.0
    assert p_better([-0.1, -0.1], 80, 40) == 1.0
    assert p_better([0.0, 0.0], 80, 40) == 0.5
    assert math.isnan(p_better([0.1], 80, 40))
