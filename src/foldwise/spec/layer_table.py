"""The Keras layers that a configuration can name, with the parameters of each.

With this table a network is checked without importing Keras; a test compares it with the installed Keras. It leaves out layers
that hold code (Lambda), that read files or vocabularies, or whose weights have no initializer of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic import ValidationError

from foldwise.spec.base import BadKey
from foldwise.spec.constraint import CONSTRAINT
from foldwise.system.known_words import did_you_mean

Activation = Literal[
    "linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "swish", "mish", "softplus", "softsign"
]  # fmt: skip
ACTIVATIONS: tuple[str, ...] = get_args(Activation)
OutputActivation = Literal["auto", "sigmoid", "softmax", "linear", "tanh"]  # auto follows from the task
Initializer = Literal[
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal",
    "random_uniform", "random_normal", "truncated_normal", "uniform", "normal", "zeros", "ones", "identity",
    "variance_scaling",
]  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """What a parameter must be, in words and as a test. words: the allowed values, if it is one of a few."""

    text: str
    holds: Callable[[Any], bool]
    words: tuple[str, ...] = ()


def _whole(value: Any, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _real(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _wholes(value: Any, count: tuple[int, ...]) -> bool:
    return isinstance(value, list | tuple) and len(value) in count and all(_whole(item) for item in value)


def _one_of(*words: str) -> Rule:
    return Rule(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words, words)


def _constraint(value: Any) -> bool:
    try:
        CONSTRAINT.validate_python(value)
    except ValidationError:
        return False
    return True


COUNT = Rule("a whole number >= 1", _whole)
LENGTH = COUNT  # of windows and steps along one axis
SIDES = Rule("a whole number >= 1, or two", lambda value: _whole(value) or _wholes(value, (2,)))
SHAPE = Rule("a list of whole numbers >= 1", lambda value: _wholes(value, (1, 2, 3, 4)))
AXIS = Rule("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool))
SHARE = Rule("a number >= 0 and < 1", lambda value: _real(value) and 0 <= value < 1)
PENALTY = Rule("a number >= 0", lambda value: _real(value) and value >= 0)
POSITIVE = Rule("a number > 0", lambda value: _real(value) and value > 0)
FLAG = Rule("true or false", lambda value: isinstance(value, bool))
ACTIVATION = _one_of(*ACTIVATIONS)
INITIALIZER = _one_of(*get_args(Initializer))
VECTOR_INITIALIZER = _one_of(*(word for word in get_args(Initializer) if word not in ("orthogonal", "identity")))
KERNEL_INITIALIZER = _one_of(*(word for word in get_args(Initializer) if word != "identity"))
PADDING = _one_of("same", "valid")
KERNEL_CONSTRAINT = Rule(
    "one of none, max_norm, non_neg, unit_norm, min_max_norm, or a mapping as {kind: max_norm, max_value: 3}",
    _constraint,
    ("none", "max_norm", "non_neg", "unit_norm", "min_max_norm"),
)


@dataclass(frozen=True)
class Layer:
    """parameters: name -> rule. needs: those without a default. merges: it takes several inputs. draws: it takes a seed."""

    parameters: Mapping[str, Rule] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    merges: bool = False
    draws: bool = False


# l1 and l2 become Keras's kernel_regularizer, with bias_ its bias_regularizer, with activity_ its activity_regularizer.
# All other parameters have Keras's own names and defaults.
PENALTIES = ("l1", "l2", "bias_l1", "bias_l2", "activity_l1", "activity_l2")
WEIGHTS = {
    "activation": ACTIVATION,
    "use_bias": FLAG,
    "bias_initializer": VECTOR_INITIALIZER,
    "kernel_constraint": KERNEL_CONSTRAINT,
    **dict.fromkeys(PENALTIES, PENALTY),
}
NORM = {"epsilon": POSITIVE, "center": FLAG, "scale": FLAG}


def _convolution(window: Rule) -> Layer:
    own = {"filters": COUNT, "kernel_size": window, "strides": window, "padding": PADDING, "dilation_rate": window}
    return Layer({**own, "groups": COUNT, "kernel_initializer": KERNEL_INITIALIZER, **WEIGHTS}, ("filters", "kernel_size"))


def _pooling(window: Rule, needs: tuple[str, ...] = ()) -> Layer:
    return Layer({"pool_size": window, "strides": window, "padding": PADDING}, needs)


MERGE = Layer(merges=True)
LAYERS: dict[str, Layer] = {
    "Dense": Layer({"units": COUNT, "kernel_initializer": INITIALIZER, **WEIGHTS}, ("units",)),
    "Conv1D": _convolution(LENGTH),
    "Conv2D": _convolution(SIDES),
    "MaxPooling1D": _pooling(LENGTH),
    "MaxPooling2D": _pooling(SIDES),
    "AveragePooling1D": _pooling(LENGTH, ("pool_size",)),
    "AveragePooling2D": _pooling(SIDES, ("pool_size",)),
    "GlobalMaxPooling1D": Layer(),
    "GlobalMaxPooling2D": Layer(),
    "GlobalAveragePooling1D": Layer(),
    "GlobalAveragePooling2D": Layer(),
    "ZeroPadding2D": Layer({"padding": SIDES}),
    "UpSampling2D": Layer({"size": SIDES}),
    "Flatten": Layer(),
    "Reshape": Layer({"target_shape": SHAPE}, ("target_shape",)),
    "Permute": Layer({"dims": SHAPE}, ("dims",)),
    "RepeatVector": Layer({"n": COUNT}, ("n",)),
    "Activation": Layer({"activation": ACTIVATION}, ("activation",)),
    "LeakyReLU": Layer({"negative_slope": SHARE}),
    "ELU": Layer({"alpha": POSITIVE}),
    "PReLU": Layer({"alpha_initializer": VECTOR_INITIALIZER}),
    "BatchNormalization": Layer({"momentum": SHARE, **NORM}),
    "LayerNormalization": Layer({"axis": AXIS, **NORM}),
    "GroupNormalization": Layer({"groups": COUNT, **NORM}),
    "UnitNormalization": Layer({"axis": AXIS}),
    "Dropout": Layer({"rate": SHARE}, ("rate",), draws=True),
    "SpatialDropout1D": Layer({"rate": SHARE}, ("rate",), draws=True),
    "SpatialDropout2D": Layer({"rate": SHARE}, ("rate",), draws=True),
    "AlphaDropout": Layer({"rate": SHARE}, ("rate",), draws=True),
    "GaussianDropout": Layer({"rate": SHARE}, ("rate",), draws=True),
    "GaussianNoise": Layer({"stddev": PENALTY}, ("stddev",), draws=True),
    "Concatenate": Layer({"axis": AXIS}, merges=True),
    "Add": MERGE,
    "Subtract": MERGE,
    "Multiply": MERGE,
    "Average": MERGE,
    "Maximum": MERGE,
    "Minimum": MERGE,
}

# Layers of images (height, width, channels). A network that begins with one takes the data's images as they are.
IMAGE_LAYERS = frozenset(kind for kind in LAYERS if kind.endswith("2D"))
# Layers whose output has the shape of their input, whatever that is.
KEEPS_SHAPE = frozenset(
    {"Activation", "LeakyReLU", "ELU", "PReLU", "BatchNormalization", "LayerNormalization", "GroupNormalization"}
    | {"UnitNormalization", "Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise"}
    | {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"}
)


def check_layer(kind: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a layer or a parameter that is not in the table.

    Raises:
        ValueError: naming the layer, its rule and a proposal.
        BadKey: the same for a parameter.
    """
    if kind not in LAYERS:
        raise ValueError(f"layer {kind!r} is unknown{did_you_mean(kind, LAYERS)}")
    layer = LAYERS[kind]
    for name, value in parameters.items():
        if name not in layer.parameters:
            raise BadKey(name, f"{kind} has no parameter {name}", [*layer.parameters, "name", "from"])
        rule = layer.parameters[name]
        if not rule.holds(value):
            near = did_you_mean(value, rule.words) if isinstance(value, str) and rule.words else ""
            raise BadKey(name, f"{name} of {kind} must be {rule.text}, got {value!r}{near if near.startswith(',') else ''}")
    for name in layer.needs:
        if name not in parameters:
            raise ValueError(f"{kind} needs {name}, {layer.parameters[name].text}")
