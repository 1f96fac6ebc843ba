import math

import numpy as np

from foldwise.report.figures.searched import limits
from foldwise.trial.summary import BaselineScore
from tests.unit.report.figures.searches import complete, goal, look, made


def test_trials_are_seen_by_number_and_parameters_by_importance():
    search = look(made(80)[::-1])
    assert [result.number for result in search.results] == list(range(80))
    assert search.columns[0].name == "model.mlp.dropout"
    assert search.scored.sum() == 72
    assert search.best is search.ranked[0]
    assert search.best.mean == np.nanmax(search.scores)
    assert set(search.promised) == {7, 27, 47, 67}
    assert search.rival.name == "logistic"


def test_scores_that_are_not_finite_do_not_count():
    params = [{"model.mlp.dropout": 0.1 * n} for n in range(4)]
    results = [
        complete(n, params[n], scores) for n, scores in enumerate([[0.5, 0.7], [math.nan, 0.9], [0.4, 0.4], [math.inf, 1]])
    ]
    search = look(results)
    assert search.scored.tolist() == [True, False, True, False]
    assert search.best.number == 0


def test_the_lowest_score_is_the_best_if_the_goal_is_minimized():
    results = [complete(n, {"fit.x": n}, [score] * 2) for n, score in enumerate([3.0, 1.0, 2.0])]
    rivals = [
        BaselineScore("mean", 9.0, 0.1, 9.0),
        BaselineScore("line", 2.0, 0.1, 2.0),
        BaselineScore("none", math.nan, math.nan, math.nan),
    ]
    search = look(results, "rmse", rivals)
    assert [result.number for result in search.ranked] == [1, 2, 0]
    assert search.rival.name == "line"


def test_one_diverged_trial_does_not_stretch_the_axis_but_a_good_one_does():
    scores = np.array([*np.linspace(1, 2, 20), 1e9])
    assert limits(scores, goal("rmse"))[1] < 6
    assert limits(-scores, goal("r2"))[0] > -6
    assert limits(np.array([*np.linspace(1, 2, 20), 0.001]), goal("rmse"))[0] == 0.001
    assert limits(np.array([1.0, 1e9]), goal("rmse")) == (1.0, 1e9), "with few trials, no trial is left out"
    assert limits(np.array([1.0] * 20 + [5.0]), goal("rmse")) == (1.0, 5.0)
    assert limits(np.array([]), goal()) == (0.0, 1.0)
