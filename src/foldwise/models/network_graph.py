"""A network as plain values: its layers, how they are joined, and what the first of them looks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Layer:
    """A layer where it is applied.

    kind: its class; a network within the network is one of `<n> layers`.
    detail: the window of a convolution, the rate of a dropout; may be empty.
    shape: of what it gives for one row.
    parameters, fixed: how many numbers it keeps, and how many of them no training moves.
    inputs: the positions of the layers that it takes, all before its own.
    """

    name: str
    kind: str
    detail: str
    activation: str | None
    shape: tuple[int | None, ...]
    parameters: int
    fixed: int
    inputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """The filters with the largest weights, largest first, and what excites each most, strongest first.

    count: how many filters the layer has.
    kernels: (filters, height, width, channels).
    rows: positions among the images, each image once a filter, (filters, patches).
    corners: top and left of the window there, below 0 where it begins in the padding, (filters, patches, 2).
    window: height and width of what a filter sees, in pixels.
    answers: before bias and activation, (filters, patches).
    """

    name: str
    count: int
    kernels: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    corners: npt.NDArray[np.int64]
    window: tuple[int, int]
    answers: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class NetworkGraph:
    """A network's layers, each after those that it takes.

    first: the filters that see the pixels, where rows are images and the first layer has such.
    """

    name: str
    layers: tuple[Layer, ...]
    first: FirstLayer | None = None

    @property
    def parameters(self) -> int:
        """How many numbers the network keeps."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def fixed(self) -> int:
        """How many of them no training moves."""
        return sum(layer.fixed for layer in self.layers)
