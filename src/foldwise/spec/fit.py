"""How a network is trained: epochs, batches, loss, optimizer, early stopping."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Spec
from foldwise.spec.goal import Task
from foldwise.spec.optimizer import OptimizerSpec

# loss -> tasks it is defined for
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
    """Stop a fold after `patience` epochs without a better monitored value, and keep the weights of the best epoch.

    With patience null, all epochs are trained and the last weights are kept.
    """

    patience: Annotated[int, Field(ge=1)] | None = None
    monitor: Literal["val_loss", "loss"] = "val_loss"
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class FitSpec(Spec):
    """How a network is trained, and above which probability a row gets the positive of two labels.

    batch_size: `full` is batch gradient descent, 1 is stochastic gradient descent, None is 32, or all rows if there are fewer.
    threshold: `auto` is tuned for the goal on out-of-fold predictions.
    """

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] | None = None
    loss: LossName = "auto"
    optimizer: Annotated[OptimizerSpec, ByKind] = OptimizerSpec()
    early_stop: EarlyStop = EarlyStop()
    threshold: Annotated[float, Field(gt=0, lt=1)] | Literal["auto"] = 0.5
