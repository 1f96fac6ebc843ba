"""Callbacks of the user's own see each epoch's validation, may end a fold or change its rate; each fold has new ones."""

import numpy as np
import pytest

from foldwise.errors import ConfigError
from foldwise.spec.fit import EarlyStop, FitSpec
from foldwise.spec.lr_schedule import TimeBased
from foldwise.spec.optimizer import OptimizerSpec
from foldwise.spec.python_value import PythonFunction

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SEEN = []


def noting(trial, fold):
    import keras

    class Noting(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            SEEN.append((trial, fold, "step", batch))

        def on_epoch_end(self, epoch, logs=None):
            SEEN.append((trial, fold, "epoch", dict(logs)))

    return Noting()


def after_two():
    import keras

    class AfterTwo(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.steps = getattr(self, "steps", 0) + 1
            self.model.stop_training = self.steps >= 5  # three steps an epoch

    return AfterTwo()


def plateau():
    import keras

    return keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.1, patience=1, min_delta=100.0)


def tripled():
    import keras

    return keras.callbacks.LearningRateScheduler(lambda epoch, rate: 3 * rate)


def freezing():
    import keras

    class Freezing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.set_weights([0 * weight for weight in self.model.get_weights()])

    return Freezing()


def _fit(*functions, **fit):
    usual = {"epochs": 4, "batch_size": 16, "optimizer": OptimizerSpec(kind="sgd", learning_rate=0.1)}
    return FitSpec(callbacks=tuple(map(PythonFunction, functions)), **{**usual, **fit})


def test_they_see_every_step_and_the_validation_of_every_epoch(train, training, fold):
    SEEN.clear()
    fits = train(training(fit=_fit(noting), number=7), [fold(rows=48, seed=seed) for seed in range(2)])
    assert [seen[:2] for seen in SEEN if seen[2] == "epoch"] == [(7, 0)] * 4 + [(7, 1)] * 4
    assert [seen[3] for seen in SEEN if seen[:3] == (7, 1, "step")] == [0, 1, 2] * 4
    for place, result in enumerate(fits):
        logs = [seen[3] for seen in SEEN if seen[1:3] == (place, "epoch")]
        for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
            assert [one[name] for one in logs] == list(result.curves[name])


def test_one_that_only_looks_changes_nothing(train, training, fold):
    data = [fold(rows=48, seed=seed) for seed in range(2)]
    plain, seen = train(training(fit=_fit()), data), train(training(fit=_fit(noting)), data)
    for one, other in zip(plain, seen, strict=True):
        assert one.curves["val_loss"] == pytest.approx(other.curves["val_loss"], rel=1e-6)
        for a, b in zip(one.weights, other.weights, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("patience", [None, 3])
def test_one_can_end_a_fold_within_an_epoch(patience, train, training, fold):
    fits = train(training(fit=_fit(after_two, early_stop=EarlyStop(patience=patience))), [fold(rows=48), fold(rows=48, seed=1)])
    assert [len(result.curves["loss"]) for result in fits] == [2, 2]
    assert all(result.best_epoch <= 2 for result in fits)


@pytest.mark.long
def test_the_rates_that_they_set_are_kept_and_recorded(train, training, fold):
    [result] = train(training(fit=_fit(noting)), fold(rows=48))
    assert result.curves["learning_rate"] == (0.1,) * 4
    [result] = train(training(fit=_fit(plateau)), fold(rows=48))
    assert result.curves["learning_rate"] == pytest.approx([0.1, 0.1, 0.01, 0.001])
    [result] = train(training(fit=_fit(tripled)), fold(rows=48))
    assert result.curves["learning_rate"] == pytest.approx([0.3, 0.9, 2.7, 8.1])
    [result] = train(training(fit=_fit(tripled), schedule=TimeBased(kind="time_based", decay=1.0)), fold(rows=48))
    assert result.curves["learning_rate"] == pytest.approx([0.3, 0.15, 0.1, 0.075])


@pytest.mark.long
def test_a_callback_can_change_weights_and_the_next_trial_knows_nothing_of_it(train, training, fold):
    plain = train(training(fit=_fit()), fold(rows=48))[0]
    [result] = train(training(fit=_fit(freezing)), fold(rows=48))
    assert all((weight == 0).all() for weight in result.weights)
    again = train(training(fit=_fit()), fold(rows=48))[0]
    for one, other in zip(plain.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def raising():
    raise KeyError("x")


def nothing(): ...


def uncalled():
    import keras

    return keras.callbacks.History


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (raising, r"fit\.callbacks\.0: raising raised KeyError: 'x'"),
        (nothing, r"fit\.callbacks\.0: nothing must return a keras\.callbacks\.Callback, got NoneType"),
        (uncalled, r"got the class History; call it"),
    ],
)
def test_what_a_function_makes_is_checked(function, sentence):
    from foldwise.training.by_fold.callbacks import own_callbacks

    with pytest.raises(ConfigError, match=sentence):
        own_callbacks(_fit(function), 0, 0)
