"""Keras's optimizers from their specification."""

from __future__ import annotations

import keras

from foldwise.spec.optimizer import OPTIMIZERS, OptimizerSpec


def optimizer_for(spec: OptimizerSpec) -> keras.optimizers.Optimizer:
    """The optimizer, with its learning rate as a variable that can be set between epochs."""
    parameters = dict(spec.parameters)
    if "ema_momentum" in parameters:
        parameters["use_ema"] = True
    make = getattr(keras.optimizers, OPTIMIZERS[spec.kind][0])
    return make(learning_rate=float(spec.rate), **parameters)
