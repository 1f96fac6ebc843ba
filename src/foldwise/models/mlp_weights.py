"""The first weights of a multilayer perceptron and the seeds of its random layers, without building the network.

The fused engine has a program of its own; a Keras network only to ask it for these would take longer than its training.
"""

from __future__ import annotations

from itertools import pairwise

import keras
import numpy as np
import numpy.typing as npt

from foldwise.models.heads import Head
from foldwise.models.ingredients import INITIALIZERS
from foldwise.network_specs import MlpSpec
from foldwise.seeds import Purpose, derive

NOISE = -1  # the place of noise on the inputs; dropout's place is the hidden layer that it follows


def first_weights(spec: MlpSpec, inputs: int, head: Head, seed: int) -> list[npt.NDArray[np.floating]]:
    """What `initial_weights` gives for the network of this specification, in its order."""
    return [_drawn(initializer, shape, seed, place) for place, (initializer, shape) in enumerate(_weights(spec, inputs, head))]


def layer_seeds(spec: MlpSpec, seed: int) -> list[tuple[int, int]]:
    """Each random layer's place (NOISE, or the hidden layer it follows) and its seed, in their order."""
    noise = [(NOISE, derive(Purpose.LAYERS, seed, 0))] if spec.noise > 0 else []
    layers = range(len(spec.widths)) if spec.dropout > 0 else ()
    return noise + [(layer, derive(Purpose.LAYERS, seed, layer + 1)) for layer in layers]


def _weights(spec: MlpSpec, inputs: int, head: Head) -> list[tuple[str, tuple[int, ...]]]:
    """The initializer and the shape of each weight."""
    kernel, bias = (INITIALIZERS.get(name, name) for name in (spec.initializer, spec.bias_initializer))
    norm = ("ones", "zeros") if spec.layer_norm else ("ones", "zeros", "zeros", "ones") if spec.batch_norm else ()
    found: list[tuple[str, tuple[int, ...]]] = []
    for layer, (below, above) in enumerate(pairwise((inputs, *spec.widths, head.units))):
        found += [(kernel, (below, above)), (bias, (above,))]
        if layer < len(spec.widths):
            found += [(name, (above,)) for name in norm]
    return found


def _drawn(name: str, shape: tuple[int, ...], seed: int, place: int) -> npt.NDArray[np.floating]:
    if name in ("zeros", "ones"):
        return np.full(shape, float(name == "ones"), dtype=keras.config.floatx())
    initializer = keras.initializers.get(name)
    config = initializer.get_config()
    if "seed" in config:
        initializer = type(initializer).from_config({**config, "seed": derive(Purpose.WEIGHTS, seed, place)})
    return np.asarray(keras.ops.convert_to_numpy(initializer(shape, dtype=keras.config.floatx())))
