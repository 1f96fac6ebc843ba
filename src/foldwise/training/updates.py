"""The update rules of the usual optimizers, written out as a lecture writes them, in double precision.

An engine's own steps are in `fused/optimizers.py` and in Keras; these are only for showing what a step did.

Source: keras.optimizers 3.15.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.spec.optimizer import COMMON, OPTIMIZERS, OptimizerSpec

Floats = npt.NDArray[np.float64]


def settings(optimizer: OptimizerSpec) -> dict[str, Any]:
    """The parameters of an optimizer, those that are left out with Keras's defaults."""
    return {**OPTIMIZERS[optimizer.kind][2], **optimizer.parameters}


def is_written_out(optimizer: OptimizerSpec) -> bool:
    """Whether `updated` knows the optimizer with these parameters."""
    given = settings(optimizer)
    plain = not set(COMMON) & set(given) and not given.get("amsgrad") and not given.get("centered")
    return plain and (optimizer.kind in ("sgd", "adam") or (optimizer.kind == "rmsprop" and not given["momentum"]))


def updated(
    optimizer: OptimizerSpec, weight: Floats, gradient: Floats, slots: Mapping[str, Floats], rate: float, step: int
) -> Floats:
    """The weight after a step.

    Args:
        optimizer: one that is written out.
        weight: before the step.
        gradient: of the cost by the weight.
        slots: what the optimizer remembers from the steps before.
        rate: the learning rate.
        step: counted from 1.
    """
    given: dict[str, float] = settings(optimizer)
    if optimizer.kind == "rmsprop":
        squares = given["rho"] * slots["velocity"] + (1 - given["rho"]) * gradient**2
        change: Floats = -rate * gradient / np.sqrt(squares + given["epsilon"])
    elif optimizer.kind == "adam":
        one, two = given["beta_1"], given["beta_2"]
        mean = one * slots["momentum"] + (1 - one) * gradient
        squares = two * slots["velocity"] + (1 - two) * gradient**2
        alpha = rate * math.sqrt(1 - two**step) / (1 - one**step)
        change = -alpha * mean / (np.sqrt(squares) + given["epsilon"])
    elif given["momentum"]:
        velocity = given["momentum"] * slots["momentum"] - rate * gradient
        change = given["momentum"] * velocity - rate * gradient if given["nesterov"] else velocity
    else:
        change = -rate * gradient
    return weight + change
