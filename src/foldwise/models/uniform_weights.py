"""First weights that are uniform numbers, drawn in numpy: bit for bit those of Keras's initializers on TensorFlow.

Keras asks TensorFlow operation by operation, a millisecond for each weight of each fold; here it takes some microseconds. A
test compares every bit with the installed Keras.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.models.philox import uniform_rows

MODULUS = 2**31 - 2  # of seeds, in Keras's TensorFlow backend


def uniform_weights(
    initializer: keras.initializers.Initializer, shape: Sequence[int], dtype: str, seeds: Sequence[int]
) -> npt.NDArray[Any] | None:
    """First values of a weight for each seed, (seeds, *shape); None if this initializer does not draw uniform numbers.

    Args:
        initializer: Keras's, of the exact class: a subclass may draw anything.
        shape: of the weight.
        dtype: float32 or float64.
        seeds: of the draws, in [0, 2**31) each.
    """
    bounds = _bounds(initializer, shape)
    if bounds is None or dtype not in ("float32", "float64"):
        return None
    low, high = (np.dtype(dtype).type(np.float32(bound)) for bound in bounds)  # TensorFlow reads a Python number as float32
    starts = np.array(seeds, dtype=np.uint64) % np.uint64(MODULUS)
    drawn = uniform_rows(starts, np.zeros_like(starts), math.prod(shape), dtype).reshape(len(seeds), *shape)
    return np.asarray(drawn * (high - low) + low)


def _bounds(initializer: keras.initializers.Initializer, shape: Sequence[int]) -> tuple[float, float] | None:
    """Between which numbers an initializer draws evenly, None if it does not."""
    kind = type(initializer)
    if kind is keras.initializers.RandomUniform:
        return initializer.minval, initializer.maxval
    if kind not in SCALED or initializer.distribution != "uniform":
        return None
    inputs, outputs = _fans(shape)
    count = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2.0}[initializer.mode]
    limit = math.sqrt(3.0 * (initializer.scale / max(1.0, count)))
    return -limit, limit


def _fans(shape: Sequence[int]) -> tuple[int, int]:
    """The numbers of inputs and outputs of a kernel, as Keras counts them."""
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


SCALED = (
    keras.initializers.VarianceScaling,
    keras.initializers.GlorotUniform,
    keras.initializers.HeUniform,
    keras.initializers.LecunUniform,
)
