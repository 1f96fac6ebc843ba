"""How much a network's convolutions compute, counted from its specification alone."""

from __future__ import annotations

from math import prod
from typing import Any

from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import CnnSpec, ModelSpec


def convolved(model: ModelSpec, rows: int, features: int) -> int:
    """Multiplications of the convolutions of a forward step; 0 for networks without any, and for functions of the user's own.

    Of a network of layers it counts one after the other, whatever the connections.

    Args:
        model: with the size of its images.
        rows: of a step.
        features: of a row.
    """
    if isinstance(model, CnnSpec):
        return rows * _of_blocks(model, features)
    return rows * _of_layers(model, features) if isinstance(model, LayersSpec) else 0


def _of_blocks(model: CnnSpec, features: int) -> int:
    height, width, channels = model.image or (features, 1, 1)
    total = 0
    for maps in model.maps:
        for _ in range(model.per_block):
            total += height * width * model.kernel**2 * channels * maps
            channels = maps
        if model.pool != "none":
            height, width = height // 2, width // 2
    return total


def _of_layers(model: LayersSpec, features: int) -> int:
    height, width, channels = model.image or (features, 1, 1)
    places, total = height * width, 0
    for layer in model.layers:
        kind, asked = layer.kind, layer.parameters
        if kind == "Reshape":
            *sides, channels = asked["target_shape"]
            places = prod(sides)
        elif kind.startswith("Conv"):
            axes = int(kind[-2]) if kind.endswith("D") else 2
            total += places * _product(asked["kernel_size"], axes) * channels * asked["filters"] // asked.get("groups", 1)
            channels = asked["filters"]
            places //= _product(asked.get("strides", 1), axes)
        elif kind.startswith(("MaxPooling", "AveragePooling")):
            places //= _product(asked.get("pool_size", 2), int(kind[-2]))
    return total


def _product(sides: Any, axes: int) -> int:
    """The product of one number for each axis, or of one for all."""
    return prod(sides) if isinstance(sides, list | tuple) else int(sides) ** axes
