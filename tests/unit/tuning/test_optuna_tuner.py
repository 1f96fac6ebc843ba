import math

import optuna
import pytest

from foldwise.goal import Goal
from foldwise.results import FoldScore, TrialResult
from foldwise.template import split
from foldwise.tuning.optuna_tuner import OptunaTuner, to_optuna

SPACE = split({"x": ["float", -5.0, 5.0], "y": ["float", -5.0, 5.0]})[1]


def _search(direction, sign):
    tuner = OptunaTuner(SPACE, Goal("m", direction), seed=2, startup=8)
    scores = []
    for number in range(40):
        params = tuner.ask(number)
        scores.append(sign * ((params["x"] - 1) ** 2 + (params["y"] + 2) ** 2))
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=scores[-1]))
    return scores


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_it_learns_in_the_goal_s_direction(direction, sign):
    scores = [abs(s) for s in _search(direction, sign)]
    assert min(scores[8:]) < 0.5
    assert sum(scores[30:]) < sum(scores[:10]) / 2


def test_it_keeps_away_from_what_still_runs():
    line = split({"x": ["float", 0.0, 1.0]})[1]
    tuner = OptunaTuner(line, Goal("m", "minimize"), seed=0, startup=3)
    for number in range(10):
        params = tuner.ask(number)
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=abs(params["x"] - 0.5)))
    alone = tuner.ask(10)
    assert tuner.ask(10, [alone] * 5) != alone


def test_a_score_that_is_not_finite_teaches_nothing():
    calm = OptunaTuner(SPACE, Goal("m", "minimize"), seed=0, startup=1)
    calm.tell(TrialResult(0, {"x": 0.0, "y": 0.0}, "COMPLETE", mean=1.0))
    before = calm.ask(5)
    calm.tell(TrialResult(1, {"x": 1.0, "y": 0.0}, "COMPLETE", mean=math.inf))
    calm.tell(TrialResult(2, {"x": 1.0, "y": 0.0}, "FAILED", reason="nan"))
    assert calm.ask(5) == before


def test_optuna_s_plots_get_a_study_with_states_values_and_folds():
    fold = FoldScore(0, 0.7, {}, {}, 1, 0.1)
    results = [
        TrialResult(0, {"x": 1.0, "y": 2.0}, "COMPLETE", (fold,), 0.7, 0.0),
        TrialResult(1, {"x": 1.5, "y": 2.0}, "FAILED", reason="nan"),
        TrialResult(2, {"x": 0.5, "y": 2.0}, "STOPPED", (fold,)),
    ]
    study = to_optuna(SPACE, Goal("accuracy", "maximize"), results)
    assert [t.state.name for t in study.trials] == ["COMPLETE", "FAIL", "PRUNED"]
    assert study.best_value == 0.7
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.trials[0].params == {"x": 1.0, "y": 2.0}
    assert study.trials[2].intermediate_values == {0: 0.7}
