"""The baselines of a study: which, on what, and what becomes of those whose time is over."""

import numpy as np
import pytest

from foldwise.config.read import read_study
from foldwise.errors import ConfigError
from foldwise.evaluation.baseline_clock import BaselineClock
from foldwise.study.plan import plan_study
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
