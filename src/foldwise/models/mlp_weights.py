"""The first weights of a multilayer perceptron and the seeds of its random layers, without building the network.

The fused engine has a program of its own; a Keras network only to ask it for these would take longer than its training.
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
    """What `initial_weights` gives for the network of this specification, in its order."""
    hidden, output = _initializers(spec)
    names = hidden * len(spec.widths) + output
    each = zip(names, shapes((inputs, *spec.widths, head.units), len(hidden)), strict=True)
    return [_first(name, shape, seed, place) for place, (name, shape) in enumerate(each)]


def layer_seeds(spec: MlpSpec, seed: int) -> list[tuple[int, int]]:
    """Each random layer's place (NOISE, or the hidden layer it follows) and its seed, in their order."""
    noise = [(NOISE, derive(Purpose.LAYERS, seed, 0))] if spec.noise > 0 else []
    layers = range(len(spec.widths)) if spec.dropout > 0 else ()
    return noise + [(layer, derive(Purpose.LAYERS, seed, layer + 1)) for layer in layers]


def shapes(sides: Sequence[Side], arrays_a_layer: int) -> list[tuple[Side, ...]]:
    """The shape of each weight in Keras's order.

    Args:
        sides: the widths from features to outputs.
        arrays_a_layer: how many weights a hidden layer has, the kernel first; the output layer has kernel and bias.
    """
    found: list[tuple[Side, ...]] = []
    for layer, (below, above) in enumerate(pairwise(sides), 1):
        count = arrays_a_layer if layer < len(sides) - 1 else 2
        found += [(below, above), *[(above,)] * (count - 1)]
    return found


def count_weights(spec: MlpSpec, inputs: int, head: Head) -> int:
    """How many numbers the network keeps."""
    hidden, _ = _initializers(spec)
    return sum(math.prod(shape) for shape in shapes((inputs, *spec.widths, head.units), len(hidden)))


def _initializers(spec: MlpSpec) -> tuple[list[str], list[str]]:
    """By which the weights of a hidden layer and of the output layer begin."""
    dense = [INITIALIZERS.get(name, name) for name in (spec.initializer, spec.bias_initializer)]
    norm = ["ones", "zeros"] if spec.layer_norm else ["ones", "zeros", "zeros", "ones"] if spec.batch_norm else []
    return dense + norm, dense


def _first(name: str, shape: tuple[int, ...], seed: int, place: int) -> npt.NDArray[Any]:
    if name in ("zeros", "ones"):  # Keras would ask TensorFlow, which takes longer than to train them for a step
        return np.full(shape, float(name == "ones"), dtype=keras.config.floatx())
    return drawn(keras.initializers.get(name), shape, keras.config.floatx(), seed, place)
