"""Races, failures, recording and programs of the fused engine on JAX. test_equality starts the process in which this runs."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest

from foldwise.seeds import REFIT_FOLD
from foldwise.spec.fit import FitSpec
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import MlpSpec
from tests.unit.training.fused_jax.cases import FUNCTIONAL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("tensorflow_started"),
    pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != "jax", reason="Keras is not on JAX in this process"),
]
LAYERS = LayersSpec.model_validate({"kind": "layers", "layers": FUNCTIONAL})
STOP = {"patience": 2, "min_delta": 0.02}


@pytest.fixture
def fits(training):
    def run(folds, model=LAYERS, fit=None, **other):
        from foldwise.training.fused_jax.engine import fit_folds

        settings = FitSpec.model_validate({"epochs": 4, "batch_size": 16, **(fit or {})})
        asked = {name: other.pop(name) for name in ("seed", "number", "schedule") if name in other}
        job = replace(training(model=model, fit=settings, **asked), backend="jax", **other)
        return list(fit_folds(job, folds if isinstance(folds, list) else list(folds)))

    return run


def same(one, other):
    assert one.curves == other.curves
    for weights, others in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weights, others)
    np.testing.assert_array_equal(one.predictions, other.predictions)


def test_a_trial_of_the_same_shapes_is_not_traced_again_and_a_second_run_has_the_same_bits(fits, fold):
    from foldwise.training.fused_jax.network import _compiled

    folds = [(0, fold(rows=50, seed=1)), (1, fold(rows=53, seed=2))]
    _compiled.clear()
    one = fits(folds, number=1)
    fits(folds, number=2, seed=9, fit={"epochs": 7, "optimizer": {"kind": "adam", "learning_rate": 0.3}})
    fits([(0, fold(rows=49, seed=4)), (1, fold(rows=64, seed=5))])
    again = fits(folds, number=1)
    (kept,) = _compiled.values()
    assert [program.run._cache_size() for program in kept.programs.values()] == [1]
    for first, second in zip(one, again, strict=True):
        same(first, second)


def test_a_race_is_judged_at_its_rungs_and_ends_all_folds(fits, fold):
    seen = []

    def lost(epoch, answers):
        seen.append((epoch, {number: of.shape for number, of in answers.items()}))
        return epoch == 4

    found = fits([(0, fold(seed=1)), (1, fold(seed=2))], fit={"epochs": 9}, rungs=(2, 4, 6), lost=lost)
    assert [epoch for epoch, _ in seen] == [2, 4]
    assert seen[0][1] == {0: (20, 3), 1: (20, 3)}
    assert [fit.lost for fit in found] == [True, True]
    assert [len(fit.curves["loss"]) for fit in found] == [4, 4]


def test_a_fold_whose_loss_is_not_finite_ends_and_the_others_train_on(fits, fold):
    broken = fold(seed=2)
    broken = replace(broken, train_y=np.full_like(broken.train_y, np.nan))
    good, bad = fits([(0, fold(seed=1)), (1, broken)])
    assert good.failure is None
    assert bad.failure == "loss is not finite in epoch 1 of fold 1"
    assert (len(good.curves["loss"]), len(bad.curves["loss"])) == (4, 1)
    assert len(bad.predictions) == 0


def test_curves_grow_and_what_is_called_between_epochs_can_end_the_training(fits, fold, monkeypatch):
    from foldwise.training.fused_jax import engine

    shown, calls = [], []
    monkeypatch.setattr(engine, "FIRST_STEPS", 4)
    monkeypatch.setattr(engine, "SECONDS_A_CALL", 1e9)  # to compile is in the first call

    def stop():
        calls.append(None)
        if len(calls) == 2:
            raise KeyboardInterrupt

    def look(number, curves, unit):
        shown.append((number, len(curves["val_loss"])))

    with pytest.raises(KeyboardInterrupt):
        fits([(0, fold())], fit={"epochs": 20}, on_epoch_end=stop, on_curves=look)
    assert shown == [(0, 1), (0, 3)]


def test_folds_with_other_features_train_apart_and_come_in_order(fits, fold):
    folds = [(0, fold(features=4, seed=1)), (1, fold(features=5, seed=2)), (2, fold(features=4, seed=3))]
    found = fits(folds, model=MlpSpec(units=5))
    assert [fit.fold for fit in found] == [0, 1, 2]
    (alone,) = fits([folds[1]], model=MlpSpec(units=5))
    same(found[1], alone)


def test_networks_of_a_refit_share_their_rows(fits, fold):
    data = fold(valid=0)
    found = fits([(REFIT_FOLD + seed, data) for seed in range(2)])
    assert all("val_loss" not in fit.curves and len(fit.predictions) == 0 for fit in found)
    assert not np.array_equal(found[0].weights[0], found[1].weights[0])


def test_recording_a_step_changes_no_bit_and_a_step_ends_where_the_next_begins(fits, fold):
    from foldwise.training.recorder import Recorder

    folds, fit = [(0, fold(rows=50, seed=1)), (1, fold(rows=60, seed=2))], {"optimizer": "adam"}
    recorders = [Recorder(1, step, frozenset({0, 1, 4})) for step in (4, 5)]
    plain = fits(folds, fit=fit)
    for recorder in recorders:
        for one, other in zip(plain, fits(folds, fit=fit, recorder=recorder), strict=True):
            np.testing.assert_allclose(one.curves["loss"], other.curves["loss"], rtol=1e-5)
    first, second = recorders
    assert set(first.before.slots) == {"momentum", "velocity"}
    for ended, begun, kept in zip(first.after.weights, second.before.weights, first.weights[1], strict=True):
        np.testing.assert_allclose(ended, kept, rtol=1e-5, atol=1e-7)  # four steps are an epoch
        np.testing.assert_allclose(begun, kept, rtol=1e-5, atol=1e-7)
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(second.before.weights, second.after.weights, strict=True))


def test_mixed_precision_trains(fits, fold):
    (found,) = fits([(0, fold())], precision="mixed_bfloat16", fit={"epochs": 6, "early_stop": STOP})
    assert found.failure is None
    assert math.isfinite(found.curves["val_loss"][-1])
    assert found.weights[0].dtype == np.float32
