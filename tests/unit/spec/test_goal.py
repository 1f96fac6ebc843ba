import math
from pathlib import Path

import pytest

import foldwise
from foldwise.errors import ConfigError
from foldwise.spec.goal import Goal, goal_for, is_metric, natural_goal, unknown_metric


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
        ("top_2_accuracy", "auto", "binary", "not defined for a binary task"),
        ("top_2_accuracy", "minimize", "multiclass", "top_2_accuracy is maximized"),
        ("top_1_accuracy", "auto", "multiclass", "'top_1_accuracy' is not a metric"),
    ],
)
def test_a_goal_that_makes_no_sense_is_refused(metric, direction, task, sentence):
    with pytest.raises(ConfigError, match="goal") as caught:
        goal_for(metric, direction, task)
    assert sentence in str(caught.value)


def test_top_k_accuracy_is_a_metric_for_any_k_below_the_number_of_labels():
    assert goal_for("top_4_accuracy", "auto", "multiclass", 5).sign == natural_goal("top_3_accuracy").sign == 1
    with pytest.raises(ConfigError, match=r"top_5_accuracy is always 1 for 5 labels.*; use top_4_accuracy"):
        goal_for("top_5_accuracy", "auto", "multiclass", 5)
    with pytest.raises(ConfigError, match="use accuracy"):
        goal_for("top_9_accuracy", "auto", "multiclass", 2)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("top_k_accuracy", "top-k accuracy is written with its k, as top_2_accuracy, where k is from 2"),
        ("top5", "written with its k, as top_2_accuracy"),
        ("top_1_accuracy", "write accuracy, or top_2_accuracy"),
        ("top_02_accuracy", "written with its k"),
        ("acuracy", "did you mean accuracy?"),
        ("nonsense", "known: "),
    ],
)
def test_a_word_that_is_no_metric_gets_a_proposal(name, sentence):
    assert not is_metric(name)
    assert sentence in unknown_metric(name)


def test_a_score_that_is_not_finite_is_never_better():
    for goal in (Goal("accuracy", "maximize"), Goal("rmse", "minimize")):
        for score in (math.nan, math.inf, -math.inf):
            assert not goal.better(score, 0.5)
            assert goal.better(0.5, score)
        assert goal.better(1.0, goal.worst)


@pytest.mark.parametrize(
    ("goal", "sign", "ranked"), [(natural_goal("r2"), 1, [3, 1, 0, 2]), (natural_goal("mse"), -1, [0, 1, 3, 2])]
)
def test_items_are_ranked_in_the_direction_of_the_goal_and_equal_ones_keep_their_order(goal, sign, ranked):
    assert goal.sign == sign
    assert goal.worst == -sign * math.inf
    scores = [1.0, 2.0, math.nan, 3.0]
    assert goal.rank(range(4), scores.__getitem__) == ranked
    assert goal.rank("abc", lambda letter: 0.5) == ["a", "b", "c"]
    assert goal.rank([math.inf, 0.0, -math.inf], float) == [0.0, math.inf, -math.inf]


def test_only_goals_know_the_direction():
    package = Path(foldwise.__file__).parent
    files = [file for file in package.rglob("*") if file.suffix in (".py", ".js") and "maximize" in file.read_text()]
    assert {str(file.relative_to(package)) for file in files} == {
        "spec/goal.py",
        "spec/study.py",
    }  # the latter names the options


@pytest.mark.parametrize(
    ("metric", "score", "nearest"),
    [
        ("accuracy", 1.02, 1.0),
        ("top_3_accuracy", 1.02, 1.0),
        ("mcc", -0.2, -0.2),
        ("r2", 1.1, 1.0),
        ("r2", -5.0, -5.0),
        ("rmse", -0.1, 0.0),
    ],
)
def test_the_nearest_score_that_there_can_be(metric, score, nearest):
    assert Goal(metric, "maximize").nearest(score) == nearest
    assert math.isnan(Goal(metric, "maximize").nearest(math.nan))
