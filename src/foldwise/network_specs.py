"""What is asked of a network and its training: the model, the learning rate over epochs, the fit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldwise.function_spec import FunctionSpec
from foldwise.goal import Task
from foldwise.layer_table import Activation, Initializer
from foldwise.layers_spec import LayersSpec
from foldwise.optimizers import OptimizerSpec
from foldwise.spec import ByKind, Listed, Spec

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

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Warmup = Annotated[int, Field(ge=0)]


class Constant(Spec):
    """The optimizer's learning rate at every epoch."""

    kind: Literal["constant"] = "constant"
    warmup: Warmup = 0


class TimeBased(Spec):
    """`lr0 / (1 + decay * epoch)`."""

    kind: Literal["time_based"]
    decay: Annotated[float, Field(ge=0)] = 0.001
    warmup: Warmup = 0


class Drop(Spec):
    """`lr0 * rate ** floor((1 + epoch) / every)`."""

    kind: Literal["drop"]
    rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    every: Annotated[int, Field(ge=1)] = 10
    warmup: Warmup = 0


class Exponential(Spec):
    """`lr0 * rate ** epoch`."""

    kind: Literal["exponential"]
    rate: Annotated[float, Field(gt=0, le=1)] = 0.97
    warmup: Warmup = 0


class Polynomial(Spec):
    """From lr0 to `end * lr0` along `(1 - t) ** power`."""

    kind: Literal["polynomial"]
    end: Share = 0.0
    power: Positive = 1.0
    warmup: Warmup = 0


class Cosine(Spec):
    """From lr0 to `end * lr0` along half a cosine."""

    kind: Literal["cosine"]
    end: Share = 0.0
    warmup: Warmup = 0


class OneCycle(Spec):
    """Up from `start * lr0` to lr0 during the `rise` share of the epochs, then down to `end * lr0`."""

    kind: Literal["one_cycle"]
    rise: Annotated[float, Field(gt=0, lt=1)] = 0.3
    start: Share = 0.04
    end: Share = 0.0001
    warmup: Warmup = 0


class PlateauDrop(Spec):
    """Times `factor` when the validation loss has not fallen by `min_delta` for `patience` epochs."""

    kind: Literal["plateau"]
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=1)] = 5
    min_delta: Annotated[float, Field(ge=0)] = 0.0001
    min_rate: Annotated[float, Field(ge=0)] = 0.0
    cooldown: Annotated[int, Field(ge=0)] = 0
    warmup: Warmup = 0


LrScheduleSpec = Annotated[
    Constant | TimeBased | Drop | Exponential | Polynomial | Cosine | OneCycle | PlateauDrop,
    Field(discriminator="kind"),
    ByKind,
]

LOSSES: dict[str, tuple[Task, ...]] = {
    "binary_crossentropy": ("binary",),
    "binary_focal": ("binary",),
    "hinge": ("binary",),
    "squared_hinge": ("binary",),
    "categorical_crossentropy": ("multiclass",),
    "categorical_focal": ("multiclass",),
    "categorical_hinge": ("multiclass",),
    "kl_divergence": ("multiclass",),
    "mse": ("binary", "multiclass", "regression"),
    "mae": ("binary", "multiclass", "regression"),
    "huber": ("regression",),
    "log_cosh": ("regression",),
    "mape": ("regression",),
    "msle": ("regression",),
    "poisson": ("regression",),
}
LossName = Literal[
    "auto", "binary_crossentropy", "binary_focal", "hinge", "squared_hinge", "categorical_crossentropy",
    "categorical_focal", "categorical_hinge", "kl_divergence", "mse", "mae", "huber", "log_cosh", "mape", "msle",
    "poisson",
]  # fmt: skip


class EarlyStop(Spec):
    """Stops a fold after `patience` epochs without a better monitored value, and takes the best epoch's weights.

    patience null trains all epochs and takes the last epoch's weights.
    """

    patience: Annotated[int, Field(ge=1)] | None = None
    monitor: Literal["val_loss", "loss"] = "val_loss"
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class FitSpec(Spec):
    """How weights are found, and from which probability on a row gets the positive label of two.

    `batch_size: full` is batch gradient descent, 1 is stochastic; None is 32. `threshold: auto` is tuned for the goal on
    out-of-fold predictions.
    """

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] | None = None
    loss: LossName = "auto"
    optimizer: Annotated[OptimizerSpec, ByKind] = OptimizerSpec()
    early_stop: EarlyStop = EarlyStop()
    threshold: Annotated[float, Field(gt=0, lt=1)] | Literal["auto"] = 0.5
