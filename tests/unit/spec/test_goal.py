import math

import pytest

from foldwise.errors import ConfigError
from foldwise.spec.goal import Goal, goal_for


@pytest.mark.parametrize(("task", "metric"), [("binary", "accuracy"), ("multiclass", "accuracy"), ("regression", "rmse")])
def test_auto_takes_the_usual_metric_of_the_task(task, metric):
    assert goal_for("auto", "auto", task).metric == metric


def test_the_direction_follows_from_the_metric():
    assert goal_for("log_loss", "auto", "binary").direction == "minimize"
    assert goal_for("r2", "maximize", "regression").direction == "maximize"


@pytest.mark.parametrize(
    ("metric", "direction", "task", "sentence"),
    [
        ("rmse", "auto", "binary", "not defined for a binary task"),
        ("accuracy", "minimize", "binary", "accuracy is maximized"),
        ("acuracy", "auto", "binary", "did you mean accuracy?"),
    ],
)
def test_a_goal_that_makes_no_sense_is_refused(metric, direction, task, sentence):
    with pytest.raises(ConfigError, match="goal") as caught:
        goal_for(metric, direction, task)
    assert sentence in str(caught.value)


def test_a_score_that_is_not_finite_is_never_better():
    for goal in (Goal("accuracy", "maximize"), Goal("rmse", "minimize")):
        for score in (math.nan, math.inf, -math.inf):
            assert not goal.better(score, 0.5)
            assert goal.better(0.5, score)
        assert goal.better(1.0, goal.worst)
