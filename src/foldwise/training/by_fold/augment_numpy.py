"""Augment batches outside of TensorFlow. Keras's own layers change images; every draw follows from trial, fold and step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import Features
from foldwise.data.preparation.pixels import Images
from foldwise.seeds import Purpose, derive, generator
from foldwise.spec.augment import AugmentSpec, ImageAugment, VectorAugment
from foldwise.training.by_fold.augment_layers import BRIGHTEST, DROPOUT, FIRST, JITTER, NOISE, RANGE, SECOND, layers_for

Array = npt.NDArray[Any]
# (x, y, weight or None, step) -> the same, varied; x as the network takes it
Vary = Callable[[Array, Array, Array | None, int], tuple[Array, Array, Array | None]]
Change = Callable[[Array, int], Array]


def vary_for(augment: AugmentSpec, features: Features, scaled: Callable[[Array], Array], *place: int) -> Vary:
    """The function that augments the batches of a fold.

    Args:
        augment: the changes.
        features: the fold's training rows, the only ones whose statistics are used.
        scaled: turns a batch of them into the network's input.
        place: the study's seed, the trial's number, the fold's number.
    """
    seed = derive(Purpose.AUGMENT, *place)
    if isinstance(augment, ImageAugment):
        assert isinstance(features, Images)  # see check_augment
        change = _images(augment, features, seed)
        return _mixed(augment.mixup, seed, lambda x, step: scaled(change(x, step)))
    if isinstance(augment, VectorAugment):
        return _mixed(augment.mixup, seed, _vectors(augment, np.asarray(features), seed))
    return lambda x, y, weight, step: (scaled(x), y, weight)


def _vectors(augment: VectorAugment, x: npt.NDArray[np.float32], seed: int) -> Change:
    mean = x.mean(axis=0)
    two_values = ((x == x.min(axis=0)) | (x == x.max(axis=0))).all(axis=0)
    deviation = np.where(two_values, 0.0, augment.jitter * x.std(axis=0)).astype(x.dtype)

    def change(rows: Array, step: int) -> Array:
        if augment.jitter > 0:
            rows = rows + _draws(seed, step, JITTER).standard_normal(rows.shape, dtype=np.float32) * deviation
        if augment.feature_dropout > 0:
            drawn = _draws(seed, step, DROPOUT).random(rows.shape, dtype=np.float32)
            rows = np.where(drawn < augment.feature_dropout, mean, rows)
        return rows

    return change


def _images(augment: ImageAugment, features: Images, seed: int) -> Change:
    layers = layers_for(augment, seed)

    def change(rows: Array, step: int) -> Array:
        images: Any = rows.astype(np.float32).reshape(-1, *features.image)
        for layer in layers:
            images = layer(images, training=True)
        varied: Array = np.asarray(keras.ops.convert_to_numpy(images))
        if augment.noise > 0:
            drawn = _draws(seed, step, NOISE).standard_normal(varied.shape, dtype=np.float32)
            varied = np.clip(varied + np.float32(augment.noise * BRIGHTEST) * drawn, *RANGE)
        return varied.reshape(-1, features.shape[1])

    return change


def _mixed(alpha: float, seed: int, change: Change) -> Vary:
    """A change, then mixup. A batch is in random order, so its reverse gives each row a random partner."""

    def vary(x: Array, y: Array, weight: Array | None, step: int) -> tuple[Array, Array, Array | None]:
        x = change(x, step)
        if alpha == 0:
            return x, y, weight
        one, other = (_draws(seed, step, place).standard_gamma(alpha, (len(x), 1)).astype(x.dtype) for place in (FIRST, SECOND))
        both = one + other
        own = np.divide(one, both, out=np.zeros_like(one), where=both > 0)

        def blend(part: Array, share: Array) -> Array:
            mixed: Array = part * share + part[::-1] * (1 - share)
            return mixed

        return blend(x, own), blend(y, own), None if weight is None else blend(weight, own[:, 0])

    return vary


def _draws(seed: int, step: int, draw: int) -> np.random.Generator:
    return generator(Purpose.AUGMENT, seed, step, draw)
