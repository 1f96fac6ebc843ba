"""Options of layers that networks share: initializers, penalties and activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.seeds import Purpose, derive
from foldwise.spec.model import CnnSpec, MlpSpec

# the configuration's short words for Keras's initializers; all others have Keras's own names
INITIALIZERS = {"uniform": "random_uniform", "normal": "random_normal"}


def kernel_options(spec: MlpSpec | CnnSpec) -> dict[str, Any]:
    """The initializer and the L1 and L2 penalties of a layer's kernel, as the layer's arguments."""
    return {
        "kernel_initializer": INITIALIZERS.get(spec.initializer, spec.initializer),
        "kernel_regularizer": keras.regularizers.L1L2(spec.l1, spec.l2) if spec.l1 > 0 or spec.l2 > 0 else None,
    }


def activation(spec: MlpSpec | CnnSpec, name: str) -> keras.Layer:
    """The activation of hidden layers, as a layer."""
    if spec.activation == "leaky_relu":
        return keras.layers.LeakyReLU(spec.negative_slope, name=name)
    return keras.layers.Activation(spec.activation, name=name)


def drawn(
    initializer: keras.initializers.Initializer, shape: Sequence[int], dtype: str, seed: int, place: int
) -> npt.NDArray[Any]:
    """First values of a weight, seeded by `seed` and its place among the network's weights."""
    config = initializer.get_config()
    if "seed" in config:
        initializer = type(initializer).from_config({**config, "seed": derive(Purpose.WEIGHTS, seed, place)})
    return np.asarray(keras.ops.convert_to_numpy(initializer(shape, dtype=dtype)))
