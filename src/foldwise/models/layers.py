"""The network of a list of layers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras

from foldwise.errors import ConfigError
from foldwise.models.heads import Head
from foldwise.models.image_rules import check_image
from foldwise.models.layer_options import INITIALIZERS, REGULARIZERS, constraint, output_activation, regularizers
from foldwise.seeds import Purpose, derive
from foldwise.spec.constraint import CONSTRAINT
from foldwise.spec.layer_table import LAYERS
from foldwise.spec.layers import FEATURES, LayerSpec, LayersSpec

# kind of a layer -> the axes of its kernel
AXES = {"Dense": 2, "Conv1D": 3, "Conv2D": 4}


def layered(spec: LayersSpec, inputs: int, head: Head, seed: int, columns: Sequence[str]) -> keras.Model:
    """Features, the layers in their order, then Dense and activation of the head; further outputs after the main one.

    If the first layers take images, the features become images of `spec.image`, row by row and channels last, and a Flatten is
    put before each Dense layer that gets one. A network that makes its images by Reshape is built as it is listed.

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
    known |= {start: _as_image(spec, inputs, start, known[start]) for start in spec.image_starts}
    flatten = bool(spec.image_starts)
    for place, taken in enumerate(spec.wiring):
        given = [known[label] for label in taken]
        if flatten and spec.layers[place].kind == "Dense":
            given = [_flat(tensor, f"{_name(spec, place)}.flatten") for tensor in given]
        known[spec.label(place)] = _applied(spec, place, given, derive(Purpose.LAYERS, seed, place + 1))
    heads = [("", "model.layers", "the last layer", known[spec.label(len(spec.layers) - 1)])]
    # no layer's name has a dot
    heads += [(f".{name}", f"model.outputs.{name}", name, known[name]) for name, _ in spec.auxiliary]
    if flatten:
        heads = [(suffix, key, giver, _flat(tensor, f"flatten{suffix or '.output'}")) for suffix, key, giver, tensor in heads]
    main, *others = [_headed(tensor, head, suffix, key, giver) for suffix, key, giver, tensor in heads]
    return keras.Model(features, [main, *others] if others else main, name="layers")


def _as_image(spec: LayersSpec, inputs: int, start: str, features: Any) -> Any:
    """The features of a row as an image."""
    check_image(spec, inputs)
    return keras.layers.Reshape(spec.image, name=f"{start}.image")(features)


def _flat(tensor: Any, name: str) -> Any:
    """A layer's output as a vector."""
    return tensor if len(tensor.shape) == 2 else keras.layers.Flatten(name=name)(tensor)


def _name(spec: LayersSpec, place: int) -> str:
    return spec.layers[place].name or f"layer_{place + 1}"


def _headed(tensor: Any, head: Head, suffix: str, key: str, giver: str) -> Any:
    """Dense and activation of a head on a layer's output."""
    if len(tensor.shape) != 2:
        rule = f"{giver} gives {_shape(tensor)}, and the output layer takes a vector"
        raise ConfigError(key, f"{rule}; end with Flatten or GlobalAveragePooling{len(tensor.shape) - 2}D")
    tensor = keras.layers.Dense(head.units, name=f"output{suffix}")(tensor)
    return output_activation(head.activation, f"output_activation{suffix}")(tensor)


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
        layer = getattr(keras.layers, asked.kind)(name=_name(spec, place), **_options(asked, seed))
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
