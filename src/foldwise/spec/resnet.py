"""A residual network for images."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldwise.spec.base import BadKey, Listed, Spec
from foldwise.spec.layer_table import Activation, Initializer, OutputActivation
from foldwise.spec.stored import ImageShape

Maps = Annotated[int, Field(ge=1, le=100_000)]


class ResnetSpec(Spec):
    """A residual network: a first convolution, `stages` of residual blocks, the mean of each map, the output layer.

    A block is two convolutions whose result is added to what entered. Each stage after the first halves height and width.
    `filters` is the number of maps of the first stage, and each further one has twice as many; or a list with one each.

    first_halvings: how often height and width are halved before the first stage: by the stride of the first convolution, then
        by pooling. dropout: before the output layer.
    l2: penalty of all kernels.
    Source: He et al. 2016, Deep residual learning for image recognition.
    """

    kind: Literal["resnet"]
    image: ImageShape | None = None  # height, width, channels of a row; None: those of the data
    stages: Annotated[int, Field(ge=1, le=10)] = 3
    per_stage: Annotated[int, Field(ge=1, le=50)] = 1
    filters: Maps | Annotated[tuple[Maps, ...], Listed] = 16
    first_halvings: Annotated[int, Field(ge=0, le=2)] = 1
    activation: Activation = "relu"
    initializer: Initializer = "he_normal"
    l2: Annotated[float, Field(ge=0)] = 0.0
    batch_norm: bool = True
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    output_activation: OutputActivation = "auto"

    @model_validator(mode="after")
    def _lists_fit(self) -> ResnetSpec:
        if isinstance(self.filters, tuple) and len(self.filters) != self.stages:
            count = len(self.filters)
            raise BadKey("filters", f"filters lists {count} numbers of maps, so stages must be {count}, got {self.stages}")
        if self.initializer == "identity":
            raise BadKey(
                "initializer", "initializer identity makes a matrix, but a convolution's kernel has four axes; use he_normal"
            )
        return self

    @property
    def maps(self) -> tuple[int, ...]:
        """The number of maps of each stage."""
        if isinstance(self.filters, tuple):
            return self.filters
        return tuple(self.filters * 2**stage for stage in range(self.stages))

    @property
    def halvings(self) -> int:
        """How often height and width are halved."""
        return self.stages - 1 + self.first_halvings
