import math
from dataclasses import replace

import numpy as np
import pytest

from foldwise.config.template import split
from foldwise.spec.goal import Goal
from foldwise.trial.result import TrialResult
from foldwise.tuning.further_gain import FEWEST, further_gain
from foldwise.tuning.random_tuner import RandomTuner

GOAL = Goal("rmse", "minimize")
PLANE = split({"x": ["float", 0.0, 1.0], "rate": ["float", 1e-4, 1.0, {"log": True}]})[1]
TREE = split({"shift": ["float", 0.0, 1.0], "model": ["choice", {"kind": "a", "depth": ["int", 1, 9]}, "b"]})[1]


def _results(count, score, space=PLANE, noise=0.0):
    tuner, rng, found = RandomTuner(space, 3), np.random.default_rng(5), []
    for number in range(count):
        params = tuner.ask(number)
        found.append(TrialResult(number, params, "COMPLETE", mean=score(params) + noise * float(rng.normal())))
    return found


def _bowl(params):
    return (params["x"] - 0.3) ** 2 + 0.05 * (math.log10(params["rate"]) + 2) ** 2


def test_few_trials_allow_no_bound():
    assert further_gain(PLANE, GOAL, _results(FEWEST - 1, _bowl), 0) is None


def test_a_space_that_was_searched_through_has_little_left_and_more_trials_leave_less():
    few, many = (further_gain(PLANE, GOAL, _results(count, _bowl), 0) for count in (FEWEST, 100))
    assert 0 <= many < few
    assert many < 0.02


def test_the_bound_holds_while_the_best_region_was_not_seen():
    results = [result for result in _results(60, _bowl) if result.params["x"] > 0.6]
    best = min(result.mean for result in results)
    assert further_gain(PLANE, GOAL, results, 0) > best - 0.0


def test_of_mere_noise_less_can_be_gained_than_it_is_wide():
    assert further_gain(PLANE, GOAL, _results(60, lambda params: 0.0, noise=0.1), 0) < 0.2


def test_trials_that_are_all_equal_have_nothing_to_gain():
    assert further_gain(PLANE, GOAL, _results(30, lambda params: 0.5), 0) == 0.0


def test_the_direction_and_the_scale_of_the_metric_are_the_goal_s():
    losses = _results(50, _bowl)
    gains = [replace(result, mean=1 - result.mean) for result in losses]
    found = further_gain(PLANE, GOAL, losses, 0)
    assert further_gain(PLANE, Goal("accuracy", "maximize"), gains, 0) == pytest.approx(found, rel=0.05)
    larger = [replace(result, mean=100 * result.mean) for result in losses]
    assert further_gain(PLANE, GOAL, larger, 0) == pytest.approx(100 * found, rel=0.05)


def test_a_diverged_trial_hides_nothing():
    results = _results(50, _bowl)
    diverged = [*results, TrialResult(50, {"x": 0.99, "rate": 0.9}, "COMPLETE", mean=1e12)]
    assert further_gain(PLANE, GOAL, diverged, 0) < 0.1


def test_ranges_of_some_options_only_are_taken_at_their_default():
    results = _results(40, lambda params: params["shift"] + (params["model"] == "b"), TREE)
    assert further_gain(TREE, GOAL, results, 0) < 0.3


def test_it_depends_on_the_trials_and_the_seed_alone():
    results = _results(150, _bowl)
    assert further_gain(PLANE, GOAL, results, 0) == further_gain(PLANE, GOAL, list(reversed(results)), 0)
