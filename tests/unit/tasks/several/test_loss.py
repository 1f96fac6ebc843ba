"""The loss of several numbers: the mean of the loss of each, by weight."""

import numpy as np
import pytest

from foldwise.models.heads import Head
from foldwise.tasks.table import task_of

pytestmark = pytest.mark.slow

DRAW = np.random.default_rng(0)
TRUTH, OUTPUTS = (DRAW.normal(size=(6, 3)).astype(np.float32) for _ in range(2))
WEIGHTS = (3.0, 1.0, 0.5)


def _value(loss, truth=TRUTH, outputs=OUTPUTS):
    import keras

    return keras.ops.convert_to_numpy(loss(truth, outputs))


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "log_cosh"])
def test_it_is_the_weighted_mean_of_the_loss_of_each_number(name, tensorflow_started):
    task, one = task_of("multioutput"), Head(1, "linear", name, "regression")
    each = [_value(task_of("regression").loss(one, per_row=True), TRUTH[:, [k]], OUTPUTS[:, [k]]) for k in range(3)]
    expected = np.average(each, axis=0, weights=WEIGHTS)
    head = Head(3, "linear", name, "multioutput", weights=WEIGHTS)
    np.testing.assert_allclose(_value(task.loss(head, per_row=True)), expected, rtol=1e-5)
    np.testing.assert_allclose(_value(task.loss(head)), expected.mean(), rtol=1e-5)


def test_equal_weights_give_the_loss_of_keras(tensorflow_started):
    import keras

    loss = task_of("multioutput").loss(Head(3, "linear", "mse", "multioutput"))
    assert type(loss) is keras.losses.MeanSquaredError
