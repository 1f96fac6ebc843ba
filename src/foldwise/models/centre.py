"""The detector of centres: for each place of a picture, the objects whose centre is there."""

from __future__ import annotations

from typing import Any

import keras

from foldwise.models.heads import Head
from foldwise.models.image_rules import check_image
from foldwise.models.layer_options import activation, kernel_options
from foldwise.seeds import Purpose, derive
from foldwise.spec.centre import CentreSpec

# Keras's 0.99 needs some 500 steps to forget its first values; a study of a few hundred pictures has as many in all.
MOMENTUM = 0.9
# The first probability of a centre is 0.1: places without one are far more, and would rule the first steps.
FIRST_LOGIT = -2.2
SHAPE_MAPS = 4  # logarithms of width and height, and the centre's place within the cell, right and down

Tensor = Any  # Keras ships no types


def centre(spec: CentreSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """A row's features as an image of `spec.image`, row by row and channels last; (rows, down, across, head.units) come out.

    There is a place for each `spec.stride` pixels. Sides that cannot be halved `spec.depth` times are padded with zeros below
    and to the right, and places outside the picture are cut off at the end.

    Raises:
        ConfigError: `inputs` features do not make an image of this size.
    """
    check_image(spec, inputs)
    assert spec.image is not None
    extra = [(0, -side % 2**spec.depth) for side in spec.image[:2]]
    features = keras.Input((inputs,), name="features")
    x = keras.layers.Reshape(spec.image, name="image")(features)
    if any(after for _, after in extra):
        x = keras.layers.ZeroPadding2D(extra, name="padded")(x)
    levels: list[Tensor] = []
    for level, maps in enumerate(spec.maps, 1):
        x = _convolution(spec, x, maps, f"down_{level}", step=2)
        for place in range(1, spec.per_block + 1):
            x = _convolution(spec, x, maps, f"down_{level}_{place}")
        if spec.dropout > 0:
            options = {"seed": derive(Purpose.LAYERS, seed, level), "name": f"dropout_{level}"}
            x = keras.layers.SpatialDropout2D(spec.dropout, **options)(x)
        levels.append(x)
    finest = spec.stride.bit_length() - 1  # the level with a place for `stride` pixels
    for level in range(spec.depth - 1, finest - 1, -1):
        maps = spec.maps[level - 1]
        x = keras.layers.Conv2D(maps, 1, name=f"up_{level}_fewer", **_kernel(spec))(x)
        x = keras.layers.UpSampling2D(2, interpolation="bilinear", name=f"up_{level}_larger")(x)
        x = keras.layers.Add(name=f"up_{level}_joined")([x, levels[level - 1]])
        x = _convolution(spec, x, maps, f"up_{level}")
    maps = max(spec.maps[finest - 1], 2 * spec.width)
    heat = keras.layers.Conv2D(
        head.units - SHAPE_MAPS,
        1,
        bias_initializer=keras.initializers.Constant(FIRST_LOGIT),
        name="centres",
        **_kernel(spec),
    )(_convolution(spec, x, maps, "centres_before"))
    shape = keras.layers.Conv2D(SHAPE_MAPS, 1, name="shapes", **_kernel(spec))(_convolution(spec, x, maps, "shapes_before"))
    x = keras.layers.Concatenate(name="output")([heat, shape])
    outside = [(0, after // spec.stride) for _, after in extra]
    if any(after for _, after in outside):
        x = keras.layers.Cropping2D(outside, name="cropped")(x)
    return keras.Model(features, x, name="centre")


def _convolution(spec: CentreSpec, x: Tensor, maps: int, name: str, step: int = 1) -> Tensor:
    """A convolution with its normalisation and activation."""
    # a bias before a normalisation has no effect
    options = {"strides": step, "padding": "same", "use_bias": not spec.batch_norm, **_kernel(spec)}
    x = keras.layers.Conv2D(maps, 3, name=f"{name}_conv", **options)(x)
    if spec.batch_norm:
        x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return activation(spec.activation, spec.negative_slope, f"{name}_activation")(x)


def _kernel(spec: CentreSpec) -> dict[str, Any]:
    return kernel_options(spec.initializer, spec.l1, spec.l2)
