"""Keras's constraints on stacked kernels: each acts on the weights into one unit of one fold.

A padded unit has weights of 0 and keeps them, so padding stays exact.

Source: keras.constraints 3.15.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from foldwise.training.fused.network import Shape
from foldwise.training.fused.optimizers import Numbers
from foldwise.training.fused.weights import Packing

Tensor = Any  # TensorFlow ships no types


def constrained(shape: Shape, packing: Packing, trained: Tensor, numbers: Numbers) -> Tensor:
    """Trained weights (folds, numbers) with the hidden layers' kernels constrained."""
    if shape.constraint not in _RULES:
        return trained
    weights, rule = packing.trained.unpack(trained), _RULES[shape.constraint]
    for place in shape.constrained():
        weights[place] = rule(weights[place], numbers)
    return packing.trained.pack(weights)


def _norm(kernel: Tensor) -> Tensor:
    """The norm of the weights into each unit, (folds, 1, units)."""
    return tf.sqrt(tf.reduce_sum(tf.square(kernel), axis=1, keepdims=True))


def _max_norm(kernel: Tensor, numbers: Numbers) -> Tensor:
    norm = _norm(kernel)
    return kernel * (tf.minimum(norm, numbers["max_value"]) / (keras.config.epsilon() + norm))


def _unit_norm(kernel: Tensor, numbers: Numbers) -> Tensor:
    return kernel / (keras.config.epsilon() + _norm(kernel))


def _min_max_norm(kernel: Tensor, numbers: Numbers) -> Tensor:
    norm, rate = _norm(kernel), numbers["rate"]
    inside = tf.clip_by_value(norm, numbers["min_value"], numbers["max_value"])
    return kernel * ((rate * inside + (1 - rate) * norm) / (keras.config.epsilon() + norm))


_RULES: dict[str, Callable[[Tensor, Numbers], Tensor]] = {
    "max_norm": _max_norm,
    "non_neg": lambda kernel, numbers: tf.maximum(kernel, tf.zeros_like(kernel)),
    "unit_norm": _unit_norm,
    "min_max_norm": _min_max_norm,
}
