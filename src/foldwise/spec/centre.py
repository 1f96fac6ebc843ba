"""The network that finds objects by their centres."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldwise.spec.base import BadKey, Listed, Spec
from foldwise.spec.layer_table import Activation, Initializer

Rate = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1000)]
DEEPEST = 8  # halvings: what is left of a picture of 256 pixels is one place


class CentreSpec(Spec):
    """A detector of centres: down `depth` halvings of height and width, and up again to one place for `stride` pixels.

    Each place answers, for each class, whether the centre of an object is there, and the object's size and exact place. A level
    is one convolution with step 2 and `per_block` more; the first has `width` maps, each below twice as many, at most eight
    times. On the way up, maps are enlarged and added to those of their size from the way down.

    stride: objects closer than this many pixels cannot be told apart; a smaller one costs more.
    dropout: of whole maps, after each level of the way down.
    size_weight, place_weight: of the errors of sizes and places, beside that of the centres.
    overlap: of two boxes of one class with a larger intersection over union, the worse one is left out.
    Source: Zhou et al. 2019, Objects as points.
    """

    kind: Literal["centre"]
    image: Annotated[tuple[Annotated[int, Field(ge=1, le=10_000)], ...], Listed] | None = None
    depth: Annotated[int, Field(ge=1, le=DEEPEST)] = 4
    width: Annotated[int, Field(ge=1, le=1000)] = 16
    per_block: Annotated[int, Field(ge=0, le=5)] = 1
    stride: Literal[2, 4, 8] = 4
    batch_norm: bool = True
    dropout: Rate = 0.0
    activation: Activation = "relu"
    negative_slope: Rate = 0.02  # only for leaky_relu
    initializer: Initializer = "he_normal"
    l1: Annotated[float, Field(ge=0)] = 0.0
    l2: Annotated[float, Field(ge=0)] = 0.0
    size_weight: Weight = 0.5
    place_weight: Weight = 1.0
    overlap: Annotated[float, Field(gt=0, le=1)] = 0.5
    output_activation: Literal["auto", "linear"] = "auto"

    @model_validator(mode="after")
    def _makes_a_network(self) -> CentreSpec:
        if self.image is not None and len(self.image) != 3:
            raise BadKey("image", f"image must be [height, width, channels], as [96,128,3], got {list(self.image)}")
        if self.initializer == "identity":
            rule = "initializer identity makes a matrix, but a convolution's kernel has four axes"
            raise BadKey("initializer", f"{rule}; use orthogonal")
        if 2**self.depth < self.stride:
            rule = f"depth {self.depth} leaves a place for {2**self.depth} pixels, and stride is {self.stride}"
            raise BadKey("depth", f"{rule}; use a larger depth or a smaller stride")
        return self

    @property
    def maps(self) -> tuple[int, ...]:
        """The number of maps of each level, from half of the picture's size down: depth numbers."""
        return tuple(self.width * min(2**level, 8) for level in range(self.depth))
