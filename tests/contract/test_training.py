"""What training fold by fold keeps on every backend. This file runs on TensorFlow, test_backends.py runs it on the others.

By hand: KERAS_BACKEND=jax python -m pytest -n 0 -m '' tests/contract/test_training.py
"""

import sys
from dataclasses import replace

import numpy as np
import pytest

from foldwise.data.preparation.pixels import Images
from foldwise.seeds import Purpose, derive
from foldwise.spec.augment import ImageAugment, VectorAugment
from foldwise.spec.fit import EarlyStop, FitSpec, RateFactors
from foldwise.spec.layers import LayersSpec
from foldwise.spec.lr_schedule import Drop
from foldwise.spec.model import CnnSpec, MlpSpec
from foldwise.spec.optimizer import OptimizerSpec
from foldwise.training.batches import epoch_orders
from tests.unit.conftest import make_fold, make_training

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

FUNCTIONAL = LayersSpec.model_validate(
    {
        "kind": "layers",
        "layers": [
            {"kind": "Dense", "name": "wide", "units": 6, "activation": "relu"},
            {"kind": "Dense", "name": "deep", "units": 6, "activation": "tanh", "from": "wide"},
            {"kind": "Add", "name": "both", "from": ["wide", "deep"]},
            {"kind": "Dropout", "rate": 0.2},
        ],
    }
)
SEQUENCE = LayersSpec.model_validate(
    {
        "kind": "layers",
        "layers": [
            {"kind": "Reshape", "target_shape": [4, 1]},
            {"kind": "Conv1D", "filters": 4, "kernel_size": 2, "activation": "relu"},
            {"kind": "GlobalAveragePooling1D"},
        ],
    }
)
SCHEDULED = MlpSpec(hidden=2, units=6, dropout=0.4, dropout_schedule="flat_cos")
SGD = OptimizerSpec(kind="sgd", learning_rate=0.1, momentum=0.9)
RMSPROP = OptimizerSpec(kind="rmsprop", learning_rate=0.01)


def here():
    import keras

    return keras.backend.backend()


def trained(asked, data):
    from foldwise.training.by_fold.engine import fit_folds

    folds = data if isinstance(data, list) else [data]
    return list(fit_folds(replace(asked, backend=here()), enumerate(folds)))


def by_keras(asked, data):
    """First and last weights of Keras's own `fit`, an epoch at a time, as each has its own order of rows."""
    import keras

    from foldwise.models.build import build, first_weights
    from foldwise.training.by_fold.optimizer import optimizer_for
    from foldwise.training.losses import loss_for

    network = build(asked.model, data.train_x.shape[1], asked.head, derive(Purpose.LAYERS, 0, 0))
    first = first_weights(asked.model, network, asked.head, derive(Purpose.WEIGHTS, 0, 0, 0), data)
    network.set_weights(first)
    compiled = {"tensorflow": False, "jax": True, "torch": False}[here()]
    network.compile(optimizer_for(asked.fit.optimizer), loss_for(asked.head), jit_compile=compiled)
    size, losses = asked.fit.batch_size, []
    for epoch, order in enumerate(epoch_orders(0, 0, 0, len(data.train_x), asked.fit.epochs)):
        network.optimizer.learning_rate = asked.rates.rate(epoch)
        x, y = data.train_x[order], data.train_y[order]
        losses += network.fit(x, y, batch_size=size, shuffle=False, verbose=0).history["loss"]
    assert isinstance(network, keras.Model)
    return first, network.get_weights(), losses


@pytest.mark.parametrize(
    ("task", "model", "optimizer"),
    [
        ("multiclass", MlpSpec(units=6, dropout=0.3, batch_norm=True), OptimizerSpec(kind="adam")),
        pytest.param("regression", MlpSpec(hidden=2, units=6, l2=0.01), SGD, marks=pytest.mark.long),
        pytest.param("binary", FUNCTIONAL, RMSPROP, marks=pytest.mark.long),
        pytest.param("multiclass", SEQUENCE, OptimizerSpec(kind="adamw", weight_decay=0.1), marks=pytest.mark.long),
    ],
    ids=["mlp", "penalties", "functional", "convolution"],
)
def test_a_fold_ends_where_keras_s_own_fit_ends(task, model, optimizer):
    data = make_fold(task, rows=43)
    fit = FitSpec(epochs=3, batch_size=8, optimizer=optimizer)
    asked = make_training(task, model=model, fit=fit, schedule=Drop(kind="drop", rate=0.5, every=2))
    (ours,) = trained(asked, data)
    first, last, losses = by_keras(asked, data)
    assert ours.failure is None
    assert any(np.abs(one - other).max() > 0.01 for one, other in zip(first, ours.weights, strict=True))
    for one, other in zip(ours.weights, last, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.curves["loss"], losses, rtol=1e-5)
    (again,) = trained(asked, data)
    assert again.curves == ours.curves
    np.testing.assert_array_equal(again.predictions, ours.predictions)


def test_tensorflow_is_imported_where_it_computes_alone():
    assert here() == "tensorflow" or "tensorflow" not in sys.modules


@pytest.mark.long
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_weights_and_answers_in_full(precision):
    fit = FitSpec(epochs=20, batch_size=16, optimizer=OptimizerSpec(kind="adam", learning_rate=0.02))
    full, mixed = (trained(replace(make_training(fit=fit), precision=own), make_fold())[0] for own in ("float32", precision))
    assert mixed.failure is None
    assert {weight.dtype for weight in mixed.weights} == {np.dtype("float32")}
    assert mixed.curves != full.curves
    assert mixed.curves["loss"][-1] < 0.8 * mixed.curves["loss"][0]
    np.testing.assert_allclose(mixed.curves["loss"][-1], full.curves["loss"][-1], rtol=0.1)
    np.testing.assert_allclose(mixed.predictions.sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.long
def test_the_shares_of_dropout_and_decay_follow_their_schedule():
    """At the end of a schedule both are 0: a last epoch alone is that of a network without them."""
    decays = OptimizerSpec(kind="adamw", learning_rate=0.01, weight_decay=0.5)
    fit = FitSpec(epochs=1, batch_size=16, optimizer=decays, weight_decay_schedule="flat_cos")

    class AtTheEnd(type(make_training())):
        def share(self, epoch):
            return 0.0

    asked = make_training(model=SCHEDULED, fit=fit)
    last = AtTheEnd(**{name: getattr(asked, name) for name in asked.__dataclass_fields__})
    adam = FitSpec(epochs=1, batch_size=16, optimizer=OptimizerSpec(kind="adam", learning_rate=0.01))
    plain = make_training(model=MlpSpec(hidden=2, units=6), fit=adam)
    one, other, whole = (trained(of, make_fold())[0] for of in (last, plain, asked))
    for ours, theirs in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert whole.curves["loss"] != one.curves["loss"]


@pytest.mark.long
def test_early_stopping_keeps_the_best_weights_and_averages_are_kept():
    fit = FitSpec(
        epochs=60,
        batch_size="full",
        early_stop=EarlyStop(patience=3),
        optimizer=OptimizerSpec(kind="sgd", learning_rate=2.0),
        rate_factors=RateFactors(bias=0.1),
    )
    (stopped,) = trained(make_training(model=MlpSpec(units=16), fit=fit), make_fold(rows=30, seed=5))
    curve = stopped.curves["val_loss"]
    assert stopped.best_epoch == int(np.argmin(curve)) + 1 < len(curve) < 60
    averaged = FitSpec(epochs=3, optimizer=OptimizerSpec(kind="sgd", learning_rate=0.1, ema_momentum=0.5))
    kept = [trained(make_training(fit=f), make_fold())[0].weights for f in (averaged, _patient(averaged))]
    for one, other in zip(*kept, strict=True):
        np.testing.assert_array_equal(one, other)


def _patient(fit):
    return fit.model_copy(update={"early_stop": EarlyStop(patience=50)})


@pytest.mark.long
def test_a_trial_ends_at_the_rung_where_it_is_lost():
    seen = []

    def lost(epoch, answers):
        seen.append((epoch, sorted(answers)))
        return True

    asked = replace(make_training(fit=FitSpec(epochs=9)), rungs=(3, 6), lost=lost)
    (only,) = trained(asked, [make_fold(), make_fold(seed=1)])
    assert (only.lost, seen, len(only.curves["loss"])) == (True, [(3, [0])], 3)


@pytest.mark.long
def test_rows_are_augmented_the_same_way_each_time():
    rows = VectorAugment(kind="vectors", jitter=0.3, feature_dropout=0.2, mixup=0.4, copies=2)
    fit = FitSpec(epochs=2, batch_size=16)
    plain, *varied = (
        trained(replace(make_training(fit=fit), augment=augment), make_fold())[0].curves["loss"]
        for augment in (make_training().augment, rows, rows)
    )
    assert varied[0] == varied[1] != plain


@pytest.mark.long
@pytest.mark.timeout(600)  # JAX compiles each operation of Keras's layers
def test_images_are_augmented_the_same_way_each_time():
    fit = FitSpec(epochs=2, batch_size=16)
    images = ImageAugment(kind="images", flip="horizontal", rotation=10, shift=0.1, contrast=0.2, noise=0.02)
    model = CnnSpec(kind="cnn", image=(6, 6, 1), blocks=1, filters=4, units=8)
    data = _fold_of_images()
    asked = make_training(model=model, fit=fit)
    plain, *varied = (
        trained(replace(asked, augment=augment), data)[0].curves["loss"] for augment in (asked.augment, images, images)
    )
    assert varied[0] == varied[1] != plain


def _fold_of_images():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 36), dtype=np.uint8)
    center, scale = np.full(36, 128, np.float32), np.full(36, 64, np.float32)
    train, valid = (Images(pixels, at, center, scale, (6, 6, 1)) for at in (np.arange(40), np.arange(40, 60)))
    return replace(make_fold(rows=40, valid=20), train_x=train, valid_x=valid)
