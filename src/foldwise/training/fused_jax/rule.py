"""Whether the folds of a step go side by side or one after the other."""

from __future__ import annotations

import keras


def in_turn(network: keras.Model) -> bool:
    """Whether XLA is faster with one fold after the other: it has no fast product for the convolutions of several kernels."""
    return any("conv" in type(layer).__name__.lower() for layer in network._flatten_layers())
