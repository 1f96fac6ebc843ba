"""The multilayer perceptron on stacked folds: one batched matrix product instead of one a fold.

Weights, inputs and targets carry the folds as their first axis. Layers can be padded: a padded unit's weights are zero, and
a mask after each activation keeps its output and so its gradients at zero, which is exact for every layer here.
Rows can be padded too: batch statistics and losses count real rows only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from foldwise.models.heads import Head
from foldwise.spec.model import MlpSpec

Tensor = Any  # TensorFlow ships no types

BATCH_MOMENTUM, NORM_EPSILON = 0.99, 1e-3  # Keras's defaults, which foldwise does not change


@dataclass(frozen=True)
class Shape:
    """The parts of a network's specification that decide its program, apart from the sizes of its arrays."""

    depth: int
    activation: str
    norm: str
    dropout: bool
    noise: bool
    head: Head

    @staticmethod
    def of(spec: MlpSpec, head: Head) -> Shape:
        """The shape of a specification."""
        norm = "batch" if spec.batch_norm else "layer" if spec.layer_norm else ""
        return Shape(len(spec.widths), spec.activation, norm, spec.dropout > 0, spec.noise > 0, head)

    @property
    def arrays_a_layer(self) -> int:
        """Number of weights of a hidden layer: kernel and bias, gamma and beta, moving mean and variance."""
        return {"": 2, "layer": 4, "batch": 6}[self.norm]

    @property
    def moves(self) -> bool:
        """Whether the network keeps moving statistics."""
        return self.norm == "batch"

    def trainable(self) -> list[bool]:
        """One flag for each weight in Keras's order, True for trained ones."""
        layer = [True, True, True, True, False, False][: self.arrays_a_layer]
        return layer * self.depth + [True, True]

    def kernels(self) -> list[int]:
        """The places of the kernels, on which penalties act."""
        return [self.arrays_a_layer * layer for layer in range(self.depth + 1)]


class RuntimeParams(NamedTuple):
    """Numbers of a network that are inputs of its program: scalars, the widths from features to outputs, and for each hidden
    layer a mask of its real units, (width,).

    scale is `1 / (1 - rate)`, by which dropout multiplies the units that it keeps.
    """

    slope: Tensor
    rate: Tensor
    scale: Tensor
    noise: Tensor
    sides: Tensor
    masks: list[Tensor]


def forward(
    shape: Shape,
    weights: Sequence[Tensor],
    x: Tensor,
    runtime: RuntimeParams,
    rows: Tensor | None = None,
    draws: Sequence[Tensor] = (),
) -> tuple[Tensor, list[Tensor]]:
    """The outputs (folds, rows, units), and the weights with their moving statistics after these rows.

    Args:
        shape: of the network.
        weights: in Keras's order, each with the folds first.
        x: (folds, rows, features).
        runtime: the numbers.
        rows: 1 for real rows, 0 for padding, (folds, rows); None for inference.
        draws: of the random layers in their order, (folds or 1, rows, width): normal for noise, uniform for dropout.
    """
    training = rows is not None
    after, draw = list(weights), iter(draws)
    if shape.noise and training:
        x = x + next(draw) * runtime.noise
    for layer, mask in enumerate(runtime.masks):
        at = layer * shape.arrays_a_layer
        x = _dense(x, weights[at], weights[at + 1])
        if shape.norm == "batch":
            mean, variance = (weights[at + 4], weights[at + 5]) if rows is None else _batch_moments(x, rows)
            if training:
                for place, value in ((at + 4, mean), (at + 5, variance)):
                    after[place] = weights[place] * BATCH_MOMENTUM + value * (1.0 - BATCH_MOMENTUM)
            x = _normalised(x, mean[:, None, :], variance[:, None, :], weights[at + 2], weights[at + 3])
        elif shape.norm == "layer":
            x = _normalised(x, *_layer_moments(x, mask), weights[at + 2], weights[at + 3])
        x = _times(_activated(shape.activation, x, runtime.slope), mask)
        if shape.dropout and training:
            x = _times(x, tf.where(next(draw) >= runtime.rate, runtime.scale, tf.zeros_like(runtime.scale)))
    x = _dense(x, weights[-2], weights[-1])
    return keras.activations.get(shape.head.activation)(x), after


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _dense(x: Tensor, kernel: Tensor, bias: Tensor) -> Any:
    """`x @ kernel + bias` of every fold. TensorFlow's own gradient asks at every step which axes were broadcast."""

    def gradient(of: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        back = tf.matmul(of, kernel, transpose_b=True), tf.matmul(x, of, transpose_a=True)
        return *back, tf.reduce_sum(of, axis=1)

    return tf.matmul(x, kernel) + tf.expand_dims(bias, 1), gradient


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _times(x: Tensor, factor: Tensor) -> Any:
    """`x * factor` without a gradient of the factor, which has the shape of x or broadcasts to it."""
    return x * factor, lambda of: (of * factor, None)


def _activated(name: str, x: Tensor, slope: Tensor) -> Tensor:
    return tf.where(x > 0, x, x * slope) if name == "leaky_relu" else keras.activations.get(name)(x)


def _normalised(x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    inverse = tf.math.rsqrt(variance + NORM_EPSILON) * gamma[:, None, :]
    return x * inverse + (beta[:, None, :] - mean * inverse)


def _batch_moments(x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance over real rows, (folds, width) each."""
    count = tf.maximum(tf.reduce_sum(rows, axis=1), 1.0)[:, None]
    real = rows[:, :, None]
    mean = tf.reduce_sum(x * real, axis=1) / count
    variance = tf.reduce_sum(tf.square(x - mean[:, None, :]) * real, axis=1) / count
    return mean, variance


def _layer_moments(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance over real units, (folds, rows, 1) each."""
    count = tf.reduce_sum(mask)
    mean = tf.reduce_sum(x * mask, axis=-1, keepdims=True) / count
    variance = tf.reduce_sum(tf.square(x - mean) * mask, axis=-1, keepdims=True) / count
    return mean, variance
