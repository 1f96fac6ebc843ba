"""The network of a list of layers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras

from foldwise.errors import ConfigError
from foldwise.models.heads import Head
from foldwise.models.layer_options import INITIALIZERS, REGULARIZERS, constraint, regularizers
from foldwise.seeds import Purpose, derive
from foldwise.spec.constraint import CONSTRAINT
from foldwise.spec.layer_table import LAYERS
from foldwise.spec.layers import FEATURES, LayerSpec, LayersSpec

# kind of a layer -> the axes of its kernel
AXES = {"Dense": 2, "Conv1D": 3, "Conv2D": 4}


def layered(spec: LayersSpec, inputs: int, head: Head, seed: int, columns: Sequence[str]) -> keras.Model:
    """Features, the layers in their order, then Dense and activation of the head; further outputs after the main one.

    The random layers' seeds follow from `seed` and their position alone.

    Args:
        spec: the layers and their connections.
        inputs: the number of features.
        head: the output layer.
        seed: of the random layers.
        columns: the table's column of each feature, (inputs,); only named inputs need them.

    Raises:
        ConfigError: a layer cannot take the shape of its input, or an output's layer does not give a vector.
    """
    features = keras.Input((inputs,), name=FEATURES)
    known = {name: _chosen(name, of, features, columns) for name, of in spec.inputs.items()} or {FEATURES: features}
    for place, taken in enumerate(spec.wiring):
        given = [known[label] for label in taken]
        known[spec.label(place)] = _applied(spec, place, given, derive(Purpose.LAYERS, seed, place + 1))
    last = known[spec.label(len(spec.layers) - 1)]
    main = _headed(last, head, "", "model.layers", "the last layer")
    # no layer's name has a dot
    others = [_headed(known[name], head, f".{name}", f"model.outputs.{name}", name) for name, _ in spec.auxiliary]
    return keras.Model(features, [main, *others] if others else main, name="layers")


def _headed(tensor: Any, head: Head, suffix: str, key: str, giver: str) -> Any:
    """Dense and activation of a head on a layer's output."""
    if len(tensor.shape) != 2:
        rule = f"{giver} gives {_shape(tensor)}, and the output layer takes a vector"
        raise ConfigError(key, f"{rule}; end with Flatten or GlobalAveragePooling{len(tensor.shape) - 2}D")
    tensor = keras.layers.Dense(head.units, name=f"output{suffix}")(tensor)
    return keras.layers.Activation(head.activation, name=f"output_activation{suffix}")(tensor)


def _chosen(name: str, of: str | tuple[str, ...], features: Any, columns: Sequence[str]) -> Any:
    """The features from an input's columns."""
    if of == "all":
        return features
    places = [place for place, column in enumerate(columns) if column in of]
    if not places:
        raise ConfigError(
            f"model.inputs.{name}", "none of its columns has a feature left; choose others, or set prep.select=none"
        )
    return keras.ops.take(features, places, axis=1)


def _applied(spec: LayersSpec, place: int, given: list[Any], seed: int) -> Any:
    asked = spec.layers[place]
    key, label = f"model.layers.{place}", spec.label(place)
    shapes = " and ".join(_shape(tensor) for tensor in given)
    try:
        layer = getattr(keras.layers, asked.kind)(name=asked.name or f"layer_{place + 1}", **_options(asked, seed))
        made = layer(given if LAYERS[asked.kind].merges else given[0])
    except (ValueError, TypeError, IndexError) as fault:
        raise ConfigError(key, f"{label} cannot take {shapes}: {_message(fault)}") from None
    if any(side is not None and side < 1 for side in made.shape):
        raise ConfigError(key, f"{label} leaves nothing of {shapes}; use fewer or smaller windows, or padding same")
    return made


def _message(fault: Exception) -> str:
    """Keras's message without its internals."""
    sides = re.search(r"expected (?:min_|max_)?ndim=(\d), found ndim=(\d)", str(fault))
    if sides:
        wanted, found = (int(number) - 1 for number in sides.groups())
        return f"a row must have {wanted} sides, and has {found}; Reshape and Flatten change that"
    text = re.sub(r"\x1b\[\d*m|Exception encountered when calling \S+", " ", str(fault).split("Arguments received by")[0])
    return " ".join(text.split())[:200].rstrip(". ")


def _options(asked: LayerSpec, seed: int) -> dict[str, Any]:
    options = {name: INITIALIZERS.get(value, value) if isinstance(value, str) else value for name, value in _plain(asked)}
    acting = regularizers(options)
    for name in (key for keys in REGULARIZERS.values() for key in keys):
        options.pop(name, None)
    options |= acting
    if "kernel_constraint" in options:
        options["kernel_constraint"] = constraint(CONSTRAINT.validate_python(options["kernel_constraint"]), AXES[asked.kind])
    return {**options, "seed": seed} if LAYERS[asked.kind].draws else options


def _plain(asked: LayerSpec) -> list[tuple[str, Any]]:
    return [(name, tuple(value) if isinstance(value, list) else value) for name, value in asked.parameters.items()]


def _shape(tensor: Any) -> str:
    return " x ".join(str(side) for side in tensor.shape[1:])
