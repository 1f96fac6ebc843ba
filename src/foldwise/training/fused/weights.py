"""All weights of a fold as one row: an optimizer's step is then a dozen operations for any number of layers.

Trained weights are one row and moving statistics another, each in Keras's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any

import tensorflow as tf

from foldwise.models.mlp_weights import Side, Sides, weights_of
from foldwise.training.fused.network import Shape

Tensor = Any  # TensorFlow ships no types


@dataclass(frozen=True)
class Row:
    """Some weights of a fold side by side.

    count: the number of weights. sizes: the numbers in each. forms: folds and shape of each weight, None for a vector.
    flat: folds and size of each weight.
    """

    count: int
    sizes: Any
    forms: list[Any]
    flat: list[Any]

    def pack(self, weights: Sequence[Tensor]) -> Tensor:
        """Weights of all folds (folds, ...) as (folds, numbers)."""
        parts = [w if to is None else tf.reshape(w, to) for w, to in zip(weights, self.flat, strict=True)]
        return tf.concat(parts, axis=1)

    def unpack(self, row: Tensor) -> list[Tensor]:
        """The weights (folds, ...) of a row (folds, numbers)."""
        parts = tf.split(row, self.sizes, axis=1, num=self.count)
        return [part if to is None else tf.reshape(part, to) for part, to in zip(parts, self.forms, strict=True)]


@dataclass(frozen=True)
class Packing:
    """The row of trained weights and that of moving statistics, None if the network has none. sides: the network's sizes."""

    sides: Sides
    trained: Row
    moving: Row | None
    flags: list[bool]

    def pack(self, weights: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """All weights in Keras's order as (trained, moving)."""
        return self.trained.pack(self.only_trained(weights)), self.pack_moving(weights)

    def pack_moving(self, weights: Sequence[Tensor]) -> Tensor:
        """The moving statistics among all weights, (folds, 0) if there are none."""
        if self.moving is None:
            return tf.zeros_like(tf.reshape(weights[-1], [tf.shape(weights[-1])[0], -1])[:, :0])
        return self.moving.pack([weight for weight, is_trained in zip(weights, self.flags, strict=True) if not is_trained])

    def unpack(self, trained: Tensor, moving: Tensor) -> list[Tensor]:
        """All weights in Keras's order."""
        parts = iter(self.trained.unpack(trained))
        others = iter(() if self.moving is None else self.moving.unpack(moving))
        return [next(parts if is_trained else others) for is_trained in self.flags]

    def only_trained(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """The trained ones."""
        return [weight for weight, is_trained in zip(weights, self.flags, strict=True) if is_trained]


def packing_of(shape: Shape, sides: Sides) -> Packing:
    """The rows of a network. If sides are tensors, sizes and shapes are too."""
    every, flags = [weight.shape for weight in weights_of(shape.parts, sides)], shape.trainable()
    moving = [one for one, is_trained in zip(every, flags, strict=True) if not is_trained]
    trained = [one for one, is_trained in zip(every, flags, strict=True) if is_trained]
    return Packing(sides, _row(trained), _row(moving) if moving else None, flags)


def _row(each: Sequence[tuple[Side, ...]]) -> Row:
    sizes = [reduce(mul, one) for one in each]
    as_one = list if all(isinstance(size, int) for size in sizes) else tf.stack
    forms = [as_one([-1, *one]) if len(one) > 1 else None for one in each]
    flat = [as_one([-1, size]) if len(one) > 1 else None for one, size in zip(each, sizes, strict=True)]
    return Row(len(each), as_one(sizes), forms, flat)
