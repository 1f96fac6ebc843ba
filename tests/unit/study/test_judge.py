"""The baselines of a study: which, on what, and what becomes of those whose time is over."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from foldwise.config.read import read_study
from foldwise.errors import ConfigError
from foldwise.evaluation.baseline_clock import BaselineClock
from foldwise.spec.goal import goal_for
from foldwise.study.plan import plan_study
from foldwise.trial.summary import BaselineScore
from tests.unit.data.images import blobs

pytestmark = pytest.mark.slow  # it imports TensorFlow

IRIS = {"kind": "sklearn", "name": "iris"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A plan of 24 x 20 images."""
    folder = tmp_path_factory.mktemp("pictures")
    np.savez(folder / "zoo.npz", images=blobs(rows=120, height=24, width=20), labels=np.tile(["ape", "bat", "cat"], 40))
    return _plan(folder, {"kind": "npz", "path": str(folder / "zoo.npz")})


def _plan(folder, data, **asked):
    return plan_study(read_study({"data": data, "paths": {"runs": str(folder / "runs")}, "folds": {"count": 3}, **asked}))


def _judged(plan, clock=None, balanced=False):
    from foldwise.study.judge import judge_baselines

    return judge_baselines(plan, 0.5, balanced, clock or BaselineClock())


def test_a_linear_baseline_of_images_learns_from_small_ones(pictures):
    found = _judged(pictures)
    blind, linear = found.scores
    assert (blind.name, blind.image) == ("majority", None)
    assert (linear.name, linear.image) == ("logistic", (12, 10, 1))
    assert linear.mean > 0.9
    assert linear.holdout > 0.9
    assert found.predictions["logistic"].shape == (len(pictures.holdout), 3)
    assert found.seconds > 0
    assert found.unfinished == ()


def test_what_was_not_finished_has_no_score_and_its_reason(pictures):
    clock = BaselineClock(1e-9)
    found = _judged(pictures, clock, balanced=True)
    assert [score.name for score in found.scores] == ["majority"]
    assert [other.name for other in found.unfinished] == ["logistic", "logistic_balanced"]
    assert found.unfinished[0].sentence == "logistic was left out: the 1e-09 s of budget.baseline_seconds were over"


def test_the_baselines_that_were_asked_for_are_judged_in_their_order(tmp_path):
    found = _judged(_plan(tmp_path, IRIS, baselines=["logistic_balanced", "majority"]))
    assert [score.name for score in found.scores] == ["logistic_balanced", "majority"]
    assert [score.image for score in found.scores] == [None, None]
    none = _judged(_plan(tmp_path, IRIS, baselines=[]))
    assert (none.scores, none.predictions, none.unfinished) == ((), {}, ())


def test_boosting_joins_on_tables_and_not_where_rows_are_pictures(tmp_path, pictures):
    found = _judged(_plan(tmp_path, IRIS))
    assert [score.name for score in found.scores] == ["majority", "logistic", "boosting"]
    assert found.scores[2].mean > 0.9
    assert found.scores[2].holdout > 0.8
    assert found.seconds < 60
    digits = {"kind": "sklearn", "name": "digits"}
    shown = _plan(tmp_path, digits, model={"kind": "cnn", "image": [8, 8, 1], "filters": 2}, baselines=None)
    found = _judged(replace(shown, splits=shown.splits[:1]))
    assert [score.name for score in found.scores] == ["majority", "logistic"]
    with pytest.raises(ConfigError, match=r"baselines\.0: boosting is for tables, not for images; use some of majority, log"):
        plan_study(replace(pictures.spec, fixed=pictures.spec.fixed.model_copy(update={"baselines": ("boosting",)})))


@pytest.mark.parametrize(("task", "rows"), [("binary", 300), ("regression", 300), ("regression", 12)])
def test_columns_of_every_kind_are_for_boosting_too(tmp_path, task, rows):
    draws = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": np.where(draws.random(rows) < 0.2, np.nan, draws.normal(size=rows)),
            "day": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
            "colour": draws.choice(["red", "blue", "green"], rows),
        }
    )
    frame["y"] = np.where(frame["colour"] == "red", "yes", "no") if task == "binary" else frame["size"].fillna(0) + 100
    frame.to_csv(tmp_path / "rows.csv", index=False)
    data = {"kind": "csv", "path": str(tmp_path / "rows.csv"), "target": "y", "task": task}
    found = _judged(_plan(tmp_path, data, prep={"dates": "parts"}))
    assert found.scores[2].name == "boosting"
    assert math.isfinite(found.scores[2].mean)
    if task == "binary":
        assert found.scores[2].mean == found.scores[2].holdout == 1
    elif rows > 100:
        assert found.scores[2].mean < found.scores[0].mean / 2


def test_levels_that_boosting_joins_are_told(tmp_path):
    levels = [f"k{number}" for number in range(300)]
    frame = pd.DataFrame({"kind": levels * 4, "x": np.arange(1200.0) % 7, "y": np.arange(1200.0) % 5})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    data = {"kind": "csv", "path": str(tmp_path / "rows.csv"), "target": "y", "task": "regression"}
    data["kinds"] = {"kind": "category"}
    found = _judged(_plan(tmp_path, data))
    assert [score.joined for score in found.scores] == [(), (), ("kind",)]
    assert found.remarks == ["boosting tells 255 levels of a column apart, so the rarest were joined in kind"]


def test_the_rival_is_the_best_in_cross_validation_and_never_by_the_holdout():
    from foldwise.study.judge import best_baseline

    scores = [
        BaselineScore("majority", math.nan, 0.0, 0.99),
        BaselineScore("logistic", 0.8, 0.0, 0.7),
        BaselineScore("boosting", 0.79, 0.0, 0.95),
    ]
    assert best_baseline(scores, lambda left, right: left > right).name == "logistic"
    assert best_baseline(scores, lambda left, right: left < right).name == "boosting"
    assert best_baseline([], lambda left, right: left > right) is None


@pytest.mark.parametrize(
    ("cross_validated", "ours", "word", "end"),
    [
        ({"logistic": 0.7, "boosting": 0.9}, 0.6, "worse", "gradient boosting is better by 0.250 ("),
        ({"logistic": 0.7, "boosting": 0.9}, 0.95, "better", ": the model is better"),
        (
            {"logistic": 0.9, "boosting": 0.8},
            0.8,
            None,
            ": the model is better than logistic, but not than gradient boosting, ",
        ),
        ({"logistic": 0.9, "boosting": 0.8}, 0.5, "worse", ": the baseline is better"),
    ],
)
def test_where_boosting_is_better_the_verdict_never_names_the_network(cross_validated, ours, word, end):
    """On 400 rows logistic is right in 65 %, boosting in 85 %."""
    from foldwise.study.figures import Answers
    from foldwise.study.judge import Baselines, _verdict

    truth, right = np.arange(400) % 2, {"logistic": 0.65, "boosting": 0.85}
    plan = SimpleNamespace(
        table=SimpleNamespace(task="binary", labels=("a", "b"), class_names=("a", "b")),
        goal=goal_for("accuracy", "auto", "binary"),
        holdout=SimpleNamespace(rows=truth, target=truth, classes=()),
        spec=SimpleNamespace(fixed=SimpleNamespace(seed=0)),
    )
    scores = tuple(BaselineScore(name, mean, 0.01, right[name], 0.5) for name, mean in cross_validated.items())
    rivals = Baselines(scores, {name: _shares(truth, share) for name, share in right.items()}, (), 1.0)
    sentence, answer = _verdict(plan, Answers(truth, _shares(truth, ours), 0.5), ours, rivals)
    assert answer == word
    assert end in sentence


def _shares(truth, right):
    """Probabilities whose labels are right in this share of rows, spread over both classes."""
    wrong = np.arange(len(truth)) % 20 >= 20 * right
    return np.where(np.eye(2)[np.where(wrong, 1 - truth, truth)] > 0, 0.9, 0.1)


def test_a_baseline_of_another_task_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match=r"baselines\.0: ridge is not a baseline of a multiclass task"):
        _plan(tmp_path, IRIS, baselines=["ridge"])
    assert list(tmp_path.iterdir()) == []


def test_a_study_without_baselines_is_compared_with_nothing(tmp_path):
    from foldwise.api import train

    words = ["data=iris", "baselines=[]", "tracking=in_memory", f"paths.runs={tmp_path}", "fit.epochs=2", "folds.count=2"]
    done = train(*words)
    assert done.verdict.endswith("; compared with no baseline: baselines=[] asks for none")
    assert done.summary["baselines"] == []
    assert "answer" not in done.summary
    assert 0 <= done.summary["seconds"]["baselines"] <= done.summary["seconds"]["total"]
    assert "compared with no baseline" in (done.folder / "compare.html").read_text()
