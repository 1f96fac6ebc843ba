"""Outputs beside the one that answers, held against a network of two outputs written in Keras."""

from dataclasses import replace

import numpy as np
import pytest

from foldwise.seeds import Purpose, derive
from foldwise.spec.augment import VectorAugment
from foldwise.spec.balance import ClassWeight
from foldwise.spec.fit import EarlyStop, FitSpec
from foldwise.spec.layers import LayersSpec
from foldwise.spec.optimizer import OptimizerSpec
from foldwise.training.batches import epoch_orders

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

TANH = {"kind": "Dense", "units": 5, "activation": "tanh"}
EPOCHS, SIZE = 4, 16
HEADS = {  # task -> units, activation and loss of every head
    "multiclass": (3, "softmax", "categorical_crossentropy"),
    "binary": (1, "sigmoid", "binary_crossentropy"),
    "regression": (1, "linear", "mse"),
}


def _model(weight, **first):
    layers = [{**TANH, **first, "name": "low"}, {**TANH, "units": 4}]
    return LayersSpec.model_validate({"kind": "layers", "layers": layers, "outputs": {"low": weight} if weight else {}})


def _first_weights(asked):
    from foldwise.models.build import build, initial_weights

    network = build(asked.model, 4, asked.head, 0)
    return initial_weights(network, derive(Purpose.WEIGHTS, asked.seed, asked.number, 0))


def _in_keras(task, weight):
    import keras

    units, activation, loss = HEADS[task]
    features = keras.Input((4,))
    low = keras.layers.Dense(5, "tanh")(features)
    high = keras.layers.Dense(4, "tanh")(low)
    outputs = [keras.layers.Dense(units, activation)(layer) for layer in (high, low)]
    network = keras.Model(features, outputs)
    network.compile(keras.optimizers.Adam(0.01), [loss, loss], loss_weights=[1.0, weight], jit_compile=False)
    return network, keras.losses.get(loss)


@pytest.mark.parametrize(
    "weighted", [pytest.param(False, id="plain", marks=pytest.mark.long), pytest.param(True, id="weighted rows")]
)
@pytest.mark.parametrize("weight", [0.1, pytest.param(0.9, marks=pytest.mark.long)])
@pytest.mark.parametrize("task", HEADS)
def test_it_learns_what_keras_learns_with_two_outputs(task, weight, weighted, fold, training, train):
    data = fold(task)
    each = np.random.default_rng(1).uniform(0.2, 3.0, 60).astype(np.float32)
    data = replace(data, train_weight=each if weighted else None)
    fit = FitSpec(epochs=EPOCHS, batch_size=SIZE, optimizer=OptimizerSpec(kind="adam", learning_rate=0.01))
    asked = training(task, model=_model(weight), fit=fit)
    network, loss = _in_keras(task, weight)
    network.set_weights(_first_weights(asked))
    val_loss = []
    for order in epoch_orders(0, 0, 0, 60, EPOCHS):
        for start in range(0, 60, SIZE):  # the last batch has 12 rows
            rows = order[start : start + SIZE]
            y = data.train_y[rows]
            network.train_on_batch(data.train_x[rows], [y, y], [each[rows], each[rows]] if weighted else None)
        val_loss.append(float(np.mean(loss(data.valid_y, network(data.valid_x)[0]))))
    [result] = train(asked, data)
    assert len(result.weights) == 6  # the head beside has no part in the answers
    for ours, theirs in zip(result.weights, network.get_weights(), strict=False):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_allclose(result.curves["val_loss"], val_loss, rtol=1e-5)
    metric = "mae" if task == "regression" else "accuracy"
    assert set(result.curves) == {"loss", "val_loss", "learning_rate", metric, f"val_{metric}"}


@pytest.mark.long
def test_the_order_in_which_outputs_are_listed_changes_nothing(fold, training, train):
    asked, first = {"low": 0.3, "below": 0.8}, {**TANH, "name": "below"}
    ours, theirs = (
        LayersSpec.model_validate({"kind": "layers", "layers": [first, {**TANH, "name": "low"}, TANH], "outputs": outputs})
        for outputs in (asked, dict(reversed(asked.items())))
    )
    assert ours == theirs
    from foldwise.training.by_fold.engine import forget_networks

    [one] = train(training(model=ours), fold())
    forget_networks()
    [other] = train(training(model=theirs), fold())
    assert one.curves == other.curves


@pytest.mark.long
def test_the_loss_is_that_of_the_output_that_answers_and_of_the_penalties(fold, training, train):
    fit = FitSpec(epochs=2, batch_size="full", optimizer=OptimizerSpec(kind="sgd", learning_rate=0.1))
    data = fold()
    [one], [plain] = (train(training(model=_model(weight, l2=0.1), fit=fit), data) for weight in (0.7, None))
    assert one.curves["loss"][0] == pytest.approx(plain.curves["loss"][0], rel=1e-6)  # nothing has been learnt yet
    assert one.curves["loss"][1] != pytest.approx(plain.curves["loss"][1], rel=1e-6)


def test_the_epoch_that_is_kept_is_the_best_of_the_output_that_answers(fold, training, train):
    optimizer = OptimizerSpec(kind="sgd", learning_rate=1.0)
    fit = FitSpec(epochs=60, batch_size="full", early_stop=EarlyStop(patience=2), optimizer=optimizer)
    [result] = train(training(model=_model(5.0), fit=fit), fold(rows=30, seed=5))
    assert len(result.curves["val_loss"]) < 60
    assert result.best_epoch == np.argmin(result.curves["val_loss"]) + 1


def test_an_auxiliary_loss_that_is_not_finite_ends_the_fold(fold, training, train):
    [result] = train(training(model=_model(3.4e38)), fold())
    assert result.failure == "loss is not finite in epoch 1 of fold 0"


@pytest.mark.parametrize(
    ("task", "parts"),
    [
        ("binary", {"balance": ClassWeight(kind="class_weight"), "threshold": "auto"}),
        ("multiclass", {"augment": VectorAugment(kind="vectors", mixup=0.4)}),
        ("regression", {"fit": FitSpec(epochs=2, batch_size=8)}),
    ],
)
@pytest.mark.long
def test_the_refit_answers_by_the_main_output_alone(task, parts, job, table, splits):
    from foldwise.training.cross_validate import cross_validate
    from foldwise.training.refit import predict, refit

    data, rows = table(task, shift=1000.0, scale=50.0), np.arange(60)
    fit = FitSpec(epochs=30, batch_size=8, threshold=parts.pop("threshold", 0.5), optimizer=OptimizerSpec(learning_rate=0.02))
    asked = job(task, model=_model(0.3), **{"fit": fit, **parts})
    result = cross_validate(asked, data, splits(data.take(rows)))
    assert result.state == "COMPLETE", result.reason
    final = refit(asked, data, rows, result)
    assert len(final.model.outputs) == 1
    answers = predict(final, data.frame)
    assert answers.shape == ((90,) if task == "regression" else (90, len(data.labels)))
    again = predict(refit(asked, data, rows, result), data.frame)
    np.testing.assert_array_equal(answers, again)
    if task == "regression":
        assert abs(answers.mean() - 1000.0) < 100.0  # in the target's own unit
