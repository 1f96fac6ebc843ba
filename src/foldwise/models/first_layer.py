"""The filters of the layer that takes the pixels, and the image patches to which each responds most."""

from __future__ import annotations

from math import ceil, prod
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt

from foldwise.models.graph import nodes_of
from foldwise.models.network_graph import FirstLayer

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

MOST_IMAGES, MOST_PIXELS = 2000, 2**23  # read; of more images, every second, third, ...
BLOCK = 2**22  # numbers computed together

# Layers that keep every pixel in its place at prediction, when random layers do nothing.
IN_PLACE = frozenset(
    {"InputLayer", "Reshape", "Flatten", "Identity", "Activation", "Rescaling", "Normalization", "BatchNormalization"}
    | {"LayerNormalization", "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise"}
    | {"RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomBrightness", "RandomContrast"}
    | {"Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Cast"}
)


class Rows(Protocol):
    """Prepared rows (rows, features): an array, or an object whose slices are arrays."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Floats: ...


def first_layer(
    network: keras.Model, features: Rows, image: tuple[int, int, int], filters: int = 24, patches: int = 5
) -> FirstLayer | None:
    """The filters of the first convolution, or of the first dense layer, that takes the pixels themselves.

    None if no layer does: an earlier one moved the pixels, or the first is of another kind.

    Args:
        network: takes rows of features.
        features: (rows, features), as the network takes them.
        image: height, width and channels of a row; their product is the number of features.
        filters: at most this many, those with the largest weights.
        patches: of a filter, at most one from an image.
    """
    node = _first_node(network, image)
    if node is None:
        return None
    layer = node.operation
    weights = np.asarray(keras.ops.convert_to_numpy(layer.kernel), dtype=np.float32)
    chosen = np.argsort(-np.square(weights).reshape(-1, weights.shape[-1]).sum(axis=0), kind="stable")[:filters]
    step = every(len(features), image)
    seen = keras.Model(network.inputs[0], node.input_tensors[0])
    answers, places, width = _strongest(seen, layer, weights[..., chosen], features, step)
    best = np.argsort(-answers, axis=0, kind="stable")[:patches].T
    at = np.take_along_axis(places.T, best, axis=1)
    window, stride, before = _geometry(layer, image)
    corners = np.stack([at // width * stride[0] - before[0], at % width * stride[1] - before[1]], axis=-1)
    sides = weights.shape[:3] if weights.ndim == 4 else image
    return FirstLayer(
        name=layer.name,
        count=weights.shape[-1],
        kernels=np.moveaxis(weights[..., chosen], -1, 0).reshape(len(chosen), *sides),
        rows=best * step,
        corners=corners,
        window=window,
        answers=np.take_along_axis(answers.T, best, axis=1),
    )


def every(rows: int, image: tuple[int, int, int]) -> int:
    """The step between images that are read."""
    return ceil(rows / max(1, min(MOST_IMAGES, MOST_PIXELS // prod(image[:2]))))


def _first_node(network: keras.Model, image: tuple[int, int, int]) -> Any:
    """The node of the first layer with filters, if its pixels are still in their places."""
    pixels: set[int] = set()
    for node in nodes_of(network):
        made, parents = node.operation, node.parent_nodes
        if not all(id(parent) in pixels for parent in parents):
            continue
        if type(made).__name__ == "Conv2D" and made.groups == 1 and made.data_format == "channels_last":
            return node if tuple(node.input_tensors[0].shape[1:]) == image else None
        if type(made).__name__ == "Dense":
            return node if tuple(node.input_tensors[0].shape[1:]) == (prod(image),) else None
        if _in_place(made):
            pixels.add(id(node))
    return None


def _in_place(made: Any) -> bool:
    if isinstance(made, keras.Model):
        return bool(getattr(made, "inputs", None)) and all(_in_place(node.operation) for node in nodes_of(made))
    return type(made).__name__ in IN_PLACE


def _strongest(seen: keras.Model, layer: Any, weights: Floats, features: Rows, step: int) -> tuple[Floats, Places, int]:
    """Each image's strongest response to each filter and its place in the map, (images, filters) both; and the map's width."""
    answers, places, width = [], [], 1
    together = max(1, BLOCK // (prod(seen.output_shape[1:3]) * weights.shape[-1])) * step
    for start in range(0, len(features), together):
        pixels = seen(features[start : start + together : step], training=False)
        if weights.ndim == 4:
            options = {"strides": layer.strides, "padding": layer.padding, "dilation_rate": layer.dilation_rate}
            maps = np.asarray(keras.ops.convert_to_numpy(keras.ops.conv(pixels, weights, **options)))
            width = maps.shape[2]
        else:
            maps = np.asarray(keras.ops.convert_to_numpy(keras.ops.matmul(pixels, weights)))
        flat = maps.reshape(len(maps), -1, maps.shape[-1])
        places.append(flat.argmax(axis=1))
        answers.append(flat.max(axis=1))
    return np.concatenate(answers), np.concatenate(places), width


def _geometry(layer: Any, image: tuple[int, int, int]) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """A filter's window, its strides, and the padding before the first pixel, (height, width) each."""
    if not hasattr(layer, "kernel_size"):
        return image[:2], (1, 1), (0, 0)
    window = [(side - 1) * apart + 1 for side, apart in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    before = [0, 0]
    if layer.padding == "same":
        for axis, (side, step) in enumerate(zip(image[:2], layer.strides, strict=True)):
            before[axis] = max((ceil(side / step) - 1) * step + window[axis] - side, 0) // 2
    return (window[0], window[1]), (int(layer.strides[0]), int(layer.strides[1])), (before[0], before[1])
