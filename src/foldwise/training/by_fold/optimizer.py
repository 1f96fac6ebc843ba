"""Keras's optimizers from their specification, with a learning rate and a weight decay of their own for kinds of weights."""

from __future__ import annotations

from typing import Any

import keras

from foldwise.models.mlp_weights import group_of
from foldwise.spec.fit import FitSpec, RateFactors
from foldwise.spec.optimizer import OPTIMIZERS, OptimizerSpec
from foldwise.training.by_fold.share import Share


def optimizer_for(spec: OptimizerSpec, kind: type[keras.optimizers.Optimizer] | None = None) -> keras.optimizers.Optimizer:
    """The optimizer, with its learning rate as a variable that can be set between epochs. kind: a subclass of its own."""
    # Keras refuses a momentum of 0 that is not 0.0
    parameters = {name: value if isinstance(value, bool) else float(value) for name, value in spec.parameters.items()}
    if "ema_momentum" in parameters:
        parameters["use_ema"] = True
    return (kind or _class_of(spec))(learning_rate=float(spec.rate), **parameters)


def fit_optimizer(fit: FitSpec, share: Share) -> keras.optimizers.Optimizer:
    """The optimizer of a training. share: of weight decay, set between epochs, where a schedule gives it."""
    factors = fit.rate_factors != RateFactors()
    if not factors and fit.weight_decay_on == "all" and fit.weight_decay_schedule == "constant":
        return optimizer_for(fit.optimizer)
    optimizer = optimizer_for(fit.optimizer, _by_weight(_class_of(fit.optimizer)))
    optimizer.rate_factors, optimizer.decays_biases = fit.rate_factors, fit.weight_decay_on == "all"
    optimizer.share = share.variable() if fit.weight_decay_schedule != "constant" else None
    return optimizer


def _class_of(spec: OptimizerSpec) -> type[keras.optimizers.Optimizer]:
    found: type[keras.optimizers.Optimizer] = getattr(keras.optimizers, OPTIMIZERS[spec.kind][0])
    return found


def _by_weight(kind: type[Any]) -> type[Any]:
    """An optimizer whose learning rate and weight decay differ by kind of weight; Keras has one of each for all."""

    class ByWeight(kind):  # type: ignore[misc]  # Keras ships no types
        rate_factors: RateFactors
        decays_biases: bool
        share: keras.Variable | None

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            super().update_step(gradient, variable, learning_rate * self._factor(variable))

        def _apply_weight_decay(self, variables: Any) -> None:
            if self.weight_decay is None:
                return
            for variable in variables:
                if self.decays_biases or self._group(variable) != "bias":
                    rate = keras.ops.cast(self.learning_rate, variable.dtype) * self._factor(variable)
                    decay = keras.ops.cast(self.weight_decay, variable.dtype) * (1.0 if self.share is None else self.share)
                    variable.assign(variable - variable * decay * rate)

        def _factor(self, variable: Any) -> float:
            group = self._group(variable)
            return getattr(self.rate_factors, group) if group else 1.0

        def _group(self, variable: Any) -> str:
            path = self._trainable_variables[self._get_variable_index(variable)].path
            return group_of(*path.split("/")[-2:])

    return ByWeight
