"""The rules by which a trial loses its race."""

import math

import numpy as np
import pytest

from foldwise.spec.goal import Goal
from foldwise.trial.race import Bar, Incumbent, Race, bar_of, deviations

ACCURACY, RMSE = Goal("accuracy", "maximize"), Goal("rmse", "minimize")
LEVEL = (0.8,) * 5


def by_folds(*, goal=ACCURACY, scores=LEVEL, variance=0.01, alpha=0.2):
    return Race(goal, incumbent=Incumbent(7, scores, variance), alpha=alpha)


def numbered(scores):
    return dict(enumerate(scores))


@pytest.mark.parametrize(
    ("first", "factor", "epochs", "rungs"),
    [(3, 2, 40, (3, 6, 12, 24)), (3, 2, 24, (3, 6, 12)), (1, 3, 10, (1, 3, 9)), (5, 2, 5, ()), (None, 2, 40, ())],
)
def test_rungs_are_before_the_last_epoch(first, factor, epochs, rungs):
    assert Race(ACCURACY, first, factor).rungs(epochs) == rungs


@pytest.mark.parametrize(
    ("others", "factor", "score", "places"),
    [
        ([0.1, 0.4, 0.2, 0.3], 2, 0.3, 2),  # the best two of five: as good as the second of four
        ([0.1, 0.4, 0.2, 0.3, 0.5], 2, 0.3, 3),
        ([0.1, 0.4, 0.2, 0.3, 0.5], 3, 0.4, 2),
        ([0.1, 0.2], 9, 0.2, 1),
    ],
)
def test_the_bar_is_the_last_of_those_that_go_on(others, factor, score, places):
    assert bar_of(others, ACCURACY, factor) == Bar(score, places, len(others))
    assert bar_of([-other for other in others], RMSE, factor) == Bar(-score, places, len(others))


def test_a_trial_is_lost_at_a_rung_where_its_mean_is_below_the_bar_and_says_so():
    race = Race(ACCURACY, 3, bars={(3, 2): Bar(0.75, 2, 9)})
    assert race.lost({0: 0.7, 1: 0.8}, 3) is None  # equal is good enough
    assert race.lost({0: 0.7, 1: 0.8 - 1e-15}, 3) is None  # up to rounding
    reason = race.lost({0: 0.7, 1: 0.79}, 3)
    assert reason == "lost in epoch 3: accuracy 0.7450, where the best 2 of 9 trials had 0.7500 or better"
    assert race.lost({0: 0.1, 1: 0.1}, 6) is None  # a rung without a bar
    assert race.lost({0: 0.1}, 3) is None  # and one fold alone has no bar


def test_a_bar_for_a_minimized_metric_is_missed_from_above():
    race = Race(RMSE, 3, bars={(3, 1): Bar(2.0, 1, 4)})
    assert race.lost({0: 1.9}, 3) is None
    assert race.lost({0: 2.1}, 3) == "lost in epoch 3 of fold 0: rmse 2.1000, where the best of 4 trials had 2.0000 or better"


def test_fold_by_fold_only_the_first_fold_has_bars():
    race = Race(ACCURACY, 3, bars={(3, 1): Bar(0.75, 1, 4)})
    assert race.lost({0: 0.1}, 3) is not None
    assert race.lost({1: 0.1}, 3) is None


@pytest.mark.parametrize("folds", [3, 5, 10])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_of_trials_as_good_as_the_best_a_share_alpha_loses(folds, alpha):
    draws = np.random.default_rng(folds).normal(scale=0.1, size=(4000, folds))
    incumbent = (0.8,) * folds
    race = by_folds(scores=incumbent, variance=0.1**2, alpha=alpha)
    level = 0.8 + draws - draws.mean(axis=1, keepdims=True)
    lost = [any(race.lost(numbered(scores[:done])) for done in range(1, folds)) for scores in level]
    assert np.mean(lost) == pytest.approx(alpha, abs=0.02)


def test_better_trials_lose_less_often_and_hopeless_ones_after_the_first_fold():
    race = by_folds(variance=0.01)
    noise = np.random.default_rng(0).normal(scale=0.1, size=(1000, 5))
    better = 0.85 + noise - noise.mean(axis=1, keepdims=True)
    assert np.mean([any(race.lost(numbered(scores[:done])) for done in range(1, 5)) for scores in better]) < 0.1
    assert race.lost({0: 0.4}) is not None


def test_the_reason_names_folds_trial_and_numbers():
    allowed = deviations(5, 0.2) * math.sqrt(0.01 * (1 / 2 - 1 / 5))
    reason = by_folds(variance=0.01).lost({0: 0.5, 1: 0.6})
    behind = "lost after 2 of 5 folds: accuracy is 0.2500 worse there than that of trial 7"
    assert reason == f"{behind}, and at most {allowed:.4f} can be caught up"


def test_directions_mirror_each_other():
    rng = np.random.default_rng(3)
    up, down = by_folds(), by_folds(goal=RMSE, scores=tuple(-score for score in LEVEL))
    for _ in range(200):
        scores = numbered(0.75 + rng.normal(scale=0.1, size=rng.integers(1, 5)))
        mirrored = {fold: -score for fold, score in scores.items()}
        assert (up.lost(scores) is None) == (down.lost(mirrored) is None)


@pytest.mark.parametrize("scores", [{}, {0: math.nan}, {0: 0.1, 1: math.nan}, {0: -math.inf}])
def test_scores_that_are_not_finite_lose_no_race(scores):
    race = Race(ACCURACY, 3, bars={(3, 1): Bar(0.9, 1, 4), (3, 2): Bar(0.9, 1, 4)}, incumbent=Incumbent(0, LEVEL, 0.0001))
    assert race.lost(scores) is None
    assert race.lost(scores, 3) is None


def test_a_trial_with_all_its_folds_done_is_never_lost():
    assert by_folds().lost(numbered([0.0] * 5)) is None


def test_if_all_trials_are_equal_none_loses_by_folds():
    assert by_folds(variance=0.0).lost({0: 0.79}) is None
