"""Dropout whose rate changes between epochs."""

from __future__ import annotations

from typing import Any

import keras

from foldwise.training.by_fold.share import Share


class ScheduledDropout(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """Keras's dropout at `share * rate`, with the same draws. It trains only: a saved network has Keras's own."""

    def __init__(self, rate: float, share: Share, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.share = share.variable()
        self.supports_masking = True

    @property
    def weights(self) -> list[keras.Variable]:
        """None: the share is set, not learned, and the network that answers has no place for it."""
        return []

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the inputs."""
        return input_shape

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, in training some of them dropped."""
        if not training:
            return inputs
        rate = self.rate * keras.ops.cast(self.share, inputs.dtype)
        drawn = keras.random.uniform(keras.ops.shape(inputs), dtype=inputs.dtype, seed=self.seed_generator)
        return keras.ops.where(drawn >= rate, inputs / (1.0 - rate), keras.ops.zeros_like(inputs))
