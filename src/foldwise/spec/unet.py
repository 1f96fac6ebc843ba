"""The network that gives each pixel a class."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldwise.spec.base import BadKey, Listed, Spec
from foldwise.spec.layer_table import Activation, Initializer

Rate = Annotated[float, Field(ge=0, lt=1)]


class UnetSpec(Spec):
    """A U-Net: down by `depth` halvings of height and width, and up again to the size of the picture.

    Each level is `per_block` times convolution, normalisation, activation. The first has `width` maps, the next twice as many.

    up: a transposed convolution learns how a map grows; resize interpolates it linearly. skips: each level on the way up also
        sees the maps of its size from the way down; without them it is an encoder and a decoder, as SegNet is.
    dropout: after each level.
    Source: Ronneberger et al. 2015, U-Net; without skips Badrinarayanan et al. 2017, SegNet.
    """

    kind: Literal["unet"]
    image: Annotated[tuple[Annotated[int, Field(ge=1, le=10_000)], ...], Listed] | None = None
    depth: Annotated[int, Field(ge=1, le=8)] = 3
    width: Annotated[int, Field(ge=1, le=1000)] = 16
    per_block: Annotated[int, Field(ge=1, le=5)] = 2
    kernel: Annotated[int, Field(ge=1, le=15)] = 3
    batch_norm: bool = True
    up: Literal["transposed", "resize"] = "transposed"
    skips: bool = True
    dropout: Rate = 0.0
    activation: Activation = "relu"
    negative_slope: Rate = 0.02  # only for leaky_relu
    initializer: Initializer = "he_normal"
    l1: Annotated[float, Field(ge=0)] = 0.0
    l2: Annotated[float, Field(ge=0)] = 0.0
    output_activation: Literal["auto", "softmax"] = "auto"

    @model_validator(mode="after")
    def _makes_a_network(self) -> UnetSpec:
        if self.image is not None and len(self.image) != 3:
            raise BadKey("image", f"image must be [height, width, channels], as [96,96,3], got {list(self.image)}")
        if self.initializer == "identity":
            rule = "initializer identity makes a matrix, but a convolution's kernel has four axes"
            raise BadKey("initializer", f"{rule}; use orthogonal")
        return self

    @property
    def maps(self) -> tuple[int, ...]:
        """The number of maps of each level, from the picture's size down: depth + 1 numbers."""
        return tuple(self.width * 2**level for level in range(self.depth + 1))
