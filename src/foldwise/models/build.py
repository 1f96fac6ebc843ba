"""Build a Keras network from a model's specification, and draw its first weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy.typing as npt

from foldwise.data.preparation.fold import FoldData
from foldwise.data.preparation.layout import NO_LAYOUT, Layout
from foldwise.models.backbone import backbone, with_weights_of_file
from foldwise.models.centre import centre
from foldwise.models.cnn import cnn
from foldwise.models.first_by_data import fitted_weights
from foldwise.models.function import from_function
from foldwise.models.heads import Head
from foldwise.models.layer_options import drawn
from foldwise.models.layers import layered
from foldwise.models.mlp import MakeDropout, mlp
from foldwise.models.resnet import resnet
from foldwise.models.unet import unet
from foldwise.spec.backbone import BackboneSpec
from foldwise.spec.function import FunctionSpec
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import MlpSpec, ModelSpec

KINDS: dict[str, Callable[[Any, int, Head, int], keras.Model]] = {
    "cnn": cnn,
    "unet": unet,
    "centre": centre,
    "resnet": resnet,
    "backbone": backbone,
    "python": from_function,
}


def build(
    spec: ModelSpec,
    inputs: int,
    head: Head,
    seed: int,
    columns: Sequence[str] = (),
    layout: Layout = NO_LAYOUT,
    dropout: MakeDropout = keras.layers.Dropout,
) -> keras.Model:
    """A network that takes (rows, inputs) and gives (rows, head.units) from each of its outputs.

    Args:
        spec: the model.
        inputs: the number of features.
        head: the output layer.
        seed: of the random layers; for first weights see first_weights.
        columns: the table's column of each feature, (inputs,), for networks with named inputs.
        layout: which features are numbers and categories, for embeddings.
        dropout: makes the dropout layers of a multilayer perceptron.

    Raises:
        ConfigError: the model cannot take this number of features.
    """
    if isinstance(spec, LayersSpec):
        return layered(spec, inputs, head, seed, columns)
    if isinstance(spec, MlpSpec):
        return mlp(spec, inputs, head, seed, layout, dropout)
    return KINDS[spec.kind](spec, inputs, head, seed)


def answering(network: keras.Model) -> keras.Model:
    """The part of a network that computes its first output, with the same weights: other outputs only help training."""
    return keras.Model(network.input, network.outputs[0], name=network.name) if len(network.outputs) > 1 else network


def first_weights(spec: ModelSpec, network: keras.Model, head: Head, seed: int, data: FoldData) -> list[npt.NDArray[Any]]:
    """Fresh first values for `network.weights`, in their order; the network does not change. data: the fold to be trained on.

    A function of the user's own initialises its network itself, so it is called again under the seed.
    """
    if isinstance(spec, FunctionSpec):
        weights: list[npt.NDArray[Any]] = build(spec, network.input_shape[-1], head, seed).get_weights()
        return weights
    if isinstance(spec, MlpSpec):
        return fitted_weights(spec, [data], head, [seed])[0]
    drawn_weights = initial_weights(network, seed)
    return with_weights_of_file(spec, network, drawn_weights) if isinstance(spec, BackboneSpec) else drawn_weights


def initial_weights(model: keras.Model, seed: int) -> list[npt.NDArray[Any]]:
    """Fresh first values for `model.weights`, in their order; the model does not change.

    Each is drawn by its layer's initializer (`kernel` by `kernel_initializer`, or `depthwise_initializer` where the layer has
    none), seeded by `seed` and its position. What no initializer draws keeps its value, such as the mean that a layer
    normalises by.
    """
    owners = {id(weight): layer for layer in model.layers for weight in layer.weights}
    values = []
    for place, weight in enumerate(model.weights):
        names = (f"{weight.name}_initializer", "depthwise_initializer" if weight.name == "kernel" else "")
        initializer = next((found for name in names if (found := getattr(owners[id(weight)], name, None))), None)
        if initializer is None:
            values.append(keras.ops.convert_to_numpy(weight))
        else:
            values.append(drawn(initializer, weight.shape, weight.dtype, [seed], place)[0])
    return values
