"""What is asked of a network and its training: the model, the learning rate over epochs, the fit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldwise.goal import Task
from foldwise.optimizers import OptimizerSpec
from foldwise.spec import ByKind, Listed, Spec

ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "swish", "softplus", "softsign")
Activation = Literal["linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "swish", "softplus", "softsign"]
Initializer = Literal[
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal",
    "random_uniform", "random_normal", "truncated_normal", "uniform", "normal", "zeros", "ones", "identity",
    "variance_scaling",
]  # fmt: skip
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


ModelSpec = Annotated[MlpSpec, ByKind]

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
    """How weights are found. `batch_size: full` is batch gradient descent, 1 is stochastic gradient descent."""

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = 32
    loss: LossName = "auto"
    optimizer: Annotated[OptimizerSpec, ByKind] = OptimizerSpec()
    early_stop: EarlyStop = EarlyStop()
