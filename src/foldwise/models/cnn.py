"""The convolutional network."""

from __future__ import annotations

from typing import Any

import keras

from foldwise.models.heads import Head
from foldwise.models.image_rules import check_image
from foldwise.models.layer_options import activation, kernel_options, output_activation
from foldwise.seeds import Purpose, derive
from foldwise.spec.model import CnnSpec

POOLS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
TOPS = {
    "flatten": keras.layers.Flatten,
    "global_average": keras.layers.GlobalAveragePooling2D,
    "global_max": keras.layers.GlobalMaxPooling2D,
}


def cnn(spec: CnnSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """A row's features as an image of `spec.image`, row by row and channels last; blocks, top, dense layers; the head.

    L1 and L2 act on the kernel of every convolution and every dense layer; for the head's see MlpSpec. The random layers' seeds
    follow from `seed` and their position alone.

    Raises:
        ConfigError: `inputs` features do not make an image of this size.
    """
    check_image(spec, inputs)
    layers: list[keras.Layer] = [keras.layers.Reshape(spec.image, name="image")]
    for block, maps in enumerate(spec.maps, 1):
        for place in range(1, spec.per_block + 1):
            layers += _convolution(spec, maps, f"{block}_{place}")
        if spec.pool != "none":
            layers.append(POOLS[spec.pool](2, name=f"pool_{block}"))
        layers += _dropout(spec.dropout, seed, block)
    layers.append(TOPS[spec.top](name=spec.top))
    for position, width in enumerate(spec.widths, 1):
        layers.append(keras.layers.Dense(width, name=f"dense_{position}", **_kernel(spec)))
        layers.append(activation(spec.activation, spec.negative_slope, f"dense_activation_{position}"))
        layers += _dropout(spec.head_dropout, seed, spec.blocks + position)
    output = kernel_options(spec.initializer, *spec.output_penalty)
    layers.append(keras.layers.Dense(head.units, name="output", **output))
    layers.append(output_activation(head.activation, "output_activation"))
    return keras.Sequential([keras.Input((inputs,), name="features"), *layers], name="cnn")


def _convolution(spec: CnnSpec, maps: int, place: str) -> list[keras.Layer]:
    """A convolution with its normalisation and activation."""
    convolution = keras.layers.Conv2D(maps, spec.kernel, padding=spec.padding, name=f"conv_{place}", **_kernel(spec))
    norm = [keras.layers.BatchNormalization(name=f"norm_{place}")] if spec.batch_norm else []
    return [convolution, *norm, activation(spec.activation, spec.negative_slope, f"activation_{place}")]


def _kernel(spec: CnnSpec) -> dict[str, Any]:
    return kernel_options(spec.initializer, spec.l1, spec.l2)


def _dropout(rate: float, seed: int, position: int) -> list[keras.Layer]:
    if rate == 0:
        return []
    return [keras.layers.Dropout(rate, seed=derive(Purpose.LAYERS, seed, position), name=f"dropout_{position}")]
