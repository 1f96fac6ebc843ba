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

NOISE = -1  # the place of noise on the inputs; dropout's place is the hidden layer that it follows


def first_weights(spec: MlpSpec, inputs: int, head: Head, seed: int) -> list[npt.NDArray[Any]]:
    """The same values as `initial_weights` of the network, in the same order."""
    hidden, output = _initializers(spec)
    names = hidden * len(spec.widths) + output
    each = zip(names, shapes((inputs, *spec.widths, head.units), len(hidden)), strict=True)
    return [_first(name, shape, seed, place) for place, (name, shape) in enumerate(each)]


def layer_seeds(spec: MlpSpec, seed: int) -> list[tuple[int, int]]:
    """Each random layer's place (NOISE, or the hidden layer that it follows) and seed, in order."""
    noise = [(NOISE, derive(Purpose.LAYERS, seed, 0))] if spec.noise > 0 else []
    layers = range(len(spec.widths)) if spec.dropout > 0 else ()
    return noise + [(layer, derive(Purpose.LAYERS, seed, layer + 1)) for layer in layers]


def shapes(sides: Sequence[Side], arrays_a_layer: int) -> list[tuple[Side, ...]]:
    """The shape of each weight in Keras's order.

    Args:
        sides: the widths from features to outputs.
        arrays_a_layer: number of weights of a hidden layer, the kernel first; the output layer has kernel and bias.
    """
    found: list[tuple[Side, ...]] = []
    for layer, (below, above) in enumerate(pairwise(sides), 1):
        count = arrays_a_layer if layer < len(sides) - 1 else 2
        found += [(below, above), *[(above,)] * (count - 1)]
    return found


def count_weights(spec: MlpSpec, inputs: int, head: Head) -> int:
    """The number of parameters, trained or not."""
    hidden, _ = _initializers(spec)
    return sum(math.prod(shape) for shape in shapes((inputs, *spec.widths, head.units), len(hidden)))


def _initializers(spec: MlpSpec) -> tuple[list[str], list[str]]:
    """The initializers of a hidden layer's weights and of the output layer's."""
    dense = [INITIALIZERS.get(name, name) for name in (spec.initializer, spec.bias_initializer)]
    norm = ["ones", "zeros"] if spec.layer_norm else ["ones", "zeros", "zeros", "ones"] if spec.batch_norm else []
    return dense + norm, dense


def _first(name: str, shape: tuple[int, ...], seed: int, place: int) -> npt.NDArray[Any]:
    if name in ("zeros", "ones"):  # TensorFlow would take longer for these than for a step of training
        return np.full(shape, float(name == "ones"), dtype=keras.config.floatx())
    return drawn(keras.initializers.get(name), shape, keras.config.floatx(), seed, place)
