"""The residual network."""

from __future__ import annotations

from typing import Any

import keras

from foldwise.models.heads import Head
from foldwise.models.image_rules import check_image
from foldwise.models.layer_options import activation, kernel_options, output_activation
from foldwise.seeds import Purpose, derive
from foldwise.spec.resnet import ResnetSpec

# How much of its averages batch normalisation keeps in a step. Keras's 0.99 needs some hundred steps to forget its first
# values, which are a dozen epochs of a thousand pictures.
MOMENTUM = 0.9
SLOPE = 0.02  # of leaky_relu

Tensor = Any  # Keras ships no types


def resnet(spec: ResnetSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """A row's features as an image of `spec.image`, row by row and channels last; stages of residual blocks; the head.

    Where a block changes the size, what it adds to is halved by its mean and gets its maps by a convolution of one pixel.
    Source: He et al. 2019, Bag of tricks for image classification (ResNet-D).

    Raises:
        ConfigError: `inputs` features do not make an image of this size.
    """
    check_image(spec, inputs)
    features = keras.Input((inputs,), name="features")
    maps = keras.layers.Reshape(spec.image, name="image")(features)
    maps = _activated(spec, _convolved(spec, maps, spec.maps[0], "first", strides=2 if spec.first_halvings else 1), "first")
    if spec.first_halvings == 2:
        maps = keras.layers.MaxPooling2D(2, name="pool_first")(maps)
    for stage, count in enumerate(spec.maps, 1):
        for place in range(1, spec.per_stage + 1):
            maps = _block(spec, maps, count, stage > 1 and place == 1, f"{stage}_{place}")
    vector = keras.layers.GlobalAveragePooling2D(name="global_average")(maps)
    if spec.dropout > 0:
        vector = keras.layers.Dropout(spec.dropout, seed=derive(Purpose.LAYERS, seed, 1), name="dropout")(vector)
    output = keras.layers.Dense(head.units, name="output", **kernel_options("glorot_uniform", 0.0, spec.l2))(vector)
    return keras.Model(features, output_activation(head.activation, "output_activation")(output), name="resnet")


def _block(spec: ResnetSpec, entered: Tensor, count: int, halves: bool, place: str) -> Tensor:
    """A residual block with `count` maps."""
    inner = _convolved(spec, entered, count, f"{place}_a", strides=2 if halves else 1)
    inner = _convolved(spec, _activated(spec, inner, f"{place}_a"), count, f"{place}_b")
    beside = keras.layers.AveragePooling2D(2, padding="same", name=f"halve_{place}")(entered) if halves else entered
    if beside.shape[-1] != count:
        beside = _convolved(spec, beside, count, f"{place}_beside", side=1)
    return _activated(spec, keras.layers.Add(name=f"add_{place}")([beside, inner]), place)


def _convolved(spec: ResnetSpec, maps: Tensor, count: int, place: str, strides: int = 1, side: int = 3) -> Tensor:
    """A convolution and its normalisation, which has the bias."""
    options = {**kernel_options(spec.initializer, 0.0, spec.l2), "use_bias": not spec.batch_norm}
    made = keras.layers.Conv2D(count, side, strides=strides, padding="same", name=f"conv_{place}", **options)(maps)
    return keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"norm_{place}")(made) if spec.batch_norm else made


def _activated(spec: ResnetSpec, maps: Tensor, place: str) -> Tensor:
    return activation(spec.activation, SLOPE, f"activation_{place}")(maps)
