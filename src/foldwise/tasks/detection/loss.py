"""The loss of a centre network: a focal loss of heatmaps, and absolute errors of sizes and places at centres."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from foldwise.tasks.detection.targets import TARGET_EXTRA

Tensor = Any  # TensorFlow ships no types

HALF = 0.5
ALPHA, BETA = 2.0, 4.0  # exponents of the focal loss, as in the source


class CentreLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras ships no types
    """`centre_loss` as Keras takes it."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """As `centre_loss`."""
        return centre_loss(y_true, y_pred)


def centre_loss(target: Tensor, maps: Tensor) -> Tensor:
    """The loss of each picture, (batch,).

    With p the probability and y the heatmap, a centre (y = 1) costs -(1 - p)^2 log p and any other cell
    -(1 - y)^4 p^2 log(1 - p). Sizes and places cost their absolute error at centres, each with its weight. The sum is divided
    by the mean number of centres of the batch's pictures.
    Source: Zhou et al. 2019, "Objects as points", equations 1 to 4, where sizes are pixels, and here logarithms.

    Args:
        target: (batch, rows, columns, labels + 6), see targets.encode.
        maps: (batch, rows, columns, labels + 4), see decode.
    """
    labels = target.shape[-1] - TARGET_EXTRA
    heat, shapes, weights = target[..., :labels], target[..., labels:-2], target[..., -2:]
    logits = tf.cast(maps[..., :labels], target.dtype)
    p = tf.sigmoid(logits)
    centre = tf.cast(heat >= 1.0, target.dtype)
    hit = centre * (1.0 - p) ** ALPHA * tf.math.log_sigmoid(logits)
    miss = (1.0 - centre) * (1.0 - heat) ** BETA * p**ALPHA * tf.math.log_sigmoid(-logits)
    error = tf.abs(tf.cast(maps[..., labels:], target.dtype) - shapes) * tf.repeat(weights, 2, axis=-1)
    total = tf.reduce_sum(error, axis=[1, 2, 3]) - tf.reduce_sum(hit + miss, axis=[1, 2, 3])
    return total / tf.maximum(tf.reduce_mean(tf.reduce_sum(centre, axis=[1, 2, 3])), 1.0)


def centres_found(target: Tensor, maps: Tensor) -> Tensor:
    """The share of the true centres whose own place has a probability of at least one half, (batch,); 1 where there is none."""
    labels = target.shape[-1] - TARGET_EXTRA
    centre = tf.cast(target[..., :labels] >= 1.0, target.dtype)
    found = centre * tf.cast(tf.sigmoid(maps[..., :labels]) >= HALF, target.dtype)
    count = tf.reduce_sum(centre, axis=[1, 2, 3])
    return tf.where(count > 0, tf.reduce_sum(found, axis=[1, 2, 3]) / tf.maximum(count, 1.0), 1.0)
