"""Which trials count as best."""

import math

import pytest

from foldwise.spec.goal import Goal, cost_goal
from foldwise.trial.result import TrialResult, best_of, pareto

GOALS = (Goal("accuracy", "maximize"), cost_goal("parameters"))


def trial(number, mean, parameters, state="COMPLETE"):
    return TrialResult(number, {}, state, mean=mean, costs={"parameters": parameters})


def test_the_front_has_the_trials_that_no_other_dominates_and_of_equals_the_first():
    trials = [
        trial(4, 0.9, 100),
        trial(0, 0.8, 50),
        trial(1, 0.8, 60),  # 0 is as good and smaller
        trial(2, 0.7, 50),  # 0 is better and as small
        trial(3, 0.95, 900),
        trial(5, 0.9, 100),  # as 4
        trial(6, 0.99, 10, "STOPPED"),
        trial(7, math.nan, 1),
    ]
    assert [result.number for result in pareto(trials, GOALS)] == [0, 3, 4]


def test_the_front_of_a_minimized_score():
    goals = (Goal("rmse", "minimize"), cost_goal("parameters"))
    assert [r.number for r in pareto([trial(0, 1.0, 5), trial(1, 0.5, 5), trial(2, 2.0, 1)], goals)] == [1, 2]


@pytest.mark.parametrize(("direction", "number"), [("maximize", 1), ("minimize", 2)])
def test_the_best_trial_is_complete_and_of_equals_the_first(direction, number):
    trials = [
        trial(3, 0.9, 1),
        trial(1, 0.9, 9),
        trial(2, 0.1, 1),
        trial(0, 0.0 if direction == "minimize" else 1, 1, "STOPPED"),
    ]
    assert best_of(trials, Goal("x", direction)).number == number
    assert best_of(trials[-1:], Goal("x", direction)) is None
