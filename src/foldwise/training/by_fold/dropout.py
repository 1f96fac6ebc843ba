"""Dropout whose rate changes between epochs."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class ScheduledDropout(keras.layers.Dropout):  # type: ignore[misc]  # Keras ships no types
    """Keras's dropout at `share * rate`, with the same draws. It trains only: a saved network has Keras's own."""

    def __init__(self, rate: float, share: tf.Variable, **options: Any) -> None:
        super().__init__(rate, **options)
        self.share = share

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, in training some of them dropped."""
        if not training:
            return inputs
        rate = self.rate * tf.cast(self.share, inputs.dtype)
        drawn = keras.random.uniform(keras.ops.shape(inputs), dtype=inputs.dtype, seed=self.seed_generator)
        return tf.where(drawn >= rate, inputs / (1.0 - rate), tf.zeros_like(inputs))
