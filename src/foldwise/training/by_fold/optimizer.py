"""Keras's optimizers from their specification."""

from __future__ import annotations

import keras

from foldwise.spec.optimizer import OPTIMIZERS, OptimizerSpec


def optimizer_for(spec: OptimizerSpec) -> keras.optimizers.Optimizer:
    """The optimizer, with its learning rate as a variable that can be set between epochs."""
    # Keras refuses a momentum of 0 that is not 0.0
    parameters = {name: value if isinstance(value, bool) else float(value) for name, value in spec.parameters.items()}
    if "ema_momentum" in parameters:
        parameters["use_ema"] = True
    make = getattr(keras.optimizers, OPTIMIZERS[spec.kind][0])
    return make(learning_rate=float(spec.rate), **parameters)
