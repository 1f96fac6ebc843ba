from dataclasses import replace

import numpy as np
import pytest

from foldwise.spec.fit import EarlyStop, FitSpec
from foldwise.spec.lr_schedule import Drop, PlateauDrop
from foldwise.spec.optimizer import OptimizerSpec
from foldwise.trial.result import FoldScore

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


def _scored(best_epoch, rates):
    return FoldScore(0, 1.0, {}, {"learning_rate": tuple(rates)}, best_epoch, 0.0)


def test_epochs_are_the_median_rounded_up():
    from foldwise.training.refit import usual_epochs

    assert usual_epochs((_scored(3, []), _scored(10, []), _scored(4, []))) == 4
    assert usual_epochs((_scored(3, []), _scored(4, []))) == 4


def test_rates_are_the_median_of_the_folds_still_training():
    from foldwise.training.refit import usual_rates

    folds = (_scored(2, [0.1, 0.1]), _scored(3, [0.1, 0.05, 0.05]), _scored(3, [0.1, 0.1, 0.1]))
    assert usual_rates(folds, 3) == pytest.approx([0.1, 0.1, 0.075])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(
    "schedule", [Drop(kind="drop", every=4), PlateauDrop(kind="plateau", patience=1)], ids=lambda s: s.kind
)
@pytest.mark.long
def test_the_refit_predicts_rows_it_has_never_seen(task, schedule, job, table, splits):
    from foldwise.evaluation.metrics import score
    from foldwise.training.cross_validate import cross_validate
    from foldwise.training.refit import predict, refit, usual_epochs

    data = table(task, rows=150)
    rows = np.arange(120)
    fit = FitSpec(epochs=30, batch_size=8, early_stop=EarlyStop(patience=3), optimizer=OptimizerSpec(learning_rate=0.02))
    asked = job(task, fit=fit, lr_schedule=schedule)
    result = cross_validate(asked, data, splits(data.take(rows)))
    final = refit(asked, data, rows, result)
    assert final.epochs == usual_epochs(result.folds)
    assert len(final.learning_rates) == final.epochs
    unseen = data.take(np.arange(120, 150))
    predictions = predict(final, unseen.frame)
    metrics = score(task, len(data.labels), unseen.target, predictions)
    assert metrics["r2"] > 0.7 if task == "regression" else metrics["accuracy"] > 0.7
    again = refit(asked, data, rows, result)
    np.testing.assert_array_equal(predictions, predict(again, unseen.frame))


def test_a_refit_looks_at_development_rows_only(job, table, splits):
    from foldwise.training.cross_validate import cross_validate
    from foldwise.training.refit import predict, refit

    data, rows = table("regression"), np.arange(60)
    result = cross_validate(job("regression"), data, splits(data.take(rows)))
    other = data.frame.copy()
    other.loc[60:, ["a", "b", "c"]] = 1e6
    changed = replace(data, frame=other, target=np.where(np.arange(90) < 60, data.target, 1e6))
    ours, theirs = (refit(job("regression"), one, rows, result) for one in (data, changed))
    np.testing.assert_array_equal(predict(ours, data.frame), predict(theirs, data.frame))


@pytest.mark.long
def test_a_refit_balances_all_development_rows_with_draws_of_its_own(job, table):
    from foldwise.data.preparation.fold import prepare_fold
    from foldwise.data.split import Split
    from foldwise.seeds import REFIT_FOLD, Purpose, derive
    from foldwise.spec.balance import NoBalance, Oversample
    from foldwise.training.refit import predict, refit
    from foldwise.trial.result import TrialResult

    data, rows = table("binary"), np.arange(60)
    rare = replace(data, target=(data.target & (np.arange(90) % 3 == 0)).astype(np.int64))
    result = TrialResult(0, {}, "COMPLETE", (_scored(5, [0.01] * 5),))
    asked = job("binary", balance=Oversample(kind="oversample"))
    final = refit(asked, rare, rows, result)
    unlike = refit(job("binary", balance=NoBalance()), rare, rows, result)
    assert not np.array_equal(predict(final, rare.frame), predict(unlike, rare.frame))
    assert final.preparation == unlike.preparation
    by_hand = prepare_fold(
        rare, Split(rows, rows[:0]), asked.spec.prep, asked.spec.balance, derive(Purpose.BALANCE, 0, REFIT_FOLD)
    )
    assert by_hand.train_y.mean() == 0.5
    changed = replace(rare, target=np.where(np.arange(90) < 60, rare.target, 1))
    np.testing.assert_array_equal(predict(refit(asked, changed, rows, result), rare.frame), predict(final, rare.frame))


@pytest.mark.parametrize("engine", ["fused", pytest.param("keras", marks=pytest.mark.long)])
def test_several_seeds_give_the_mean_of_networks_from_different_first_weights(engine, job, table, monkeypatch):
    from foldwise.models.average import members
    from foldwise.training import refit as of_refit
    from foldwise.training.refit import engine_for, predict, refit
    from foldwise.trial.result import TrialResult

    by_engine, seen = engine_for(engine, "tensorflow"), []

    def watched(training, folds):
        seen.extend(folds)
        return by_engine(training, folds)

    monkeypatch.setattr(of_refit, "engine_for", lambda name, backend: watched)
    data, rows = table("regression", shift=50.0, scale=20.0), np.arange(60)
    result = TrialResult(0, {}, "COMPLETE", (_scored(3, [0.01] * 3),))
    one, three = (
        refit(replace(job("regression", fit=FitSpec(batch_size=8, seeds=seeds)), engine=engine), data, rows, result)
        for seeds in (1, 3)
    )
    each = [predict(replace(three, model=member), data.frame) for member in members(three.model)]
    assert len(each) == 3
    assert [number for number, _ in seen[1:]] == [1_000_000, 1_000_001, 1_000_002]
    assert len({id(rows) for _, rows in seen[1:]}) == 1  # one copy of the rows
    np.testing.assert_allclose(predict(three, data.frame), np.mean(each, axis=0), rtol=1e-6)
    np.testing.assert_allclose(each[0], predict(one, data.frame), rtol=1e-4)
    assert min(np.abs(each[a] - each[b]).max() for a, b in ((0, 1), (0, 2), (1, 2))) > 0.1


def test_a_network_among_several_that_diverges_is_named(job, table):
    from foldwise.errors import JobError
    from foldwise.training.refit import refit
    from foldwise.trial.result import TrialResult

    fit = FitSpec(batch_size="full", optimizer=OptimizerSpec(kind="sgd"), seeds=2)
    result = TrialResult(0, {}, "COMPLETE", (_scored(9, [1e20] * 9),))
    with pytest.raises(JobError, match=r"on all development rows failed \(network 1 of 2\): "):
        refit(job("regression", fit=fit), table("regression"), np.arange(90), result)


@pytest.mark.long
def test_a_refit_that_diverges_is_a_job_error(job, table):
    from foldwise.errors import JobError
    from foldwise.training.refit import refit
    from foldwise.trial.result import TrialResult

    fit = FitSpec(batch_size="full", optimizer=OptimizerSpec(kind="sgd"))
    result = TrialResult(0, {}, "COMPLETE", (_scored(9, [1e20] * 9),))
    with pytest.raises(JobError, match="the refit of trial 0 on all development rows failed"):
        refit(job("regression", fit=fit), table("regression"), np.arange(90), result)
