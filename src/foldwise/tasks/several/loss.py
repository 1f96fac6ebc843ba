"""The loss of several numbers that do not count alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

Tensor = Any  # no backend ships types


class WeightedLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras ships no types
    """The mean over numbers, by weight, of a loss of each: of (..., numbers) it makes (...)."""

    def __init__(self, of: keras.losses.Loss, weights: Sequence[float], reduction: str, dtype: str | None = None) -> None:
        super().__init__(name=f"weighted_{of.name}", reduction=reduction, dtype=dtype)
        self._of, self._shares = of, [weight / sum(weights) for weight in weights]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each row."""
        ops = keras.ops
        each = self._of.call(ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1))
        return ops.sum(each * ops.convert_to_tensor(self._shares, each.dtype), axis=-1)
