"""Keras's optimizers by name, with the parameters each of them takes.

This table lets a configuration be judged without importing Keras; a test holds it against the installed Keras.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foldwise.errors import did_you_mean

# kind -> (class name in keras.optimizers, its learning rate by default, its own parameters and their Keras defaults)
OPTIMIZERS: dict[str, tuple[str, float, dict[str, float | bool]]] = {
    "sgd": ("SGD", 0.01, {"momentum": 0.0, "nesterov": False}),
    "rmsprop": ("RMSprop", 0.001, {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False}),
    "adam": ("Adam", 0.001, {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}),
    "adamw": ("AdamW", 0.001, {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}),
    "adagrad": ("Adagrad", 0.001, {"initial_accumulator_value": 0.1, "epsilon": 1e-7}),
    "adadelta": ("Adadelta", 0.001, {"rho": 0.95, "epsilon": 1e-7}),
    "adamax": ("Adamax", 0.001, {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}),
    "nadam": ("Nadam", 0.001, {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}),
    "ftrl": (
        "Ftrl",
        0.001,
        {
            "learning_rate_power": -0.5,
            "initial_accumulator_value": 0.1,
            "l1_regularization_strength": 0.0,
            "l2_regularization_strength": 0.0,
            "l2_shrinkage_regularization_strength": 0.0,
            "beta": 0.0,
        },
    ),
    "lion": ("Lion", 0.001, {"beta_1": 0.9, "beta_2": 0.99}),
    "lamb": ("Lamb", 0.001, {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}),
    "adafactor": (
        "Adafactor",
        0.001,
        {"beta_2_decay": -0.8, "epsilon_1": 1e-30, "epsilon_2": 1e-3, "clip_threshold": 1.0, "relative_step": True},
    ),
}
# A weight's step depends on that weight alone, so folds can be stacked; lamb and adafactor look at whole arrays.
ELEMENTWISE = frozenset(OPTIMIZERS) - {"lamb", "adafactor"}
COMMON: tuple[str, ...] = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "ema_momentum")

Kind = Literal[
    "sgd", "rmsprop", "adam", "adamw", "adagrad", "adadelta", "adamax", "nadam", "ftrl", "lion", "lamb", "adafactor"
]  # fmt: skip


class OptimizerSpec(BaseModel):
    """One of Keras's optimizers. Parameters left out take Keras's defaults; the learning rate too where it is null.

    `ema_momentum` switches Keras's exponential moving average of the weights on.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    kind: Kind = "adam"
    learning_rate: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _parameters_known(self) -> OptimizerSpec:
        own = OPTIMIZERS[self.kind][2]
        for name, value in (self.model_extra or {}).items():
            if name not in own and name not in COMMON:
                raise ValueError(f"{name} is no parameter of {self.kind}{did_you_mean(name, [*own, *COMMON, 'learning_rate'])}")
            wanted = bool if isinstance(own.get(name), bool) else float
            given = (
                isinstance(value, bool) if wanted is bool else isinstance(value, (int, float)) and not isinstance(value, bool)
            )
            if not given:
                raise ValueError(f"{name} must be {'true or false' if wanted is bool else 'a number'}, got {value!r}")
            if not math.isfinite(value):
                raise ValueError(f"{name} must be finite, got {value}")
            _check(name, value)
        if len({"clipnorm", "clipvalue", "global_clipnorm"} & set(self.model_extra or {})) > 1:
            raise ValueError("only one of clipnorm, clipvalue and global_clipnorm can be set")
        return self

    @property
    def rate(self) -> float:
        """The learning rate at the start, lr0 of a schedule."""
        return OPTIMIZERS[self.kind][1] if self.learning_rate is None else self.learning_rate

    @property
    def is_elementwise(self) -> bool:
        """Whether each weight is stepped by itself, without averages of the weights."""
        return self.kind in ELEMENTWISE and "ema_momentum" not in self.parameters

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that were set, beside the learning rate."""
        return dict(self.model_extra or {})


def _check(name: str, value: float) -> None:
    """The bounds that Keras leaves unchecked or checks only at the first step."""
    if name in ("momentum", "rho", "beta_1", "beta_2", "ema_momentum") and not 0 <= value < 1:
        raise ValueError(f"0 <= {name} < 1 must hold, got {value}")
    if name in ("epsilon", "epsilon_1", "epsilon_2", "clipnorm", "clipvalue", "global_clipnorm") and not value > 0:
        raise ValueError(f"{name} > 0 must hold, got {value}")
    if name == "weight_decay" and value < 0:
        raise ValueError(f"weight_decay >= 0 must hold, got {value}")
