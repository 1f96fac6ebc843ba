"""The fused engine around its program: padding, folds that diverge, programs that trials share, epochs a call."""

import time
from dataclasses import replace

import numpy as np
import pytest

from foldwise.data.preparation.layout import Layout
from tests.unit.training.fused.cases import compare

pytestmark = pytest.mark.slow


def test_padded_units_stay_zero_and_change_nothing(double, fold, training, monkeypatch):
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fused import engine as fused

    job = training(model=MlpSpec(units=17, hidden=2, layer_norm=True, dropout=0.2), fit=FitSpec(epochs=5, batch_size=16))
    folds = [fold(seed=seed) for seed in range(3)]
    monkeypatch.setattr(fused, "STEPS_THAT_PAY", 0)
    padded = list(fused.fit_folds(job, enumerate(folds)))
    monkeypatch.setattr(fused, "BUCKETS", ())
    exact = list(fused.fit_folds(job, enumerate(folds)))
    compare(exact, padded, tolerance=1e-8)


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("tabular", 10**9),
        *(pytest.param(*one, marks=pytest.mark.long) for one in (("tabular", 0), ("tabm", 0), ("tabm", 10**9))),
    ],
)
def test_validation_in_blocks_changes_nothing(kind, steps, double, fold, training, monkeypatch):
    from pydantic import TypeAdapter

    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import ModelSpec
    from foldwise.training.fused import engine as fused
    from foldwise.training.fused import network, program

    model = TypeAdapter(ModelSpec).validate_python({"kind": kind, "units": 6, "hidden": 1, "numeric_embedding": "ple"})
    job = training(model=model, fit=FitSpec(epochs=3, batch_size=16))
    folds = [replace(fold(seed=seed, valid=20 - 7 * seed), layout=Layout(4)) for seed in range(2)]
    monkeypatch.setattr(fused, "STEPS_THAT_PAY", steps)
    whole = list(fused.fit_folds(job, enumerate(folds)))
    for module in (fused, network):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 8)
    program._programs.clear()
    compare(whole, list(fused.fit_folds(job, enumerate(folds))), tolerance=1e-12)
    program._programs.clear()


def test_a_diverging_fold_is_alone(tensorflow_started, fold, training):
    from foldwise.spec.fit import FitSpec
    from foldwise.training.fused import engine as fused

    folds = [fold("regression", seed=seed) for seed in range(3)]
    folds[1] = replace(folds[1], train_y=folds[1].train_y * np.float32(1e30))
    job = training("regression", fit=FitSpec.model_validate({"epochs": 6, "optimizer": "sgd", "early_stop": {"patience": 9}}))
    calm, wild, other = fused.fit_folds(job, enumerate(folds))
    assert wild.failure is not None
    assert "of fold 1" in wild.failure
    assert calm.failure is None
    assert other.failure is None
    (alone,) = fused.fit_folds(job, [(0, folds[0])])
    np.testing.assert_allclose(calm.predictions, alone.predictions, atol=1e-5)


def test_trials_that_differ_in_numbers_only_share_a_program(tensorflow_started, fold, training, monkeypatch):
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fused import engine as fused
    from foldwise.training.fused import program as fused_program
    from foldwise.training.fused import traced

    folds, made, register = [fold(seed=seed) for seed in range(3)], [], traced._registered
    monkeypatch.setattr(traced, "_registered", lambda *about: made.append(about[1]) or register(*about))
    fused_program._programs.clear()

    def run(units, dropout, l2, rate, momentum):
        optimizer = {"kind": "sgd", "learning_rate": rate, "momentum": momentum}
        fit = FitSpec.model_validate({"epochs": 400, "batch_size": 12, "optimizer": optimizer})
        job = training(model=MlpSpec(units=units, dropout=dropout, l2=l2), fit=fit)
        return list(fused.fit_folds(job, enumerate(folds)))

    run(20, 0.2, 0.01, 0.1, 0.5)
    before = dict(fused_program._programs)
    run(31, 0.4, 0.02, 0.01, 0.9)
    assert dict(fused_program._programs) == before
    graphs = list(made)
    assert len(graphs) == 2  # to run and to answer
    run(25, 0.3, 0.03, 0.02, 0.7)
    assert made == graphs


def test_a_program_that_is_not_compiled_serves_every_width_batch_and_table(tensorflow_started, fold, training):
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fused import engine as fused
    from foldwise.training.fused import program as fused_program

    fused_program._programs.clear()

    def run(units, batch, rows, features, weighted):
        folds = [fold(seed=seed, rows=rows, features=features) for seed in range(3)]
        if weighted:
            folds = [replace(data, train_weight=np.ones(rows, np.float32)) for data in folds]
        job = training(model=MlpSpec(units=units), fit=FitSpec.model_validate({"epochs": 2, "batch_size": batch}))
        fits = list(fused.fit_folds(job, enumerate(folds)))
        assert all(fit.failure is None for fit in fits)
        return fits

    plain = run(7, 16, 48, 4, weighted=False)
    run(31, 8, 60, 9, weighted=False)
    assert len(fused_program._programs) == 1
    compare(plain, run(7, 16, 48, 4, weighted=True), tolerance=1e-6)  # weights of 1 change nothing
    assert len(fused_program._programs) == 2


def test_programs_are_given_up_when_there_are_many(tensorflow_started, fold, training, monkeypatch):
    from foldwise.spec.fit import FitSpec
    from foldwise.training.fused import engine as fused
    from foldwise.training.fused import program as fused_program

    monkeypatch.setattr(fused_program, "MOST_PROGRAMS", 2)
    fused_program._programs.clear()
    for kind in ("sgd", "adam", "rmsprop"):
        fit = FitSpec.model_validate({"epochs": 1, "optimizer": kind})
        list(fused.fit_folds(training(fit=fit), [(0, fold())]))
        assert len(fused_program._programs) <= 2


def test_training_without_validation_rows_is_possible(tensorflow_started, fold, training):
    from foldwise.training.by_fold import engine as keras_fit
    from foldwise.training.fused import engine as fused

    data = fold(valid=0)
    (one,) = keras_fit.fit_folds(training(), [(0, data)])
    (other,) = fused.fit_folds(training(), [(0, data)])
    compare([one], [other], tolerance=1e-4)
    assert len(other.predictions) == 0


@pytest.mark.long
def test_how_many_epochs_a_call_has_changes_no_bit(tensorflow_started, fold, training):
    """After a long call the next one has fewer epochs, so that on_epoch_end runs more often."""
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fused import engine as fused

    folds, calls = [fold(seed=seed) for seed in range(2)], []

    def wait():
        calls.append(time.perf_counter())
        time.sleep(fused.SECONDS_A_CALL * 1.05)

    model = MlpSpec(hidden=2, units=6, dropout=0.3, noise=0.1)
    job = training(model=model, fit=FitSpec(epochs=60, batch_size=16))
    usual = list(fused.fit_folds(job, enumerate(folds)))
    slow = list(fused.fit_folds(replace(job, on_epoch_end=wait), enumerate(folds)))
    assert len(calls) == 4  # after 32 epochs, 16, 8, and the 4 that are left
    for one, other in zip(usual, slow, strict=True):
        assert one.curves == other.curves
        for weights, others in zip(one.weights, other.weights, strict=True):
            np.testing.assert_array_equal(weights, others)
