"""Embeddings of numbers and categories, and the members of a network, on stacked folds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from foldwise.models.mlp_weights import Parts, Sides

Tensor = Any  # TensorFlow ships no types
TURN = float(np.float32(2.0 * math.pi))  # Keras's Rescaling rounds it to single precision
Weights = Callable[..., Tensor]  # (layer, part) -> a weight, folds first


def embedded(parts: Parts, weight: Weights, x: Tensor, sides: Sides) -> Tensor:
    """Embedded numbers, embedded categories, then the rest, (folds, rows, features).

    Args:
        parts: of the network.
        weight: the weights by layer and name, each with the folds first.
        x: (folds, rows, features): numbers, rest, then the levels of each embedded category.
        sides: the sizes of these.
    """
    numbers, rest, *levels = tf.split(x, [sides.numbers, sides.rest, *sides.levels], axis=2, num=2 + parts.categories)
    joined = [_numbers(parts, weight, numbers)]
    joined += [tf.matmul(block, weight(f"levels_{place}")) for place, block in enumerate(levels, 1)]
    return tf.concat([*joined, rest], axis=2)


def _numbers(parts: Parts, weight: Weights, x: Tensor) -> Tensor:
    """Each number as its features, (folds, rows, numbers * features)."""
    if parts.embedding == "none":
        return x
    each = tf.transpose(x, [0, 2, 1])[..., None]  # (folds, numbers, rows, 1), so that a number has one matrix product
    if parts.embedding == "ple":
        inner = tf.clip_by_value(each * weight("bins")[:, :, None] + weight("bins", "bias")[:, :, None], 0.0, 1.0)
    else:
        inner = each * TURN * weight("frequencies")[:, :, None]
        inner = inner + weight("frequencies", "bias")[:, :, None] if parts.embedding == "pbld" else inner
        inner = tf.cos(inner) if parts.embedding == "pbld" else tf.concat([tf.cos(inner), tf.sin(inner)], axis=3)
    outer = tf.matmul(inner, weight("numbers")) + weight("numbers", "bias")[:, :, None]
    if parts.embedding == "plr":
        outer = tf.nn.relu(outer)
    if parts.embedding == "pbld":
        outer = tf.concat([each, outer], axis=3)
    return _flat(tf.transpose(outer, [0, 2, 1, 3]))


def _flat(x: Tensor) -> Tensor:
    """(folds, rows, numbers, features) as (folds, rows, numbers * features)."""
    size = tf.shape(x)
    return tf.reshape(x, [size[0], size[1], size[2] * x.shape[3]])


def of_members(x: Tensor, members: int, factor: Tensor, bias: Tensor | None = None) -> Tensor:
    """Rows (folds, rows * members, width), a row's members side by side, times their factors (folds, members, width)."""
    size = tf.shape(x)
    apart = tf.reshape(x, [size[0], -1, members, size[2]]) * factor[:, None]
    return tf.reshape(apart if bias is None else apart + bias[:, None], size)


def output_of_members(x: Tensor, members: int, kernel: Tensor, bias: Tensor) -> Tensor:
    """Each member's own output layer: (folds, rows * members, width) -> (folds, rows, members, units).

    kernel: (folds, members, width, units). bias: (folds, units, members).
    """
    size = tf.shape(x)
    apart = tf.transpose(tf.reshape(x, [size[0], -1, members, size[2]]), [0, 2, 1, 3])
    return tf.transpose(tf.matmul(apart, kernel) + tf.transpose(bias, [0, 2, 1])[:, :, None], [0, 2, 1, 3])
