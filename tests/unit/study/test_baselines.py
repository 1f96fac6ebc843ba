"""The baselines of a study: which, on what, and what becomes of those whose time is over."""

import math
import pickle
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldwise.config.read import read_study
from foldwise.errors import ConfigError, Interrupted, JobError
from foldwise.evaluation import baseline_clock
from foldwise.evaluation.baseline_clock import BaselineClock
from foldwise.study import baselines as study_baselines
from foldwise.study.baselines import begin_baselines, finished, judge_baselines
from foldwise.study.beside import at_once
from foldwise.study.plan import plan_study
from tests.unit.data.images import blobs

pytestmark = pytest.mark.slow

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


def sent(work):
    """Carry out what arrives at another process."""
    return at_once(pickle.loads(pickle.dumps(work)))  # noqa: S301 what was pickled here


@pytest.mark.parametrize("asked", [{}, {"fit": {"threshold": 0.3}, "balance": "oversample", "folds": {"count": 2}}])
def test_baselines_that_were_scored_beside_the_search_are_those_of_after_it(tmp_path, asked):
    plan = _plan(tmp_path, {"kind": "sklearn", "name": "breast_cancer"}, **{"baselines": ["majority", "logistic"], **asked})
    begun = begin_baselines(plan, 1, sent)
    found, usual = (
        finished(begun, BaselineClock()),
        judge_baselines(plan, plan.spec.corners[0].fit.threshold, bool(asked), BaselineClock()),
    )
    assert found.scores == usual.scores
    assert all((found.predictions[name] == usual.predictions[name]).all() for name in usual.predictions)


@pytest.mark.parametrize(
    "asked",
    [
        {"fit": {"threshold": ["float", 0.1, 0.9]}},
        {"balance": ["choice", "none", "oversample"]},
        {"balance": {"kind": "smote", "neighbours": ["int", 2, 5]}},
    ],
)
def test_baselines_wait_for_a_search_that_decides_how_they_are_judged(tmp_path, asked):
    plan = _plan(tmp_path, {"kind": "sklearn", "name": "breast_cancer"}, **asked)
    assert begin_baselines(plan, 1, sent) is None


def test_so_do_those_of_pictures_and_of_many_rows_and_without_another_process_or_baselines_nothing_begins(
    tmp_path, pictures, monkeypatch
):
    plan = _plan(tmp_path, IRIS)
    assert begin_baselines(pictures, 1, sent) is None
    assert begin_baselines(plan, 1, None) is None
    assert begin_baselines(_plan(tmp_path, IRIS, baselines=[]), 1, sent) is None
    monkeypatch.setattr(study_baselines, "MOST_CELLS", 150 * 4 - 1)
    assert begin_baselines(plan, 1, sent) is None


def test_a_process_that_ended_leaves_its_baselines_to_this_one_and_a_fault_is_raised():
    lost, torn = Future(), Future()
    lost.set_exception(JobError("that process has ended"))
    torn.set_exception(ValueError("odd cells"))
    assert finished(lost, BaselineClock()) is None
    with pytest.raises(ValueError, match="odd cells"):
        finished(torn, BaselineClock())


def test_a_study_that_waits_says_so(monkeypatch):
    late, notes = Future(), []

    def note(sentence):
        notes.append(sentence)
        late.set_exception(JobError("that process has ended"))

    monkeypatch.setattr(baseline_clock, "SECONDS_BETWEEN", 0.5)
    assert finished(late, BaselineClock(None, note)) is None
    assert [note.partition(",")[0] for note in notes] == ["waiting for the baselines"]


def test_a_study_that_is_stopped_does_not_wait_for_its_baselines():
    def stop():
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        finished(Future(), BaselineClock(None, raise_if_stopped=stop))


def test_a_baseline_of_another_task_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match=r"baselines\.0: ridge is not a baseline of a multiclass task"):
        _plan(tmp_path, IRIS, baselines=["ridge"])
    assert list(tmp_path.iterdir()) == []
