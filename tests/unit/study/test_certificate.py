"""Which trials cannot be told from the best, and which smaller one is as good."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from foldwise.data.split import Split
from foldwise.spec.goal import Goal
from foldwise.study.certificate import certify, chosen_by, smallest_within, tied
from foldwise.trial.certificate import Certificate
from foldwise.trial.fresh import Fresh
from foldwise.trial.result import FoldScore, TrialResult, mean_and_sd

UP, DOWN = Goal("accuracy", "maximize"), Goal("rmse", "minimize")
SPLITS = [Split(np.arange(80), np.arange(80, 100))] * 5
DEFAULTS = {"model.units": 32}


def plan_of(goal=UP, splits=SPLITS):
    return SimpleNamespace(splits=splits, goal=goal, spec=SimpleNamespace(space=SimpleNamespace(defaults=lambda: DEFAULTS)))


PLAN = plan_of()


def trial(number, scores, parameters=100.0, **values):
    mean, sd = mean_and_sd(scores)
    folds = tuple(FoldScore(fold, score, {}, {}, 1, 0.0) for fold, score in enumerate(scores))
    costs = {"parameters": parameters}
    return TrialResult(number, {}, "COMPLETE", folds, mean, sd, costs=costs, **values)


BEST = trial(3, [0.90, 0.92, 0.88, 0.91, 0.94], parameters=1000)
CLOSE = trial(1, [0.91, 0.90, 0.89, 0.90, 0.93], parameters=500)
SMALL = trial(2, [0.90, 0.91, 0.87, 0.92, 0.93], parameters=50)
FAR = trial(0, [0.70, 0.71, 0.69, 0.70, 0.73], parameters=10)


def test_a_trial_that_is_worse_on_every_fold_is_told_apart():
    assert tied(PLAN, BEST, [FAR, CLOSE, SMALL, BEST]) == (1, 2)


def test_a_repeated_configuration_is_not_a_tie_with_itself():
    again = trial(7, [fold.score for fold in BEST.folds], reused=3)
    assert tied(PLAN, again, [BEST, FAR]) == ()


def test_a_single_fold_tells_nothing():
    plan = plan_of(splits=SPLITS[:1])
    assert tied(plan, trial(0, [0.9]), [trial(0, [0.9]), trial(1, [0.8])]) == ()
    assert smallest_within(plan, trial(0, [0.9]), [trial(1, [0.9], parameters=1)]) is None


def test_the_smallest_network_within_one_standard_error():
    assert smallest_within(PLAN, BEST, [FAR, CLOSE, SMALL, BEST]).number == 2
    assert chosen_by("one_se", PLAN, BEST, [FAR, CLOSE, SMALL, BEST]).number == 2
    assert chosen_by("best", PLAN, BEST, [FAR, CLOSE, SMALL, BEST]).number == 3
    assert chosen_by("one_se", PLAN, BEST, [FAR, BEST]).number == 3


@pytest.mark.parametrize(
    ("scores", "parameters", "taken"),
    [
        ([0.90, 0.91, 0.88, 0.91, 0.93], 500, 0),  # the small one is not shown to be better than the defaults
        ([0.90, 0.91, 0.88, 0.91, 0.93], 1000, 0),  # nor is the best, and they are within one error of it
        ([0.893, 0.912, 0.872, 0.902, 0.932], 1000, 3),  # the best is better by 0.008, with a standard error of 0.0002
        ([0.88, 0.90, 0.85, 0.90, 0.92], 500, 2),  # it is better by 0.016, with a standard error of 0.004
        ([0.80, 0.91, 0.85, 0.90, 0.99], 500, 3),  # by 0.016 with one of 0.038, and they are too far from the best
    ],
)
def test_a_smaller_network_is_the_defaults_or_better_than_they_are(scores, parameters, taken):
    defaults = replace(trial(0, scores, parameters), params=DEFAULTS)
    assert chosen_by("one_se", PLAN, BEST, [defaults, SMALL, BEST]).number == taken
    stopped = replace(defaults, state="STOPPED")  # it tells nothing
    assert chosen_by("one_se", PLAN, BEST, [stopped, SMALL, BEST]).number == 2


def test_the_trial_that_fresh_runs_take_is_refitted():
    fresh = Fresh(seeds=5, redrawn=True, taken=1, rule=True)
    assert chosen_by("fresh", PLAN, BEST, [FAR, CLOSE, BEST], fresh).number == 1
    assert chosen_by("best", PLAN, BEST, [FAR, CLOSE, BEST], fresh).number == 3
    assert chosen_by("fresh", PLAN, BEST, [FAR, CLOSE, BEST], replace(fresh, taken=None)).number == 3


def test_a_score_that_is_minimised_is_within_one_error_above_the_best():
    best = trial(0, [1.0, 1.2, 0.9], parameters=90)  # its mean has a standard error of 0.088
    near, worse = trial(1, [1.05, 1.2, 0.95], parameters=9), trial(2, [1.2, 1.3, 1.2], parameters=2)
    assert smallest_within(plan_of(DOWN), best, [best, near, worse]).number == 1


WHOLE = Certificate(
    kind="bbc", trial=12, looks=40, score=0.9329, low=0.8718, high=0.9787, optimism=0.0254, predictions=40, ties=(3, 0, 5)
)


def test_the_sentences_say_score_interval_and_ties():
    first, second = WHOLE.sentences
    assert first == (
        "corrected for the choice among 40 trials: 0.9329 (95 % interval 0.8718 to 0.9787); "
        "the search made it look better by 0.0254"
    )
    assert second == "trial 12 cannot be told from trials 3, 0, 5"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"default": 0, "default_tied": True}, "trial 12 cannot be told from the defaults (trial 0), nor from 2 other trials"),
        ({"ties": (4,)}, "trial 12 cannot be told from trial 4"),
        ({"ties": (4, 5, 6, 7, 8)}, "trial 12 cannot be told from trials 4, 5, 6 and 2 more"),
        ({"ties": (0,), "default": 0, "default_tied": True}, "trial 12 cannot be told from the defaults (trial 0)"),
    ],
)
def test_the_sentence_of_ties(values, said):
    assert Certificate(**{**vars(WHOLE), **values}).sentences[1] == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"early_stopping": 0.01}, "the search made it look better by 0.0254, early stopping by 0.0100"),
        ({"looks": 1}, "cross-validated score: 0.9329 (95 % interval 0.8718 to 0.9787)"),
        (
            {"looks": 1, "early_stopping": 0.01},
            "corrected for early stopping: 0.9329 (95 % interval 0.8718 to 0.9787), which made",
        ),
    ],
)
def test_the_sentence_of_the_score(values, said):
    assert said in Certificate(**{**vars(WHOLE), **values}).sentences[0]


def test_nothing_is_said_of_a_score_that_is_unknown():
    unknown = Certificate(kind="bbc", trial=1, looks=1, score=None, low=None, high=None, optimism=None, predictions=0)
    assert unknown.sentences == []


def test_a_corrected_interval_stays_within_the_scores_that_there_can_be(tmp_path):
    """The best of two is right on 19 of 20 rows, and the mean of its folds is above that, as where folds differ in size."""
    truth, places = np.tile([0, 1], 10), np.arange(20)
    splits = [Split(np.setdiff1d(places, part), part) for part in np.array_split(places, 4)]
    fit = SimpleNamespace(threshold=0.5, early_stop=SimpleNamespace(patience=None))
    fixed = SimpleNamespace(certified="bbc", seed=0)
    space = SimpleNamespace(walk=lambda: [], defaults=lambda: DEFAULTS)
    plan = SimpleNamespace(
        folder=tmp_path,
        same_rows=False,
        splits=splits,
        goal=UP,
        table=SimpleNamespace(
            task="binary", labels=("no", "yes"), class_names=("no", "yes"), classes=(), target=truth, groups=None, rows=places
        ),
        spec=SimpleNamespace(fixed=fixed, space=space, corners=(SimpleNamespace(fit=fit),)),
    )
    (tmp_path / "out_of_fold").mkdir()
    for number, wrong in enumerate((1, 4)):
        said = np.where(places < wrong, 1 - truth, truth)
        np.save(tmp_path / "out_of_fold" / f"{number}.npy", np.eye(2, dtype=np.float32)[said])
    found = certify(plan, [trial(0, [1.0, 1.0, 1.0, 1.0]), trial(1, [0.8, 0.8, 0.8, 0.8])])
    assert found.optimism == 0.0
    assert (found.score, found.high) == (1.0, 1.0)
    assert 0.8 < found.low < 1.0
