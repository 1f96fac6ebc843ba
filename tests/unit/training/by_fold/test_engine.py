"""The engine that trains through Keras, held against numpy and against Keras itself."""

import math
from dataclasses import replace

import numpy as np
import pytest

from foldwise.seeds import Purpose, derive
from foldwise.spec.fit import EarlyStop, FitSpec
from foldwise.spec.layers import LayersSpec
from foldwise.spec.lr_schedule import Drop, PlateauDrop
from foldwise.spec.model import CnnSpec, MlpSpec
from foldwise.spec.optimizer import OptimizerSpec
from foldwise.training.batches import epoch_orders

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


def _first_weights(training, inputs, fold=0):
    from foldwise.models.build import build, initial_weights

    network = build(training.model, inputs, training.head, 0)
    return initial_weights(network, derive(Purpose.WEIGHTS, training.seed, training.number, fold))


def _sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def test_the_first_steps_are_those_of_a_numpy_network(train, fold, training):
    """Forward and backward pass of a course: delta(l) = delta(l+1) W(l) * a(1 - a), dcost/dW(l) = delta(l+1) a(l)."""
    rate, size, epochs = 0.5, 16, 2
    fit = FitSpec(epochs=epochs, batch_size=size, optimizer=OptimizerSpec(kind="sgd", learning_rate=rate))
    asked = training(model=MlpSpec(hidden=2, units=(5, 4), activation="sigmoid"), fit=fit, seed=3, number=2)
    data = fold(rows=60)
    w1, b1, w2, b2, w3, b3 = (weight.astype(np.float64) for weight in _first_weights(asked, 4))
    for order in epoch_orders(3, 2, 0, 60, epochs):
        for start in range(0, 60, size):  # the last batch has 12 rows
            rows = order[start : start + size]
            a1, y = data.train_x[rows].astype(np.float64), data.train_y[rows]
            a2 = _sigmoid(a1 @ w1 + b1)
            a3 = _sigmoid(a2 @ w2 + b2)
            z4 = a3 @ w3 + b3
            answer = np.exp(z4) / np.exp(z4).sum(axis=1, keepdims=True)
            delta4 = (answer - y) / len(rows)
            delta3 = delta4 @ w3.T * a3 * (1 - a3)
            delta2 = delta3 @ w2.T * a2 * (1 - a2)
            w3, b3 = w3 - rate * a3.T @ delta4, b3 - rate * delta4.sum(axis=0)
            w2, b2 = w2 - rate * a2.T @ delta3, b2 - rate * delta3.sum(axis=0)
            w1, b1 = w1 - rate * a1.T @ delta2, b1 - rate * delta2.sum(axis=0)
    [result] = train(asked, data)
    for ours, oracle in zip(result.weights, (w1, b1, w2, b2, w3, b3), strict=True):
        np.testing.assert_allclose(ours, oracle, atol=2e-6)


@pytest.mark.long
def test_a_hidden_layer_learns_xor(train, training, fold):
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([[0], [1], [1], [0]], np.float32)
    data = replace(fold("binary"), train_x=x, train_y=y, valid_x=x, valid_y=y, valid_truth=y[:, 0].astype(int))
    fit = FitSpec(epochs=300, batch_size="full", optimizer=OptimizerSpec(kind="adam", learning_rate=0.05))
    [result] = train(training("binary", model=MlpSpec(units=8, activation="tanh"), fit=fit), data)
    np.testing.assert_array_equal(result.predictions.argmax(axis=1), [0, 1, 1, 0])
    [flat] = train(training("binary", model=MlpSpec(hidden=0), fit=fit), data)
    assert (flat.predictions.argmax(axis=1) == [0, 1, 1, 0]).mean() < 1


def test_without_hidden_layers_it_is_the_least_squares_line(train, training, fold):
    x = np.array([[1, 1], [1, 0], [0, 0]], np.float32)
    y = np.array([[2], [1], [0]], np.float32)
    data = replace(fold("regression"), train_x=x, train_y=y, valid_x=x, valid_y=y, valid_truth=y[:, 0])
    fit = FitSpec(epochs=400, batch_size="full", optimizer=OptimizerSpec(kind="sgd", learning_rate=0.2, momentum=0.9))
    [result] = train(training("regression", model=MlpSpec(hidden=0), fit=fit), data)
    np.testing.assert_allclose(result.predictions, [2, 1, 0], atol=1e-3)
    np.testing.assert_allclose(result.weights[0][:, 0], [1, 1], atol=1e-3)


def test_2000_rows_in_batches_of_500_are_4_steps_an_epoch(train, training, fold):
    from foldwise.training.by_fold import batches_tf

    asked = training(fit=FitSpec(epochs=3, batch_size=500))
    batches = list(batches_tf.train_batches(asked, 0, fold(rows=2000)))
    assert [len(x) for x, _ in batches] == [500] * 12


@pytest.mark.parametrize("batch_size", [1, 7, 60, 1000, "full"])
def test_batches_follow_the_given_order_to_the_last_short_one(batch_size, training, fold):
    from foldwise.training.by_fold import batches_tf

    data = fold(rows=60)
    batches = list(batches_tf.train_batches(training(fit=FitSpec(epochs=2, batch_size=batch_size)), 4, data))
    seen = np.concatenate([x for x, _ in batches])
    np.testing.assert_array_equal(seen, data.train_x[np.concatenate(list(epoch_orders(0, 0, 4, 60, 2)))])


def test_a_batch_larger_than_the_rows_is_the_same_as_full(train, training, fold):
    large, full = (train(training(fit=FitSpec(epochs=3, batch_size=size)), fold())[0] for size in (500, "full"))
    assert large.curves == full.curves


def test_predictions_are_those_of_the_kept_weights(train, training, fold):
    from foldwise.models.build import build
    from foldwise.models.heads import to_predictions

    data, asked = fold(), training()
    [result] = train(asked, data)
    network = build(asked.model, 4, asked.head, 0)
    network.set_weights(result.weights)
    expected = to_predictions(asked.head, network.predict(data.valid_x, verbose=0))
    np.testing.assert_allclose(result.predictions, expected, atol=1e-6)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_curves_have_a_value_an_epoch_and_agree_with_keras(task, train, training, fold):
    metric = "mae" if task == "regression" else "accuracy"
    data, asked = fold(task, mean=5.0, sd=10.0), training(task, fit=FitSpec(epochs=4))
    [result] = train(asked, data)
    assert set(result.curves) == {"loss", "val_loss", "learning_rate", metric, f"val_{metric}"}
    assert {len(curve) for curve in result.curves.values()} == {4}
    if task == "regression":
        last = np.abs(result.predictions - data.valid_truth).mean()
        np.testing.assert_allclose(result.curves["val_loss"][-1], ((result.predictions - data.valid_truth) ** 2).mean() / 100)
    else:
        last = (result.predictions.argmax(axis=1) == data.valid_truth).mean()
        true = result.predictions[np.arange(len(data.valid_truth)), data.valid_truth]
        np.testing.assert_allclose(result.curves["val_loss"][-1], -np.log(true).mean(), rtol=1e-4)
    np.testing.assert_allclose(result.curves[f"val_{metric}"][-1], last, rtol=1e-4)


def test_learning_rates_are_set_before_each_epoch(train, training, fold):
    schedule = Drop(kind="drop", rate=0.5, every=2)
    fit = FitSpec(epochs=5, optimizer=OptimizerSpec(kind="sgd", learning_rate=0.1))
    [result] = train(training(fit=fit, schedule=schedule), fold())
    assert result.curves["learning_rate"] == pytest.approx([0.1, 0.05, 0.05, 0.025, 0.025])


def test_a_learning_rate_of_almost_nothing_leaves_the_weights(train, training, fold):
    schedule = Drop(kind="drop", rate=1e-30, every=1)
    asked = training(fit=FitSpec(epochs=2, optimizer=OptimizerSpec(kind="sgd", learning_rate=0.1)), schedule=schedule)
    for first, kept in zip(_first_weights(asked, 4), train(asked, fold())[0].weights, strict=True):
        np.testing.assert_allclose(first, kept, atol=1e-20)


def test_a_plateau_takes_the_rate_down_in_each_fold_anew(train, training, fold):
    schedule = PlateauDrop(kind="plateau", patience=1, min_delta=100.0)
    fit = FitSpec(epochs=4, optimizer=OptimizerSpec(kind="sgd", learning_rate=0.1))
    for result in train(training(fit=fit, schedule=schedule), [fold(), fold(seed=1)]):
        assert result.curves["learning_rate"] == pytest.approx([0.1, 0.1, 0.05, 0.025])


@pytest.mark.long
@pytest.mark.parametrize("monitor", ["val_loss", "loss", "val_accuracy", "accuracy"])
def test_early_stopping_keeps_what_keras_s_callback_keeps(monitor, train, training, fold):
    import keras

    data = fold(rows=30, seed=5)
    stop = EarlyStop(patience=3, monitor=monitor, min_delta=0.005)
    optimizer = OptimizerSpec(kind="sgd", learning_rate=1.0)
    fit = FitSpec(epochs=200, batch_size="full", early_stop=stop, optimizer=optimizer)
    asked = training(model=MlpSpec(units=32), fit=fit)
    [result] = train(asked, data)

    from foldwise.models.build import build

    network = build(asked.model, 4, asked.head, 0)
    network.set_weights(_first_weights(asked, 4))
    network.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    callback = keras.callbacks.EarlyStopping(monitor, 0.005, 3, restore_best_weights=True)
    history = network.fit(
        data.train_x, data.train_y, batch_size=30, epochs=200, validation_data=(data.valid_x, data.valid_y),
        callbacks=[callback], verbose=0,
    ).history  # fmt: skip
    assert len(result.curves["loss"]) == len(history["loss"]) < 200
    assert result.best_epoch == callback.best_epoch + 1 < len(history["loss"])
    for ours, theirs in zip(result.weights, network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_as_many_right_rows_in_other_batches_are_no_gain(training):
    """0.5 and 0.7 of 3 and 7 rows are not the same number as 0.6 of 10, in floating point."""
    from keras import Variable

    from foldwise.training.by_fold.engine import _FoldWatch

    class Network:
        stop_training = False

        def get_weights(self):
            return []

        class optimizer:  # noqa: N801 as Keras calls it
            use_ema = False
            learning_rate = 0.1

    stop = EarlyStop(patience=2, monitor="val_accuracy")
    valid = [(np.zeros((rows, 1)), None) for rows in (3, 7)]
    watch = _FoldWatch(
        training(fit=FitSpec(epochs=9, early_stop=stop)), 0, valid, lambda x: x, lambda: None, 1.0, Variable(1.0)
    )
    watch.set_model(Network())
    reached = iter([0.6, 0.6 + 1e-9, 0.6 + 2e-9])
    watch._validated = lambda: {"loss": 1.0, "accuracy": next(reached)}
    for epoch in range(3):
        watch.on_epoch_begin(epoch)
        watch.on_epoch_end(epoch, {"loss": 1.0, "accuracy": 0.5})
    assert (watch.patience.best_epoch, watch.model.stop_training) == (1, True)


def test_without_patience_the_last_weights_are_kept(train, training, fold):
    [result] = train(training(fit=FitSpec(epochs=4)), fold())
    assert result.best_epoch == 4


def test_averaged_weights_are_what_is_kept_with_and_without_patience(train, training, fold):
    optimizer = OptimizerSpec(kind="sgd", learning_rate=0.1, ema_momentum=0.5)
    kept = []
    for stop in (EarlyStop(), EarlyStop(patience=50)):
        fit = FitSpec(epochs=6, optimizer=optimizer, early_stop=stop)
        kept.append(train(training(fit=fit), fold())[0])
    assert kept[1].best_epoch == 6
    for last, best in zip(kept[0].weights, kept[1].weights, strict=True):
        np.testing.assert_array_equal(last, best)


def test_a_loss_that_is_not_finite_ends_the_fold_with_epoch_and_fold_named(train, training, fold):
    optimizer = OptimizerSpec(kind="sgd", learning_rate=1e20)
    asked = training("regression", fit=FitSpec(epochs=50, batch_size="full", optimizer=optimizer))
    first, second = train(asked, [fold("regression"), fold("regression", seed=1)])
    epochs = len(second.curves["loss"])
    assert epochs < 50
    name = "val_loss" if math.isfinite(second.curves["loss"][-1]) else "loss"
    assert second.failure == f"{name} is not finite in epoch {epochs} of fold 1"
    assert first.failure.endswith("of fold 0")


def test_a_fold_does_not_depend_on_those_before_it(train, training, fold):
    from foldwise.training.by_fold.engine import fit_folds

    model = MlpSpec(hidden=2, units=8, dropout=0.3, noise=0.1, batch_norm=True)
    asked = training(model=model, fit=FitSpec(epochs=3, batch_size=7))
    data = [fold(rows=60, seed=seed) for seed in range(3)]
    together = train(asked, data)
    for number in (1, 2):
        [alone] = fit_folds(asked, [(number, data[number])])
        assert alone.curves == together[number].curves
        np.testing.assert_array_equal(alone.predictions, together[number].predictions)


def test_folds_may_differ_in_rows_and_in_features(train, training, fold):
    asked = training(fit=FitSpec(epochs=2, batch_size=7))
    results = train(asked, [fold(rows=60, features=4), fold(rows=58, features=5), fold(rows=64, valid=3, features=4)])
    assert [result.weights[0].shape[0] for result in results] == [4, 5, 4]
    assert [len(result.predictions) for result in results] == [20, 20, 3]


def test_validation_in_several_batches_gives_the_same_curves(train, training, fold, monkeypatch):
    from foldwise.training.by_fold import engine as keras_fit

    [whole] = train(training(), fold(valid=50))
    monkeypatch.setattr(keras_fit, "ROWS_AT_ONCE", 16)
    [parts] = train(training(), fold(valid=50))
    np.testing.assert_allclose(parts.curves["val_loss"], whole.curves["val_loss"], rtol=1e-5)
    np.testing.assert_allclose(parts.predictions, whole.predictions, atol=1e-6)


def test_training_without_validation_rows(train, training, fold):
    data = fold(valid=0)
    [result] = train(training(fit=FitSpec(epochs=3, early_stop=EarlyStop(patience=1))), data)
    assert set(result.curves) == {"loss", "accuracy", "learning_rate"}
    assert len(result.predictions) == 0


def test_weighted_rows_count_by_their_weight(train, training, fold):
    data = fold(rows=60)
    half = np.repeat([1.0, 0.0], 30).astype(np.float32)
    optimizer = OptimizerSpec(kind="sgd", learning_rate=0.1)
    weighted = training(fit=FitSpec(epochs=3, batch_size="full", optimizer=optimizer))
    [one] = train(weighted, replace(data, train_weight=half))
    # Keras divides by all rows of the batch, so half of them with weight 0 is half the rate on the rest
    slower = OptimizerSpec(kind="sgd", learning_rate=0.05)
    fewer = training(fit=FitSpec(epochs=3, batch_size="full", optimizer=slower))
    [two] = train(fewer, replace(data, train_x=data.train_x[:30], train_y=data.train_y[:30]))
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_dropout_masks_depend_on_seed_and_trial_only(train, training, fold):
    """With first weights, batches and data alike, two folds see the same masks; another trial sees others."""
    from foldwise.models.build import build

    model = MlpSpec(units=50, dropout=0.5)
    rows = np.ones((1, 50), np.float32)

    def mask(seed, number):
        asked = training(model=model, seed=seed, number=number)
        network = build(model, 4, asked.head, derive(Purpose.LAYERS, seed, number))
        return np.asarray(network.get_layer("dropout_1")(rows, training=True)).tolist()

    assert mask(0, 1) == mask(0, 1)
    assert mask(0, 1) != mask(0, 2)
    assert mask(0, 1) != mask(1, 1)


def test_a_convolutional_network_trains_and_may_do_without_validation_rows(training, train, fold):
    fit = FitSpec(epochs=20, batch_size=8, optimizer=OptimizerSpec(learning_rate=0.02))
    asked = training(model=CnnSpec(kind="cnn", image=(2, 2, 1), filters=(2, 3), pool="none"), fit=fit)
    one, bare = train(asked, [fold(), fold(valid=0)])
    assert one.curves["val_accuracy"][-1] > 0.7
    assert one.predictions.shape == (20, 3)
    assert bare.predictions.shape == (0, 3)
    assert bare.failure is None


RANDOM = [
    {"kind": "Dense", "units": 5},
    {"kind": "Dropout", "rate": 0.4, "name": "low"},
    {"kind": "GaussianNoise", "stddev": 0.1},
]
MODELS = [
    MlpSpec(units=6, dropout=0.4, noise=0.1),
    MlpSpec(units=6, batch_norm=True),
    LayersSpec.model_validate({"kind": "layers", "layers": RANDOM, "outputs": {"low": 0.5}}),
]


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_trials_whose_networks_are_alike_trace_once_and_know_nothing_of_each_other(model, train, training, fold, monkeypatch):
    from foldwise.training.by_fold import engine as keras_fit

    traced = []
    compile_ = keras_fit._compile

    def counted(*given):
        made = compile_(*given)
        step = made.network.train_step
        made.network.train_step = lambda *batch: traced.append(1) or step(*batch)  # Python runs it to trace it, and never again
        return made

    monkeypatch.setattr(keras_fit, "_compile", counted)
    data = [fold(seed=seed) for seed in range(2)]

    def trial(number, rate):
        optimizer = OptimizerSpec(kind="adam", learning_rate=rate)
        return train(training(model=model, fit=FitSpec(epochs=4, batch_size=16, optimizer=optimizer), number=number), data)

    keras_fit._networks.clear()
    trial(0, 0.01)
    traces = len(traced)
    after_another = trial(1, 0.03)
    assert len(traced) == traces > 0
    keras_fit._networks.clear()
    alone = trial(1, 0.03)
    for one, other in zip(after_another, alone, strict=True):
        for a, b in zip(one.weights, other.weights, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.long
def test_networks_are_given_up_when_there_are_many(train, training, fold):
    from foldwise.training.by_fold import engine as keras_fit

    for units in range(3, 3 + keras_fit.MOST_NETWORKS + 2):
        train(training(model=MlpSpec(units=units), fit=FitSpec(epochs=1)), fold())
    assert len(keras_fit._networks) == keras_fit.MOST_NETWORKS


def test_a_trial_that_fails_leaves_no_network_behind(train, training, fold):
    """It can have failed for lack of memory, of which its network holds a large part."""
    from foldwise.training.by_fold import engine as keras_fit

    data = fold()
    bad = replace(data, train_y=np.zeros((len(data.train_x), 7), dtype=np.float32))
    with pytest.raises(ValueError, match="shape"):
        list(keras_fit.fit_folds(training(model=MlpSpec(units=9)), [(0, bad)]))
    assert not keras_fit._networks
    (fit,) = keras_fit.fit_folds(training(model=MlpSpec(units=9)), [(0, data)])
    assert fit.failure is None
