"""Losses of class maps: against formulas in numpy, without the ignored pixels."""

import numpy as np
import pytest

from foldwise.data.masks import IGNORED
from foldwise.tasks.segmentation.losses import LOSSES, loss_named

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


def _case(seed=0, classes=3, size=(4, 5, 6)):
    draws = np.random.default_rng(seed)
    masks = draws.integers(0, classes, size).astype(np.uint8)
    raw = np.exp(draws.normal(size=(*size, classes)))
    return masks, (raw / raw.sum(axis=-1, keepdims=True)).astype(np.float32)


def _by_numpy(name, masks, probabilities):
    classes = probabilities.shape[-1]
    known = masks != IGNORED
    codes, p = masks[known], probabilities[known].astype(np.float64)
    truth = np.eye(classes)[codes]
    right = p[np.arange(len(codes)), codes]
    if name == "cross_entropy":
        return -np.log(right).mean()
    if name == "focal":
        return (0.25 * (1 - right) ** 2 * -np.log(right)).mean()
    both, missed, invented = (truth * p).sum(0), (truth * (1 - p)).sum(0), ((1 - truth) * p).sum(0)
    weights = {"dice": (0.5, 0.5), "tversky": (0.7, 0.3)}[name]
    each = 1 - both / (both + weights[0] * missed + weights[1] * invented)
    return each[truth.any(axis=0)].mean()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("ignored", [False, True])
def test_a_loss_is_its_formula(name, ignored):
    masks, probabilities = _case()
    if ignored:
        masks[np.random.default_rng(1).random(masks.shape) < 0.4] = IGNORED
    assert float(loss_named(name)(masks, probabilities)) == pytest.approx(_by_numpy(name, masks, probabilities), rel=1e-4)


@pytest.mark.parametrize("name", ["cross_entropy+dice", "focal+tversky", "focal+dice"])
def test_a_sum_is_the_sum(name):
    case = _case(2)
    assert float(loss_named(name)(*case)) == pytest.approx(sum(float(LOSSES[part](*case)) for part in name.split("+")))


@pytest.mark.parametrize("name", [*LOSSES, "cross_entropy+dice"])
def test_what_is_predicted_for_ignored_pixels_has_no_weight(name):
    import tensorflow as tf

    masks, probabilities = _case(3)
    masks[:, :2] = IGNORED
    given = tf.Variable(probabilities)
    with tf.GradientTape() as tape:
        loss = loss_named(name)(masks, given)
    gradient = tape.gradient(loss, given).numpy()
    assert not gradient[:, :2].any()
    assert gradient[:, 2:].any()


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_of_ignored_pixels_has_no_loss(name):
    masks, probabilities = _case(4)
    assert float(loss_named(name)(np.full_like(masks, IGNORED), probabilities)) == 0.0


def test_a_class_that_a_batch_lacks_does_not_count():
    masks, probabilities = np.zeros((1, 2, 2), np.uint8), np.zeros((1, 2, 2, 3), np.float32)
    probabilities[..., 0] = 1
    assert float(LOSSES["dice"](masks, probabilities)) == pytest.approx(0, abs=1e-6)
