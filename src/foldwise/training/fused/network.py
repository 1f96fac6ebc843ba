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
    """The parts of a network's specification that decide its program, apart from the sizes of its arrays.

    activations, norms, dropouts: of each hidden layer.
    penalised: whether L1 or L2 act on each kernel, the output layer's last. biases, activities: whether they act on these, of
        the hidden layers.
    constraint: of the hidden layers' kernels, a kind of spec.constraint.
    """

    activations: tuple[str, ...]
    norms: tuple[str, ...]
    dropouts: tuple[bool, ...]
    noise: bool
    head: Head
    penalised: tuple[bool, ...]
    biases: bool
    activities: bool
    constraint: str

    @staticmethod
    def of(spec: MlpSpec, head: Head) -> Shape:
        """The shape of a specification."""
        return Shape(
            activations=tuple(layer.activation for layer in spec.layers),
            norms=tuple(layer.norm for layer in spec.layers),
            dropouts=tuple(layer.dropout > 0 for layer in spec.layers),
            noise=spec.noise > 0,
            head=head,
            penalised=tuple(l1 > 0 or l2 > 0 for l1, l2 in spec.penalties),
            biases=spec.bias_l1 > 0 or spec.bias_l2 > 0,
            activities=spec.activity_l1 > 0 or spec.activity_l2 > 0,
            constraint=spec.kernel_constraint.kind,
        )

    @property
    def depth(self) -> int:
        """The number of hidden layers."""
        return len(self.activations)

    @property
    def arrays(self) -> tuple[int, ...]:
        """Number of weights of each hidden layer: kernel and bias, gamma and beta, moving mean and variance."""
        return tuple({"": 2, "layer": 4, "batch": 6}[norm] for norm in self.norms)

    @property
    def moves(self) -> bool:
        """Whether the network keeps moving statistics."""
        return "batch" in self.norms

    @property
    def adds(self) -> bool:
        """Whether a penalty is added to the loss."""
        return any(self.penalised) or self.biases or self.activities

    def trainable(self) -> list[bool]:
        """One flag for each weight in Keras's order, True for trained ones."""
        layer = [True, True, True, True, False, False]
        return [flag for count in self.arrays for flag in layer[:count]] + [True, True]

    def kernels(self) -> list[int]:
        """The places of the kernels, the output layer's last. A bias follows its kernel."""
        return [sum(self.arrays[:layer]) for layer in range(self.depth + 1)]

    def constrained(self) -> list[int]:
        """The places of the hidden layers' kernels among the trained weights."""
        return [sum(min(count, 4) for count in self.arrays[:layer]) for layer in range(self.depth)]


class RuntimeParams(NamedTuple):
    """Numbers of a network that are inputs of its program: scalars, the widths from features to outputs, and for each hidden
    layer a mask of its real units, (width,).

    rates: of each dropout. scales: `1 / (1 - rate)`, by which it multiplies the units that it keeps.
    """

    slope: Tensor
    rates: list[Tensor]
    scales: list[Tensor]
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
    hidden: list[Tensor] | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """The outputs (folds, rows, units), and the weights with their moving statistics after these rows.

    Args:
        shape: of the network.
        weights: in Keras's order, each with the folds first.
        x: (folds, rows, features).
        runtime: the numbers.
        rows: 1 for real rows, 0 for padding, (folds, rows); None for inference.
        draws: of the random layers in their order, (folds or 1, rows, width): normal for noise, uniform for dropout.
        hidden: gets what leaves each activation, (folds, rows, width).
    """
    training = rows is not None
    after, draw = list(weights), iter(draws)
    dropping = iter(zip(runtime.rates, runtime.scales, strict=True))
    if shape.noise and training:
        x = x + next(draw) * runtime.noise
    each = zip(shape.kernels()[:-1], runtime.masks, shape.activations, shape.norms, shape.dropouts, strict=True)
    for at, mask, activation, norm, dropout in each:
        x = _dense(x, weights[at], weights[at + 1])
        if norm == "batch":
            mean, variance = (weights[at + 4], weights[at + 5]) if rows is None else _batch_moments(x, rows)
            if training:
                for place, value in ((at + 4, mean), (at + 5, variance)):
                    after[place] = weights[place] * BATCH_MOMENTUM + value * (1.0 - BATCH_MOMENTUM)
            x = _normalised(x, mean[:, None, :], variance[:, None, :], weights[at + 2], weights[at + 3])
        elif norm == "layer":
            x = _normalised(x, *_layer_moments(x, mask), weights[at + 2], weights[at + 3])
        x = _times(_activated(activation, x, runtime.slope), mask)
        if hidden is not None:
            hidden.append(x)
        if dropout and training:
            rate, scale = next(dropping)
            x = _times(x, tf.where(next(draw) >= rate, scale, tf.zeros_like(scale)))
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
