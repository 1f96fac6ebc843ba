"""Out-of-fold predictions in files."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from foldwise.data.split import Split
from foldwise.spec.certify import AnswersSpec, CertifySpec, SelectSpec
from foldwise.spec.goal import Goal
from foldwise.study import out_of_fold
from foldwise.trial.result import TrialResult

ROWS = 6
SPLITS = (Split(np.array([3, 4, 5]), np.array([1, 0, 2])), Split(np.array([0, 1, 2]), np.array([3, 5, 4])))


def plan_of(folder, calibrate="auto", rule="best", **certify):
    table = SimpleNamespace(labels=("no", "yes"), classes=(), target=np.array([0, 1, 0, 1, 0, 1]), rows=np.arange(10, 16))
    asked = {"certify": CertifySpec(**certify), "answers": AnswersSpec(calibrate=calibrate), "select": SelectSpec(rule=rule)}
    fixed = SimpleNamespace(**asked)
    goal = Goal("accuracy", "maximize")
    return SimpleNamespace(
        folder=folder, spec=SimpleNamespace(fixed=fixed), splits=SPLITS, table=table, goal=goal, same_rows=False
    )


def trial(number, mean=0.5):
    yes = np.linspace(0.1, 0.9, ROWS) + number / 100
    return TrialResult(number, {}, "COMPLETE", mean=mean, answers=np.column_stack([1 - yes, yes]))


def test_what_is_kept_is_loaded(tmp_path):
    plan = plan_of(tmp_path)
    first, second = trial(0), trial(1)
    out_of_fold.keep(plan, first, [])
    out_of_fold.keep(plan, second, [first])
    found = out_of_fold.load(plan, [0, 1, 2])
    assert sorted(found) == [0, 1]
    np.testing.assert_allclose(found[1], second.answers, atol=1e-7)
    assert found[1].dtype == np.float64


def test_the_best_are_kept_where_all_would_be_too_many(tmp_path):
    plan = plan_of(tmp_path, keep_mb=2 * ROWS * 2 * 4 / 2**20)  # two files
    done = []
    for number, mean in enumerate([0.5, 0.9, 0.4, 0.7, 0.8]):
        out_of_fold.keep(plan, trial(number, mean), done)
        done.append(trial(number, mean))
    assert sorted(out_of_fold.load(plan, range(5))) == [1, 4]


def test_those_of_the_defaults_are_kept_where_they_may_be_refitted(tmp_path):
    plan = plan_of(tmp_path, rule="fresh", keep_mb=2 * ROWS * 2 * 4 / 2**20)
    done = []
    for number, mean in enumerate([0.5, 0.9, 0.4, 0.7, 0.8]):
        out_of_fold.keep(plan, trial(number, mean), done)
        done.append(trial(number, mean))
    assert sorted(out_of_fold.load(plan, range(5))) == [0, 1, 4]


def test_answers_need_predictions_without_a_certificate_too(tmp_path):
    plan = plan_of(tmp_path, kind="none")
    out_of_fold.keep(plan, trial(0), [])
    assert sorted(out_of_fold.load(plan, [0])) == [0]


def test_one_trial_is_kept_however_small_the_bound(tmp_path):
    plan = plan_of(tmp_path, keep_mb=1e-9)
    out_of_fold.keep(plan, trial(0), [])
    assert sorted(out_of_fold.load(plan, [0])) == [0]


def test_nothing_is_kept_of_a_trial_that_did_not_complete_or_unasked(tmp_path):
    out_of_fold.keep(plan_of(tmp_path), TrialResult(0, {}, "FAILED"), [])
    out_of_fold.keep(plan_of(tmp_path, kind="none", calibrate=False), trial(1), [])
    assert not (tmp_path / out_of_fold.FOLDER).exists()


@pytest.mark.parametrize("spoil", ["cut off", "other rows", "not finite", "no array"])
def test_a_file_that_is_not_whole_is_left_out(tmp_path, spoil):
    plan, path = plan_of(tmp_path), tmp_path / out_of_fold.FOLDER / "0.npy"
    out_of_fold.keep(plan, trial(0), [])
    if spoil == "cut off":
        path.write_bytes(path.read_bytes()[:-5])
    elif spoil == "no array":
        path.write_text("hello")
    else:
        np.save(path, np.ones((3, 2)) if spoil == "other rows" else np.full((ROWS, 2), np.nan))
    assert out_of_fold.load(plan, [0]) == {}


def test_the_table_names_each_row_with_its_fold_and_truth(tmp_path):
    plan = plan_of(tmp_path)
    out_of_fold.write_best(plan, trial(0).answers)
    frame = pd.read_parquet(tmp_path / out_of_fold.BEST)
    assert frame["row"].tolist() == [11, 10, 12, 13, 15, 14]
    assert frame["fold"].tolist() == [0, 0, 0, 1, 1, 1]
    assert frame["truth"].tolist() == ["yes", "no", "no", "yes", "yes", "no"]
    np.testing.assert_allclose(frame[["p_no", "p_yes"]].sum(axis=1), 1.0)
