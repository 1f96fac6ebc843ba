"""Options of layers that networks share: initializers, penalties, constraints and activations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.models.uniform_weights import uniform_weights
from foldwise.seeds import Purpose, derive
from foldwise.spec.constraint import ConstraintSpec
from foldwise.spec.goal import NUMBERS, Task

# the configuration's short words for Keras's initializers; all others have Keras's own names
INITIALIZERS = {"uniform": "random_uniform", "normal": "random_normal"}


# kind of a constraint -> its class in keras.constraints
CONSTRAINTS = {"max_norm": "MaxNorm", "non_neg": "NonNeg", "unit_norm": "UnitNorm", "min_max_norm": "MinMaxNorm"}
# Keras's argument of a layer -> our keys of its L1 and its L2
REGULARIZERS = {
    "kernel_regularizer": ("l1", "l2"),
    "bias_regularizer": ("bias_l1", "bias_l2"),
    "activity_regularizer": ("activity_l1", "activity_l2"),
}


def kernel_options(initializer: str, l1: float, l2: float) -> dict[str, Any]:
    """The initializer and the L1 and L2 penalties of a layer's kernel, as the layer's arguments."""
    return {"kernel_initializer": INITIALIZERS.get(initializer, initializer), "kernel_regularizer": penalty(l1, l2)}


def penalty(l1: float, l2: float) -> keras.regularizers.Regularizer | None:
    """L1 and L2 together; None if both are 0."""
    return keras.regularizers.L1L2(l1, l2) if l1 > 0 or l2 > 0 else None


def regularizers(options: Mapping[str, Any]) -> dict[str, Any]:
    """The regularizers among a layer's options, by Keras's arguments; those of 0 are left out."""
    found = {name: penalty(*(options.get(key, 0.0) for key in keys)) for name, keys in REGULARIZERS.items()}
    return {name: one for name, one in found.items() if one is not None}


def constraint(spec: ConstraintSpec, axes: int = 2) -> keras.constraints.Constraint | None:
    """A constraint of a kernel with this many axes, the last of which are its units or filters."""
    if spec.kind == "none":
        return None
    numbers = spec.model_dump(exclude={"kind"})
    if spec.kind != "non_neg":
        numbers["axis"] = 0 if axes == 2 else list(range(axes - 1))
    return getattr(keras.constraints, CONSTRAINTS[spec.kind])(**numbers)


def function_of(activation: str, task: Task) -> str:
    """The activation of a hidden layer, with `auto` resolved."""
    return ("mish" if task in NUMBERS else "selu") if activation == "auto" else activation


def activation(function: str, negative_slope: float, name: str, **options: Any) -> keras.Layer:
    """An activation as a layer. options: further arguments of any layer."""
    if function == "leaky_relu":
        return keras.layers.LeakyReLU(negative_slope, name=name, **options)
    return keras.layers.Activation(function, name=name, **options)


def output_activation(function: str, name: str) -> keras.Layer:
    """The last layer of a network, which computes in full precision whatever the policy of types is."""
    return keras.layers.Activation(function, name=name, dtype=keras.config.floatx())


def drawn(
    initializer: keras.initializers.Initializer, shape: Sequence[int], dtype: str, seeds: Sequence[int], place: int
) -> Sequence[npt.NDArray[Any]]:
    """First values of a weight for each seed; its place among the network's weights seeds it too."""
    config = initializer.get_config()
    if "seed" not in config:
        return [_values(initializer, shape, dtype) for _ in seeds]
    own = [derive(Purpose.WEIGHTS, seed, place) for seed in seeds]
    uniform = uniform_weights(initializer, shape, dtype, own)
    if uniform is not None:
        return list(uniform)
    kind = type(initializer)
    return [_values(kind.from_config({**config, "seed": seed}), shape, dtype) for seed in own]


def _values(initializer: keras.initializers.Initializer, shape: Sequence[int], dtype: str) -> npt.NDArray[Any]:
    return np.asarray(keras.ops.convert_to_numpy(initializer(shape, dtype=dtype)))
