"""What is asked of a network and its training: the model, the learning rate over epochs, the fit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldwise.spec.base import ByKind, Listed, Spec
from foldwise.spec.function import FunctionSpec
from foldwise.spec.layer_table import Activation, Initializer
from foldwise.spec.layers import LayersSpec

Width = Annotated[int, Field(ge=1, le=100_000)]


class MlpSpec(Spec):
    """A multilayer perceptron: `hidden` dense layers, then the output layer that the task asks for.

    A hidden layer is Dense, normalisation, activation, dropout. `units` is one width for all or a list with a width each.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[int, Field(ge=0, le=1000)] = 1
    units: Width | Annotated[tuple[Width, ...], Listed] = 64
    activation: Activation = "relu"
    negative_slope: Annotated[float, Field(ge=0, lt=1)] = 0.02  # only leaky_relu uses it
    initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    l1: Annotated[float, Field(ge=0)] = 0.0
    l2: Annotated[float, Field(ge=0)] = 0.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    noise: Annotated[float, Field(ge=0)] = 0.0  # standard deviation of Gaussian noise added to the inputs
    batch_norm: bool = False
    layer_norm: bool = False
    output_activation: Literal["auto", "sigmoid", "softmax", "linear", "tanh"] = "auto"

    @model_validator(mode="after")
    def _widths_fit(self) -> MlpSpec:
        if isinstance(self.units, tuple) and len(self.units) != self.hidden:
            raise ValueError(f"units lists {len(self.units)} widths, so hidden must be {len(self.units)}, got {self.hidden}")
        if self.batch_norm and self.layer_norm:
            raise ValueError("batch_norm and layer_norm exclude each other")
        if self.bias_initializer in ("orthogonal", "identity"):
            raise ValueError(f"bias_initializer {self.bias_initializer} draws matrices, and a bias is a vector; use zeros")
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of each hidden layer."""
        return self.units if isinstance(self.units, tuple) else (self.units,) * self.hidden


class CnnSpec(Spec):
    """A convolutional network: `blocks` blocks, a top that makes a vector of the last maps, `hidden` dense layers, the output.

    A block is `per_block` times convolution, normalisation, activation, and then one pooling by 2 and one dropout. `filters`
    is one number of maps for all blocks or a list with one each, as `units` is for the dense layers.
    """

    kind: Literal["cnn"]
    image: Annotated[tuple[Width, ...], Listed] | None = None  # height, width, channels of a row; null: as the data say
    blocks: Annotated[int, Field(ge=1, le=10)] = 2
    filters: Width | Annotated[tuple[Width, ...], Listed] = 32
    per_block: Annotated[int, Field(ge=1, le=10)] = 1
    kernel: Annotated[int, Field(ge=1, le=1000)] = 3
    padding: Literal["same", "valid"] = "same"
    pool: Literal["max", "average", "none"] = "max"
    activation: Activation = "relu"
    negative_slope: Annotated[float, Field(ge=0, lt=1)] = 0.02  # only leaky_relu uses it
    initializer: Initializer = "glorot_uniform"
    l1: Annotated[float, Field(ge=0)] = 0.0
    l2: Annotated[float, Field(ge=0)] = 0.0
    batch_norm: bool = False
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    top: Literal["flatten", "global_average", "global_max"] = "flatten"
    hidden: Annotated[int, Field(ge=0, le=1000)] = 1
    units: Width | Annotated[tuple[Width, ...], Listed] = 64
    head_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    output_activation: Literal["auto", "sigmoid", "softmax", "linear", "tanh"] = "auto"

    @model_validator(mode="after")
    def _lists_fit(self) -> CnnSpec:
        if self.image is not None and len(self.image) != 3:
            raise ValueError(f"image must be [height, width, channels], as [28,28,1], got {list(self.image)}")
        if isinstance(self.filters, tuple) and len(self.filters) != self.blocks:
            number = len(self.filters)
            raise ValueError(f"filters lists {number} numbers of maps, so blocks must be {number}, got {self.blocks}")
        if isinstance(self.units, tuple) and len(self.units) != self.hidden:
            raise ValueError(f"units lists {len(self.units)} widths, so hidden must be {len(self.units)}, got {self.hidden}")
        if self.initializer == "identity":
            raise ValueError("initializer identity draws matrices, and a convolution's kernel is none; use orthogonal")
        return self

    @property
    def maps(self) -> tuple[int, ...]:
        """How many maps each block has."""
        return self.filters if isinstance(self.filters, tuple) else (self.filters,) * self.blocks

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of each hidden dense layer."""
        return self.units if isinstance(self.units, tuple) else (self.units,) * self.hidden


ModelSpec = Annotated[MlpSpec | CnnSpec | LayersSpec | FunctionSpec, Field(discriminator="kind"), ByKind]
