"""Whole trials on small tables."""

import math
from dataclasses import replace

import numpy as np
import pytest

from foldwise.errors import Interrupted
from foldwise.spec.balance import Smote
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import CnnSpec, MlpSpec
from foldwise.spec.optimizer import OptimizerSpec
from foldwise.spec.prep import PrepSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
TASKS = pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])


def _run(job, table, splits, *watch):
    from foldwise.training.cross_validate import cross_validate

    return cross_validate(job, table, splits, *watch)


def _scores(result):
    """Everything that a second run must repeat: all but the time."""
    folds = [(fold.score, dict(fold.metrics), dict(fold.curves), fold.best_epoch) for fold in result.folds]
    return folds, result.mean, result.sd, dict(result.metrics)


@TASKS
def test_a_trial_is_scored_on_every_fold_and_on_all_rows(task, job, table, splits):
    data = table(task)
    result = _run(job(task), data, splits(data))
    assert result.state == "COMPLETE"
    assert [fold.fold for fold in result.folds] == [0, 1, 2]
    scores = [fold.score for fold in result.folds]
    assert result.mean == pytest.approx(np.mean(scores))
    assert result.sd == pytest.approx(np.std(scores, ddof=1))
    assert all(fold.score == fold.metrics["rmse" if task == "regression" else "accuracy"] for fold in result.folds)
    assert result.engine == "fused"
    assert set(result.metrics) == set(result.folds[0].metrics)


def test_a_trial_is_scored_by_top_k_accuracy_if_that_is_the_goal(job, table, splits):
    data = table()
    result = _run(job(metric="top_2_accuracy"), data, splits(data))
    assert all(fold.score == fold.metrics["top_2_accuracy"] > fold.metrics["accuracy"] for fold in result.folds)
    assert "top_2_accuracy" in result.metrics
    assert "top_2_accuracy" not in _run(job(), data, splits(data)).metrics


@TASKS
def test_the_same_seed_gives_the_same_bits(task, job, table, splits):
    data = table(task)
    model = MlpSpec(hidden=2, units=8, dropout=0.3, noise=0.1, batch_norm=True)
    first, again = (_run(job(task, seed=5, model=model), data, splits(data)) for _ in range(2))
    assert _scores(first) == _scores(again)
    other = _run(job(task, seed=6, model=model), data, splits(data))
    assert _scores(first) != _scores(other)


def test_another_trial_number_gives_other_numbers_and_the_parameters_names_do_not(job, table, splits):
    data = table()
    assert _scores(_run(job(number=1), data, splits(data))) != _scores(_run(job(number=2), data, splits(data)))


def test_a_regression_is_scored_in_the_target_s_own_unit(job, table, splits):
    small, large = table("regression"), table("regression", shift=1e4, scale=1000.0)
    one, thousand = (_run(job("regression"), data, splits(data)) for data in (small, large))
    assert thousand.mean == pytest.approx(1000 * one.mean, rel=1e-2)
    assert thousand.folds[0].curves["val_mae"][-1] == pytest.approx(thousand.folds[0].metrics["mae"], rel=1e-3)
    unscaled = _run(job("regression", prep=PrepSpec(target="none")), small, splits(small))
    assert unscaled.state == "COMPLETE"


def test_a_tuned_threshold_is_kept_and_scores_each_fold_by_the_others(job, table, splits):
    data = table("binary")
    rare = replace(data, target=(data.target & (np.arange(90) % 3 > 0)).astype(np.int64))
    parts = {"metric": "f1", "fit": FitSpec(epochs=5, batch_size=8, threshold="auto")}
    tuned = _run(job("binary", **parts), rare, splits(rare))
    usual = _run(job("binary", metric="f1"), rare, splits(rare))
    assert set(tuned.metrics) == {*usual.metrics, "threshold"}
    assert 0 <= tuned.metrics["threshold"] <= 1
    assert tuned.metrics["roc_auc"] == usual.metrics["roc_auc"]
    assert [fold.curves for fold in tuned.folds] == [fold.curves for fold in usual.folds]
    assert tuned.mean == pytest.approx(np.mean([fold.metrics["f1"] for fold in tuned.folds]))
    given = _run(job("binary", metric="f1", fit=FitSpec(epochs=5, batch_size=8, threshold=0.001)), rare, splits(rare))
    assert given.metrics["recall"] == 1.0


@pytest.mark.parametrize("kind", ["class_weight", "oversample", "undersample", "smote", "smote_tomek"])
def test_balancing_finds_more_of_a_rare_class(kind, job, table, splits):
    from foldwise.spec.trial import TrialSpec

    data = table("binary", rows=300)
    rare = replace(data, target=(data.target & (np.arange(300) % 5 == 0)).astype(np.int64))
    cut, fit = splits(rare, 4), FitSpec(epochs=30, batch_size=16)
    balance = TrialSpec.model_validate({"balance": {"kind": kind}}).balance
    plain, even = (_run(job("binary", metric="recall", fit=fit, **more), rare, cut) for more in ({}, {"balance": balance}))
    assert (even.state, even.engine) == ("COMPLETE", "fused")
    assert even.mean > plain.mean + 0.1
    again = _run(job("binary", metric="recall", fit=fit, balance=balance), rare, cut)
    assert _scores(again) == _scores(even)


def test_classes_that_cannot_be_balanced_fail_the_trial(job, table, splits):
    data = table("binary")
    single = replace(data, target=(np.arange(90) == 4).astype(np.int64))
    result = _run(job("binary", balance=Smote(kind="smote")), single, splits(single))
    assert result.state == "FAILED"
    assert result.reason.startswith("balance: smote needs two training rows")


def test_watch_is_called_after_every_fold(job, table, splits):
    folds = []
    data = table()
    _run(job(), data, splits(data), folds.append)
    assert folds == [0, 1, 2]


def test_an_interruption_ends_the_trial_after_the_fold(job, table, splits):
    folds = []

    def stop(fold):
        folds.append(fold)
        if fold == 1:
            raise Interrupted("stopped")

    data = table()
    with pytest.raises(Interrupted):
        _run(job(), data, splits(data), stop)
    assert folds == [0, 1]


def test_a_loss_that_is_not_finite_fails_the_trial_with_epoch_and_fold(job, table, splits):
    fit = FitSpec(epochs=50, batch_size="full", optimizer=OptimizerSpec(kind="sgd", learning_rate=1e20))
    data = table("regression")
    result = _run(job("regression", fit=fit), data, splits(data))
    assert result.state == "FAILED"
    assert result.reason.startswith("nan: ")
    assert "is not finite in epoch" in result.reason
    assert result.reason.endswith("of fold 0")
    assert math.isnan(result.mean)


def test_a_goal_that_a_fold_cannot_compute_fails_the_trial(job, table, splits):
    data = table("binary")
    cut = splits(data)
    only_no = cut[1].valid[data.target[cut[1].valid] == 0]
    cut[1] = type(cut[1])(cut[1].train, only_no)
    result = _run(job("binary", metric="roc_auc"), data, cut)
    assert result.state == "FAILED"
    assert result.reason == "undefined metric: roc_auc cannot be computed on the validation rows of fold 1"
    assert [fold.fold for fold in result.folds] == [0]
    assert math.isnan(result.mean)


def test_a_fault_of_a_library_is_the_trial_s_and_not_the_study_s(job, table, splits):
    data = table()
    cut = splits(data)
    cut[1] = type(cut[1])(cut[1].train, np.array([10_000]))
    result = _run(job(), data, cut)
    assert result.state == "FAILED"
    assert result.reason.startswith("error: IndexError: ")
    assert "\n" not in result.reason


def test_a_trial_too_large_for_memory_is_oom(job, table, splits):
    def too_large(fold):
        raise MemoryError

    data = table()
    result = _run(job(), data, splits(data), too_large)
    assert result.state == "FAILED"
    assert result.reason.startswith("oom: ")


def test_memory_does_not_grow_from_trial_to_trial(job, table, splits):
    import resource
    from pathlib import Path

    def resident_mb():
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20

    data = table()
    for number in range(4):
        _run(job(number=number), data, splits(data))
    before = resident_mb()
    for number in range(8):
        _run(job(number=number), data, splits(data))
    assert resident_mb() - before < 8 * 3


def test_iris_from_its_source_to_its_score(job):
    from foldwise.data.split import cut_folds
    from foldwise.data.table import read_table
    from foldwise.spec.data import SklearnData
    from foldwise.spec.folds import FoldsSpec

    data = read_table(SklearnData(kind="sklearn", name="iris"))
    cut = cut_folds(data, np.arange(150), FoldsSpec(), 0)
    fit = FitSpec(epochs=40, batch_size=16, optimizer=OptimizerSpec(learning_rate=0.01))
    result = _run(job(model=MlpSpec(units=16), fit=fit), data, cut)
    assert len(result.folds) == 10
    assert result.mean > 0.92
    assert result.metrics["accuracy"] == pytest.approx(result.mean)


def test_a_row_that_becomes_no_image_fails_the_trial_with_its_reason(job, table, splits):
    data = table()
    result = _run(job(model=CnnSpec(kind="cnn", image=(2, 2, 1))), data, splits(data))  # its category becomes two columns
    assert result.state == "FAILED"
    assert result.reason == "model.image: 2 x 2 x 1 is an image of 4 numbers, and a row has 5"
