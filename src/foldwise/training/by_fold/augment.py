"""Augment batches on TensorFlow. Keras's own layers change images; every draw follows from trial, fold and step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from foldwise.data.preparation.fold import Features
from foldwise.data.preparation.pixels import Images
from foldwise.seeds import Purpose, derive
from foldwise.spec.augment import AugmentSpec, ImageAugment, VectorAugment
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.table import task_of
from foldwise.training.by_fold.augment_layers import BRIGHTEST, DROPOUT, FIRST, JITTER, NOISE, RANGE, SECOND, layers_for

Tensor = Any  # TensorFlow ships no types
# (x, y, weight or None, step) -> the same, varied; x as the network takes it
Vary = Callable[[Tensor, Tensor, Tensor | None, Tensor], tuple[Tensor, Tensor, Tensor | None]]

DRAWS_A_STEP = 5


def vary_for(augment: AugmentSpec, features: Features, task: TaskName, *place: int) -> Vary:
    """The function that augments the batches of a fold.

    Args:
        augment: the changes.
        features: the fold's training rows, the only ones whose statistics are used.
        task: masks and boxes move with their pictures.
        place: the study's seed, the trial's number, the fold's number.
    """
    seed = derive(Purpose.AUGMENT, *place)
    scaled = scaled_for(features)
    if isinstance(augment, ImageAugment):
        assert isinstance(features, Images)  # see check_augment
        together = task_of(task).moved(augment, features.image, seed)
        if together is not None:
            return _together(together, features, scaled)
        change = _images(augment, features, seed)
        return _mixed(augment.mixup, seed, lambda x, step: scaled(change(x, step)))
    if isinstance(augment, VectorAugment):
        change = _vectors(augment, np.asarray(features), seed)
        return _mixed(augment.mixup, seed, change)
    return lambda x, y, weight, step: (scaled(x), y, weight)


def _together(move: Callable[..., Any], features: Images, scaled: Callable[[Tensor], Tensor]) -> Vary:
    """Pictures changed together with their targets."""

    def vary(x: Tensor, y: Tensor, weight: Tensor | None, step: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        images, y = move(tf.reshape(tf.cast(x, tf.float32), [-1, *features.image]), y, step)
        return scaled(tf.reshape(images, [-1, features.shape[1]])), y, weight

    return vary


def scaled_for(features: Features) -> Callable[[Tensor], Tensor]:
    """The function that turns a batch of these features into the network's input: images become numbers only there."""
    if not isinstance(features, Images):
        return lambda batch: batch
    center, scale = features.center, features.scale
    return lambda batch: (tf.cast(batch, tf.float32) - center) / scale


def _vectors(augment: VectorAugment, x: npt.NDArray[np.float32], seed: int) -> Callable[[Tensor, Tensor], Tensor]:
    mean = x.mean(axis=0)
    two_values = ((x == x.min(axis=0)) | (x == x.max(axis=0))).all(axis=0)
    deviation = np.where(two_values, 0.0, augment.jitter * x.std(axis=0)).astype(x.dtype)

    def change(rows: Tensor, step: Tensor) -> Tensor:
        if augment.jitter > 0:
            rows += tf.random.stateless_normal(tf.shape(rows), _seeds(seed, step, JITTER), dtype=rows.dtype) * deviation
        if augment.feature_dropout > 0:
            drawn = tf.random.stateless_uniform(tf.shape(rows), _seeds(seed, step, DROPOUT), dtype=rows.dtype)
            rows = tf.where(drawn < augment.feature_dropout, mean, rows)
        return rows

    return change


def _images(augment: ImageAugment, features: Images, seed: int) -> Callable[[Tensor, Tensor], Tensor]:
    layers = layers_for(augment, seed)

    def change(rows: Tensor, step: Tensor) -> Tensor:
        images = tf.reshape(tf.cast(rows, tf.float32), [-1, *features.image])
        for layer in layers:
            images = layer(images, training=True)
        if augment.noise > 0:
            drawn = tf.random.stateless_normal(tf.shape(images), _seeds(seed, step, NOISE))
            images = tf.clip_by_value(images + augment.noise * BRIGHTEST * drawn, *RANGE)
        return tf.reshape(images, [-1, features.shape[1]])

    return change


def _mixed(alpha: float, seed: int, change: Callable[[Tensor, Tensor], Tensor]) -> Vary:
    """A change, then mixup. A batch is in random order, so its reverse gives each row a random partner."""

    def vary(x: Tensor, y: Tensor, weight: Tensor | None, step: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        x = change(x, step)
        if alpha == 0:
            return x, y, weight
        one, other = (
            tf.random.stateless_gamma([tf.shape(x)[0], 1], _seeds(seed, step, place), alpha, dtype=x.dtype)
            for place in (FIRST, SECOND)
        )
        own = tf.math.divide_no_nan(one, one + other)

        def blend(part: Tensor, share: Tensor) -> Tensor:
            return part * share + tf.reverse(part, [0]) * (1 - share)

        return blend(x, own), blend(y, own), None if weight is None else blend(weight, own[:, 0])

    return vary


def _seeds(seed: int, step: Tensor, draw: int) -> Tensor:
    return tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64) * DRAWS_A_STEP + draw])
