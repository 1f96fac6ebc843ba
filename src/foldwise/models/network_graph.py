"""A network as plain values: its layers, their connections, and the filters of the first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Layer:
    """One application of a layer.

    kind: its class, or `<n> layers` for a network within the network.
    detail: the window of a convolution, the rate of a dropout, or empty.
    shape: of its output for one row.
    parameters, fixed: the number of parameters, and of those that are never trained.
    inputs: the positions of its input layers, all before its own.
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
    """The filters with the largest weights, largest first, and the patches that excite each most, strongest first.

    count: the number of filters of the layer.
    kernels: (filters, height, width, channels).
    rows: positions among the images, each image once a filter, (filters, patches).
    corners: top and left of the patch, below 0 if it begins in the padding, (filters, patches, 2).
    window: height and width of a patch, in pixels.
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
    """A network's layers, each after its inputs.

    first: the filters that take the pixels, if rows are images and the first layer has filters.
    """

    name: str
    layers: tuple[Layer, ...]
    first: FirstLayer | None = None

    @property
    def parameters(self) -> int:
        """The number of parameters."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def fixed(self) -> int:
        """The number of parameters that are never trained."""
        return sum(layer.fixed for layer in self.layers)
