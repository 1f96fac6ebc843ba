import numpy as np
import pytest

from foldwise.training.by_fold.early_stop import Patience


def _run(values, limit, min_delta=0.0, last=False):
    """The kept epoch, and how many epochs were trained."""
    state = Patience(limit, min_delta, last)
    for epoch, value in enumerate(values):
        state = state.after(epoch, value)
        if state.is_over:
            return state.best_epoch, epoch + 1
    return state.best_epoch, len(values)


def test_it_waits_for_patience_epochs_and_keeps_the_best():
    assert _run([3, 2, 1, 1.5, 1.2, 0.5], limit=2) == (3, 5)
    assert _run([3, 2, 1, 1.5, 1.2, 0.5], limit=3) == (6, 6)


def test_less_than_min_delta_is_no_improvement():
    assert _run([1.0, 0.95, 0.91, 0.5], limit=2, min_delta=0.1) == (1, 3)


def test_the_last_of_equal_epochs_is_kept_and_starts_the_waiting_anew():
    values = [3, 1, 1, 2, 1, 2, 2, 0]
    assert _run(values, limit=2) == (2, 4)
    assert _run(values, limit=2, last=True) == (5, 7)
    assert _run([1.0, 0.5, 0.25, 0.25], limit=3, min_delta=0.25, last=True) == (3, 4)


def test_without_a_limit_the_last_epoch_is_kept():
    assert _run([1, 2, 3], limit=None) == (3, 3)


@pytest.mark.slow
@pytest.mark.usefixtures("tensorflow_started")
@pytest.mark.parametrize("seed", range(20))
def test_it_ends_where_keras_s_early_stopping_ends(seed):
    import keras

    class Network:
        """What the callback needs of a model."""

        stop_training = False
        weights = 0

        def get_weights(self):
            return self.weights

        def set_weights(self, weights):
            self.weights = weights

    draws = np.random.default_rng(seed)
    limit, min_delta = int(draws.integers(1, 6)), float(draws.choice([0.0, 0.05]))
    values = (1 / (1 + np.arange(40)) + 0.1 * draws.normal(size=40)).tolist()
    callback = keras.callbacks.EarlyStopping("val_loss", min_delta, limit, mode="min", restore_best_weights=True)
    network = Network()
    callback.set_model(network)
    callback.on_train_begin()
    trained = 0
    for epoch, value in enumerate(values):
        network.weights = trained = epoch + 1
        callback.on_epoch_end(epoch, {"val_loss": value})
        if network.stop_training:
            break
    callback.on_train_end()
    assert _run(values, limit, min_delta) == (network.weights, trained)
