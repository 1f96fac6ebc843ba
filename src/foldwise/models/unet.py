"""The U-Net: a class for each pixel."""

from __future__ import annotations

from typing import Any

import keras

from foldwise.models.heads import Head
from foldwise.models.image_rules import check_image
from foldwise.models.layer_options import activation, kernel_options, output_activation
from foldwise.seeds import Purpose, derive
from foldwise.spec.unet import UnetSpec

# Keras's 0.99 needs some 500 steps to forget its first values; a study of a few hundred pictures has as many in all.
MOMENTUM = 0.9

Tensor = Any  # Keras ships no types


def unet(spec: UnetSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """A row's features as an image of `spec.image`, row by row and channels last; (rows, height, width, head.units) come out.

    Sides that cannot be halved `spec.depth` times are padded with zeros below and to the right, and cut off again at the end.

    Raises:
        ConfigError: `inputs` features do not make an image of this size, or it cannot be halved so often.
    """
    check_image(spec, inputs)
    assert spec.image is not None
    height, width, _ = spec.image
    extra = [(0, -side % 2**spec.depth) for side in (height, width)]
    features = keras.Input((inputs,), name="features")
    x = keras.layers.Reshape(spec.image, name="image")(features)
    if any(after for _, after in extra):
        x = keras.layers.ZeroPadding2D(extra, name="padded")(x)
    kept: list[Tensor] = []
    for level, maps in enumerate(spec.maps):
        if level:
            kept.append(x)
            x = keras.layers.MaxPooling2D(2, name=f"pool_{level}")(x)
        x = _level(spec, x, maps, f"down_{level}", derive(Purpose.LAYERS, seed, level))
    for level in reversed(range(spec.depth)):
        x = _larger(spec, x, spec.maps[level], f"up_{level}")
        if spec.skips:
            x = keras.layers.Concatenate(name=f"join_{level}")([kept[level], x])
        x = _level(spec, x, spec.maps[level], f"up_{level}", derive(Purpose.LAYERS, seed, 2 * spec.depth - level))
    x = keras.layers.Conv2D(head.units, 1, name="output", **_kernel(spec))(x)
    if any(after for _, after in extra):
        x = keras.layers.Cropping2D(extra, name="cropped")(x)
    return keras.Model(features, output_activation(head.activation, "output_activation")(x), name="unet")


def _level(spec: UnetSpec, x: Tensor, maps: int, name: str, seed: int) -> Tensor:
    """Convolutions with their normalisation and activation, then dropout."""
    for place in range(1, spec.per_block + 1):
        # a bias before a normalisation has no effect
        options = {"padding": "same", "use_bias": not spec.batch_norm, **_kernel(spec)}
        x = keras.layers.Conv2D(maps, spec.kernel, name=f"{name}_conv_{place}", **options)(x)
        if spec.batch_norm:
            x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm_{place}")(x)
        x = activation(spec.activation, spec.negative_slope, f"{name}_activation_{place}")(x)
    return keras.layers.Dropout(spec.dropout, seed=seed, name=f"{name}_dropout")(x) if spec.dropout > 0 else x


def _larger(spec: UnetSpec, x: Tensor, maps: int, name: str) -> Tensor:
    """Maps of twice the height and width."""
    if spec.up == "transposed":
        return keras.layers.Conv2DTranspose(maps, 2, strides=2, name=f"{name}_transposed", **_kernel(spec))(x)
    return keras.layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_resized")(x)


def _kernel(spec: UnetSpec) -> dict[str, Any]:
    return kernel_options(spec.initializer, spec.l1, spec.l2)
