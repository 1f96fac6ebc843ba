"""The networks that a trial can build: mlp, cnn, a list of layers, or a Python function."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldwise.spec.base import BadKey, ByKind, Listed, Spec
from foldwise.spec.function import FunctionSpec
from foldwise.spec.layer_table import Activation, Initializer, OutputActivation
from foldwise.spec.layers import LayersSpec

Width = Annotated[int, Field(ge=1, le=100_000)]


def _one_each(value: int | tuple[int, ...], count: int) -> tuple[int, ...]:
    """A number for each of `count` layers: the list itself, or one number for all."""
    return value if isinstance(value, tuple) else (value,) * count


def _refuse_other_count(name: str, value: int | tuple[int, ...], what: str, count_name: str, count: int) -> None:
    """Raise BadKey if a list has another length than the number of layers that `count_name` gives."""
    if isinstance(value, tuple) and len(value) != count:
        raise BadKey(name, f"{name} lists {len(value)} {what}, so {count_name} must be {len(value)}, got {count}")


class MlpSpec(Spec):
    """A multilayer perceptron: `hidden` dense layers, then the output layer, which follows from the task.

    A hidden layer is Dense, normalisation, activation, dropout. `units` is one width for all layers, or a list with one each.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[int, Field(ge=0, le=1000)] = 1
    units: Width | Annotated[tuple[Width, ...], Listed] = 64
    activation: Activation = "relu"
    negative_slope: Annotated[float, Field(ge=0, lt=1)] = 0.02  # only for leaky_relu
    initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    l1: Annotated[float, Field(ge=0)] = 0.0
    l2: Annotated[float, Field(ge=0)] = 0.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    noise: Annotated[float, Field(ge=0)] = 0.0  # standard deviation of Gaussian noise added to the inputs
    batch_norm: bool = False
    layer_norm: bool = False
    output_activation: OutputActivation = "auto"

    @model_validator(mode="after")
    def _widths_fit(self) -> MlpSpec:
        _refuse_other_count("units", self.units, "widths", "hidden", self.hidden)
        if self.batch_norm and self.layer_norm:
            raise BadKey("layer_norm", "batch_norm and layer_norm exclude each other")
        if self.bias_initializer in ("orthogonal", "identity"):
            raise BadKey("bias_initializer", f"{self.bias_initializer} makes a matrix, but a bias is a vector; use zeros")
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of each hidden layer."""
        return _one_each(self.units, self.hidden)


class CnnSpec(Spec):
    """A convolutional network: `blocks` blocks, a top that turns the last maps into a vector, `hidden` dense layers.

    A block is `per_block` times convolution, normalisation and activation, then one pooling by 2 and one dropout. `filters` is
    one number of maps for all blocks, or a list with one each; `units` does the same for the dense layers.
    """

    kind: Literal["cnn"]
    image: Annotated[tuple[Width, ...], Listed] | None = None  # height, width, channels of a row; None: those of the data
    blocks: Annotated[int, Field(ge=1, le=10)] = 2
    filters: Width | Annotated[tuple[Width, ...], Listed] = 32
    per_block: Annotated[int, Field(ge=1, le=10)] = 1
    kernel: Annotated[int, Field(ge=1, le=1000)] = 3
    padding: Literal["same", "valid"] = "same"
    pool: Literal["max", "average", "none"] = "max"
    activation: Activation = "relu"
    negative_slope: Annotated[float, Field(ge=0, lt=1)] = 0.02  # only for leaky_relu
    initializer: Initializer = "glorot_uniform"
    l1: Annotated[float, Field(ge=0)] = 0.0
    l2: Annotated[float, Field(ge=0)] = 0.0
    batch_norm: bool = False
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    top: Literal["flatten", "global_average", "global_max"] = "flatten"
    hidden: Annotated[int, Field(ge=0, le=1000)] = 1
    units: Width | Annotated[tuple[Width, ...], Listed] = 64
    head_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    output_activation: OutputActivation = "auto"

    @model_validator(mode="after")
    def _lists_fit(self) -> CnnSpec:
        if self.image is not None and len(self.image) != 3:
            raise BadKey("image", f"image must be [height, width, channels], as [28,28,1], got {list(self.image)}")
        _refuse_other_count("filters", self.filters, "numbers of maps", "blocks", self.blocks)
        _refuse_other_count("units", self.units, "widths", "hidden", self.hidden)
        if self.initializer == "identity":
            raise BadKey(
                "initializer", "initializer identity makes a matrix, but a convolution's kernel has four axes; use orthogonal"
            )
        return self

    @property
    def maps(self) -> tuple[int, ...]:
        """The number of maps of each block."""
        return _one_each(self.filters, self.blocks)

    @property
    def widths(self) -> tuple[int, ...]:
        """The width of each hidden dense layer."""
        return _one_each(self.units, self.hidden)


ModelSpec = Annotated[MlpSpec | CnnSpec | LayersSpec | FunctionSpec, Field(discriminator="kind"), ByKind]
