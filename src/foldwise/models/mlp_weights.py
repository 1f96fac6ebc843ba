"""The first weights of a multilayer perceptron and the seeds of its random layers, without building the network.

The fused engine has its own program; building a Keras network just for these would take longer than training.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.models.heads import Head
from foldwise.models.layer_options import INITIALIZERS, drawn
from foldwise.seeds import Purpose, derive
from foldwise.spec.model import MlpSpec

Side = Any  # a number of units, or a tensor that holds it

# the initializers of a normalisation's weights: gamma and beta, moving mean and variance
NORMS: dict[str, tuple[str, ...]] = {"": (), "layer": ("ones", "zeros"), "batch": ("ones", "zeros", "zeros", "ones")}
NOISE = -1  # the place of noise on the inputs; dropout's place is the hidden layer that it follows


def first_weights(spec: MlpSpec, inputs: int, head: Head, seed: int) -> list[npt.NDArray[Any]]:
    """The same values as `initial_weights` of the network, in the same order."""
    names = [name for layer in _initializers(spec) for name in layer]
    each = zip(names, _shapes(spec, inputs, head), strict=True)
    return [_first(name, shape, seed, place) for place, (name, shape) in enumerate(each)]


def layer_seeds(spec: MlpSpec, seed: int) -> list[tuple[int, int]]:
    """Each random layer's place (NOISE, or the hidden layer that it follows) and seed, in order."""
    noise = [(NOISE, derive(Purpose.LAYERS, seed, 0))] if spec.noise > 0 else []
    dropping = [place for place, layer in enumerate(spec.layers) if layer.dropout > 0]
    return noise + [(layer, derive(Purpose.LAYERS, seed, layer + 1)) for layer in dropping]


def shapes(sides: Sequence[Side], arrays: Sequence[int]) -> list[tuple[Side, ...]]:
    """The shape of each weight in Keras's order.

    Args:
        sides: the widths from features to outputs.
        arrays: number of weights of each hidden layer, the kernel first; the output layer has kernel and bias.
    """
    found: list[tuple[Side, ...]] = []
    for count, (below, above) in zip((*arrays, 2), pairwise(sides), strict=True):
        found += [(below, above), *[(above,)] * (count - 1)]
    return found


def count_weights(spec: MlpSpec, inputs: int, head: Head) -> int:
    """The number of parameters, trained or not."""
    return sum(math.prod(shape) for shape in _shapes(spec, inputs, head))


def _shapes(spec: MlpSpec, inputs: int, head: Head) -> list[tuple[Side, ...]]:
    return shapes((inputs, *spec.widths, head.units), [2 + len(NORMS[layer.norm]) for layer in spec.layers])


def _initializers(spec: MlpSpec) -> list[list[str]]:
    """The initializers of each layer's weights, the output layer's last."""
    each = [(layer.initializer, NORMS[layer.norm]) for layer in spec.layers]
    dense = [(name, spec.bias_initializer, *norm) for name, norm in (*each, (spec.output_initializer, ()))]
    return [[INITIALIZERS.get(name, name) for name in names] for names in dense]


def _first(name: str, shape: tuple[int, ...], seed: int, place: int) -> npt.NDArray[Any]:
    if name in ("zeros", "ones"):  # TensorFlow would take longer for these than for a step of training
        return np.full(shape, float(name == "ones"), dtype=keras.config.floatx())
    return drawn(keras.initializers.get(name), shape, keras.config.floatx(), seed, place)
