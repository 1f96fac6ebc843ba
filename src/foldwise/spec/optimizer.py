"""Keras's optimizers by name, with the parameters of each.

With this table a configuration is checked without importing Keras; a test compares it with the installed Keras.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foldwise.spec.base import BadKey

# kind -> (class name in keras.optimizers, default learning rate, its own parameters and their Keras defaults)
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
# The step of a weight depends on that weight alone, so folds can be stacked. lamb and adafactor use whole arrays.
ELEMENTWISE = frozenset(OPTIMIZERS) - {"lamb", "adafactor"}
COMMON: tuple[str, ...] = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "ema_momentum")

Kind = Literal[
    "sgd", "rmsprop", "adam", "adamw", "adagrad", "adadelta", "adamax", "nadam", "ftrl", "lion", "lamb", "adafactor"
]  # fmt: skip


class OptimizerSpec(BaseModel):
    """One of Keras's optimizers. Parameters that are left out take Keras's defaults, as does a learning rate of null.

    `ema_momentum` turns on Keras's exponential moving average of the weights.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    kind: Kind = "adam"
    learning_rate: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _parameters_known(self) -> OptimizerSpec:
        own = OPTIMIZERS[self.kind][2]
        for name, value in (self.model_extra or {}).items():
            if name not in own and name not in COMMON:
                others = [kind for kind, (_, _, parameters) in OPTIMIZERS.items() if name in parameters]
                rule = f"{self.kind} has no parameter {name}"
                if name == "decay":
                    raise BadKey(name, f"{rule}, {_of_older_keras(value)}")
                if others:
                    raise BadKey(name, f"{rule}; use an optimizer that has it: {', '.join(others)}")
                raise BadKey(name, rule, [*own, *COMMON, "learning_rate"])
            is_flag = isinstance(own.get(name), bool)
            if isinstance(value, bool) is not is_flag or not isinstance(value, int | float):
                raise BadKey(name, f"{name} must be {'true or false' if is_flag else 'a number'}, got {value!r}")
            if not math.isfinite(value):
                raise BadKey(name, f"{name} must be finite, got {value}")
            _check(name, value)
        if len({"clipnorm", "clipvalue", "global_clipnorm"} & set(self.model_extra or {})) > 1:
            raise ValueError("set only one of clipnorm, clipvalue and global_clipnorm")
        return self

    @property
    def rate(self) -> float:
        """The initial learning rate, lr0 of a schedule."""
        return OPTIMIZERS[self.kind][1] if self.learning_rate is None else self.learning_rate

    @property
    def is_elementwise(self) -> bool:
        """Whether each weight is updated independently, without averages of the weights."""
        return self.kind in ELEMENTWISE and "ema_momentum" not in self.parameters

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that are set, beside the learning rate."""
        return dict(self.model_extra or {})


def _of_older_keras(decay: Any) -> str:
    """What replaced `decay`: Keras 2 divided the rate by 1 + decay * steps, and a time-based schedule by 1 + decay * epochs."""
    number = isinstance(decay, int | float) and not isinstance(decay, bool)
    written = f"lr_schedule=time_based lr_schedule.decay={f'{decay:g}' if number else '...'}"
    rule = "decay is Keras's older notation and counts steps; the schedule counts epochs, so multiply by the steps of an epoch"
    return f"did you mean {written}? {rule}"


def _check(name: str, value: float) -> None:
    """Check the bounds that Keras does not check, or checks only at the first step."""
    if name in ("momentum", "rho", "beta_1", "beta_2", "ema_momentum") and not 0 <= value < 1:
        raise BadKey(name, f"0 <= {name} < 1 must hold, got {value}")
    if name in ("epsilon", "epsilon_1", "epsilon_2", "clipnorm", "clipvalue", "global_clipnorm") and not value > 0:
        raise BadKey(name, f"{name} > 0 must hold, got {value}")
    if name == "weight_decay" and value < 0:
        raise BadKey(name, f"weight_decay >= 0 must hold, got {value}")
