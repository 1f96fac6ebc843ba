"""A backbone of keras.applications without its top, with our output layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy.typing as npt

from foldwise.errors import ConfigError
from foldwise.models.backbone_file import file_weights
from foldwise.models.function import seeded
from foldwise.models.heads import Head
from foldwise.models.image_rules import check_image
from foldwise.models.layer_options import kernel_options, output_activation
from foldwise.seeds import Purpose, derive
from foldwise.spec.backbone import BackboneSpec
from foldwise.system.known_words import did_you_mean

PIXELS_TO_ONE = {"scale": 1 / 127.5, "offset": -1.0}  # from 0..255 to -1..1
# architecture -> what its pixels need before it. The others have layers of their own for it.
SCALED: dict[str, dict[str, float]] = {"MobileNetV2": PIXELS_TO_ONE, "ResNet50V2": PIXELS_TO_ONE}
# How much of their averages random backbones keep in a step; Keras's 0.999 is for weights that were trained for long.
MOMENTUM = 0.9
OURS = ("features", "image", "pixels_to_one", "global_average", "dropout", "output", "output_activation")


def backbone(spec: BackboneSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """A row's features, which are pixels from 0 to 255, as an image of `spec.image`; the backbone; the head.

    Raises:
        ConfigError: `inputs` features do not make an image of this size, or `spec.trainable` names no layer.
    """
    check_image(spec, inputs)
    features = keras.Input((inputs,), name=OURS[0])
    image = keras.layers.Reshape(spec.image, name="image")(features)
    if spec.architecture in SCALED:
        image = keras.layers.Rescaling(**SCALED[spec.architecture], name="pixels_to_one")(image)
    with seeded(derive(Purpose.LAYERS, seed, 0)):  # its random layers have no seeds of their own
        whole = getattr(keras.applications, spec.architecture)(include_top=False, weights=None, input_tensor=image)
    layers = _backbone_layers(whole)
    _freeze(spec, layers)
    if spec.weights is None:
        for layer in layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = MOMENTUM
    vector = keras.layers.GlobalAveragePooling2D(name="global_average")(whole.output)
    if spec.dropout > 0:
        vector = keras.layers.Dropout(spec.dropout, seed=derive(Purpose.LAYERS, seed, 1), name="dropout")(vector)
    output = keras.layers.Dense(head.units, name="output", **kernel_options("glorot_uniform", 0.0, 0.0))(vector)
    answer = output_activation(head.activation, "output_activation")(output)
    return keras.Model(features, answer, name="backbone")


def with_weights_of_file(spec: BackboneSpec, network: keras.Model, first: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """First values of a network's weights, those of its backbone from the file, if the model has one.

    Args:
        spec: the model.
        network: as `backbone` made it.
        first: random first values of `network.weights`, in their order.

    Raises:
        ConfigError: the file has other weights than this architecture.
    """
    if spec.weights is None:
        return list(first)
    inside = {id(weight) for layer in _backbone_layers(network) for weight in layer.weights}
    given = iter(file_weights(spec))
    return [next(given) if id(weight) in inside else own for weight, own in zip(network.weights, first, strict=True)]


def _backbone_layers(network: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in network.layers if layer.name not in OURS]


def _freeze(spec: BackboneSpec, layers: Sequence[keras.layers.Layer]) -> None:
    """Let only the layers from `spec.trains_from` on be trained."""
    start = spec.trains_from
    names = [layer.name for layer in layers]
    if start not in ("all", "none", *names):
        near = did_you_mean(start, [layer.name for layer in layers if layer.weights])
        raise ConfigError("model.trainable", f"{spec.architecture} has no layer {start[:80]!r}{near}; use all, none or a layer")
    first = {"all": 0, "none": len(names)}.get(start)
    for layer in layers[: names.index(start) if first is None else first]:
        layer.trainable = False
