"""The multilayer perceptron on stacked folds: one batched matrix product instead of one a fold.

Weights, inputs and targets carry the folds as their first axis. Layers can be padded: a padded unit's weights are zero, and
a mask after each activation keeps its output and so its gradients at zero, which is exact for every layer here.
Rows can be padded too: batch statistics and losses count real rows only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from foldwise.data.preparation.layout import Layout
from foldwise.models.heads import Head
from foldwise.models.layer_options import function_of
from foldwise.models.mlp_weights import Parts, Side, Sides, Weight, weights_of
from foldwise.spec.model import MlpSpec
from foldwise.training.fused.embedding import embedded, of_members, output_of_members
from foldwise.training.fused.rows import ROWS_AT_ONCE

Tensor = Any  # TensorFlow ships no types

BATCH_MOMENTUM, NORM_EPSILON = 0.99, 1e-3  # Keras's defaults, which foldwise does not change


@dataclass(frozen=True)
class Shape:
    """The parts of a network's specification that decide its program, apart from the sizes of its arrays.

    activations, dropouts: of each hidden layer. dropout_schedule: whether their rates follow one. ntp: whether what enters a
        kernel is divided by the root of its inputs.
    penalised: whether L1 or L2 act on each kernel, the output layer's last. biases, activities: whether they act on these, of
        the hidden layers.
    constraint: of the hidden layers' kernels, a kind of spec.constraint.
    """

    parts: Parts
    activations: tuple[str, ...]
    dropouts: tuple[bool, ...]
    dropout_schedule: bool
    noise: bool
    ntp: bool
    head: Head
    penalised: tuple[bool, ...]
    biases: bool
    activities: bool
    constraint: str

    @staticmethod
    def of(spec: MlpSpec, head: Head, layout: Layout) -> Shape:
        """The shape of a specification."""
        return Shape(
            parts=Parts.of(spec, layout),
            activations=tuple(function_of(layer.activation, head.task) for layer in spec.layers),
            dropouts=tuple(layer.dropout > 0 for layer in spec.layers),
            dropout_schedule=spec.dropout_schedule != "constant",
            noise=spec.noise > 0,
            ntp=spec.parametrisation == "ntp",
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
    def sizes(self) -> int:
        """How many sizes it has, as `sides` takes them."""
        return 3 + self.parts.categories + self.depth

    def sides(self, flat: Sequence[Side]) -> Sides:
        """The sizes of a network from a flat list of them: numbers, rest, levels, widths, units."""
        numbers, rest, *others, units = flat
        return Sides(numbers, rest, tuple(others[: self.parts.categories]), tuple(others[self.parts.categories :]), units)

    @cached_property
    def weights(self) -> list[Weight]:
        """The weights in Keras's order; their sizes mean nothing."""
        return weights_of(self.parts, self.sides([1] * self.sizes))

    @cached_property
    def places(self) -> dict[tuple[str, str], int]:
        """The place of each weight, by its layer and its name."""
        return {(weight.layer, weight.part): place for place, weight in enumerate(self.weights)}

    @property
    def moves(self) -> bool:
        """Whether the network keeps moving statistics."""
        return "batch" in self.parts.norms

    @property
    def in_blocks(self) -> bool:
        """Whether validation rows go through it in blocks, because it spreads them out."""
        return self.parts.splits or self.parts.members > 1

    @property
    def adds(self) -> bool:
        """Whether a penalty is added to the loss."""
        return any(self.penalised) or self.biases or self.activities

    def trainable(self) -> list[bool]:
        """One flag for each weight in Keras's order, True for trained ones."""
        return [weight.trained for weight in self.weights]

    def kernels(self) -> list[int]:
        """The places of the dense kernels, the output layer's last."""
        return [self.places[layer, "kernel"] for layer in (*(f"dense_{n}" for n in range(1, self.depth + 1)), "output")]

    def hidden_biases(self) -> list[int]:
        """The places of the hidden layers' biases."""
        layer = "outputs" if self.parts.members > 1 else "dense"
        return [self.places[f"{layer}_{n}", "bias"] for n in range(1, self.depth + 1)]

    def constrained(self) -> list[int]:
        """The places of the hidden layers' kernels among the trained weights."""
        trained = [(weight.layer, weight.part) for weight in self.weights if weight.trained]
        return [trained.index((f"dense_{n}", "kernel")) for n in range(1, self.depth + 1)]


class RuntimeParams(NamedTuple):
    """Numbers of a network that are inputs of its program: scalars, its sizes as Shape.sides takes them, and for each hidden
    layer a mask of its real units, (width,).

    rates: of each dropout. scales: `1 / (1 - rate)`, by which it multiplies the units that it keeps.
    shares: what enters each kernel is multiplied by, (folds, 1, 1) each, if the shape is ntp.
    """

    slope: Tensor
    rates: list[Tensor]
    scales: list[Tensor]
    noise: Tensor
    sides: Tensor
    masks: list[Tensor]
    shares: list[Tensor]


def forward(
    shape: Shape,
    weights: Sequence[Tensor],
    x: Tensor,
    runtime: RuntimeParams,
    rows: Tensor | None = None,
    draws: Sequence[Tensor] = (),
    hidden: list[Tensor] | None = None,
    *,
    sides: Sides,
) -> tuple[Tensor, list[Tensor]]:
    """The outputs (folds, rows, units), and the weights with their moving statistics after these rows.

    Args:
        shape: of the network. With several members the outputs are (folds, rows, members, units).
        weights: in Keras's order, each with the folds first.
        x: (folds, rows, features); numbers first, then the rest, then the levels of each embedded category.
        runtime: the numbers.
        rows: 1 for real rows, 0 for padding, (folds, rows); None for inference.
        draws: of the random layers in their order, (folds or 1, rows, width): normal for noise, uniform for
            dropout, which has a row for each member.
        hidden: gets what leaves each activation, (folds, rows, width).
        sides: the sizes, numbers or tensors.
    """
    training = rows is not None
    after, draw = list(weights), iter(draws)
    shares, k = iter(runtime.shares), shape.parts.members

    def weight(layer: str, part: str = "kernel") -> Tensor:
        return weights[shape.places[layer, part]]

    dropping = iter(zip(runtime.rates, runtime.scales, strict=True))
    if shape.noise and training:
        x = x + next(draw) * runtime.noise
    if shape.parts.splits:
        x = embedded(shape.parts, weight, x, sides)
    if shape.parts.scaling:
        x = x * weight("scaling")[:, None, :]
    if k > 1:  # from here on each row stands k times
        x = tf.repeat(x, k, axis=1)
    each = zip(runtime.masks, shape.activations, shape.parts.norms, shape.dropouts, strict=True)
    for number, (mask, activation, norm, dropout) in enumerate(each, 1):
        kernel = weight(f"dense_{number}")
        if shape.ntp:
            x = _times(x, next(shares))
        if k > 1:
            x = tf.matmul(of_members(x, k, weight(f"inputs_{number}")), kernel)
            x = of_members(x, k, weight(f"outputs_{number}"), weight(f"outputs_{number}", "bias"))
        else:
            x = _dense(x, kernel, weight(f"dense_{number}", "bias"))
        if norm == "batch":
            at = shape.places[f"norm_{number}", "moving_mean"]
            mean, variance = (weights[at], weights[at + 1]) if rows is None else _batch_moments(x, rows)
            if training:
                for place, value in ((at, mean), (at + 1, variance)):
                    after[place] = weights[place] * BATCH_MOMENTUM + value * (1.0 - BATCH_MOMENTUM)
            x = _normalised(x, mean[:, None, :], variance[:, None, :], weights[at - 2], weights[at - 1])
        elif norm == "layer":
            x = _normalised(x, *_layer_moments(x, mask), weight(f"norm_{number}", "gamma"), weight(f"norm_{number}", "beta"))
        bent = _activated(activation, x, runtime.slope)
        if shape.parts.parametric:
            bent = x + (bent - x) * weight(f"alpha_{number}")[:, None, :]
        x = _times(bent, mask)
        if hidden is not None:
            hidden.append(x)
        if dropout and training:
            rate, scale = next(dropping)
            x = _times(x, tf.where(next(draw) >= rate, scale, tf.zeros_like(scale)))
    if shape.ntp:
        x = _times(x, next(shares))
    if k > 1:
        x = output_of_members(x, k, weight("output"), weight("output", "bias"))
    else:
        x = _dense(x, weight("output"), weight("output", "bias"))
    return keras.activations.get(shape.head.activation)(x), after


def in_blocks(rows: Tensor) -> Tensor:
    """Rows (folds, rows, ...) as blocks, (blocks, folds, rows of a block, ...); rows.valid_rows pads them to whole blocks."""
    size = tf.shape(rows)
    count = tf.maximum(size[1] // ROWS_AT_ONCE, 1)
    apart = tf.reshape(rows, tf.concat([[size[0], count, size[1] // count], size[2:]], axis=0))
    return tf.transpose(apart, [1, 0, *range(2, len(rows.shape) + 1)])


def answers(shape: Shape, weights: Sequence[Tensor], x: Tensor, runtime: RuntimeParams, sides: Sides) -> Tensor:
    """The network's answers (folds, rows, units) for features (folds, rows, features)."""
    if not shape.in_blocks:
        return answer_of(shape, forward(shape, weights, x, runtime, sides=sides)[0])

    def of_block(block: Tensor) -> Tensor:
        return answer_of(shape, forward(shape, weights, block, runtime, sides=sides)[0])

    found = tf.map_fn(of_block, in_blocks(x), fn_output_signature=x.dtype, parallel_iterations=1)
    return tf.reshape(tf.transpose(found, [1, 0, 2, 3]), [tf.shape(x)[0], tf.shape(x)[1], -1])


def answer_of(shape: Shape, outputs: Tensor) -> Tensor:
    """The network's answers (folds, rows, units): the mean of its members' outputs."""
    return tf.reduce_mean(outputs, axis=2) if shape.parts.members > 1 else outputs


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
