"""Keras's elementwise optimizers as pure steps on stacked folds: one step count and one learning rate a fold.

Keras's own optimizers keep one step count for all their variables and bake their parameters into a program. Here both are
inputs, so folds can differ in length, and trials that differ only in numbers share a compiled program. A test compares every
rule with the installed Keras.

Sources: keras.optimizers 3.15 (formulas and order of operations); for the papers see its docstrings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from foldwise.spec.optimizer import OptimizerSpec
from foldwise.training.by_fold.optimizer import optimizer_for

Tensor = Any  # TensorFlow ships no types
Numbers = Mapping[str, Tensor]
Slots = tuple[Tensor, ...]
# (gradient, weight, slots, learning rate, step counted from 1, parameters) -> (new weight, new slots);
# the learning rate and the step have a value a fold and as many axes as the weight
Step = Callable[[Tensor, Tensor, Slots, Tensor, Tensor, Numbers], tuple[Tensor, Slots]]


@dataclass(frozen=True)
class Rule:
    """An optimizer: its step, and the first value of each slot, a number or the name of a parameter."""

    step: Step
    slots: tuple[float | str, ...]


def rule_for(spec: OptimizerSpec) -> Rule:
    """The rule of an elementwise optimizer."""
    switches = frozenset(name for name, value in spec.parameters.items() if value is True)
    return _RULES[spec.kind](switches)


def numbers_of(spec: OptimizerSpec) -> dict[str, float]:
    """An optimizer's parameters, with Keras's defaults.

    For each x also `1 - x`, computed in double precision, and `cast x`, rounded to single precision as Keras rounds it in
    some places; only training in double precision shows the difference.
    """
    return dict(_numbers_of(spec.model_copy(update={"learning_rate": None})))


@lru_cache(maxsize=64)
def _numbers_of(spec: OptimizerSpec) -> dict[str, float]:
    """As numbers_of, of an optimizer without a learning rate: to make Keras's takes 4 ms."""
    optimizer = optimizer_for(spec)
    found: dict[str, float] = {}
    for name in (*_NUMBERS, "weight_decay", "clipnorm", "global_clipnorm", "clipvalue"):
        value = getattr(optimizer, name, None)
        if value is not None:
            found[name] = float(value)
            found[f"1 - {name}"] = 1.0 - float(value)
            found[f"cast {name}"] = float(np.float32(value))
    return found


def clip(gradients: Sequence[Tensor], numbers: Numbers) -> list[Tensor]:
    """Clip gradients as Keras does, each fold by itself."""
    if "clipnorm" in numbers:
        return [g * numbers["clipnorm"] / tf.maximum(_norm([g], g), numbers["clipnorm"]) for g in gradients]
    if "global_clipnorm" in numbers:
        limit = numbers["global_clipnorm"]
        return [g * limit / tf.maximum(_norm(gradients, g), limit) for g in gradients]
    if "clipvalue" in numbers:
        return [tf.clip_by_value(g, -numbers["clipvalue"], numbers["clipvalue"]) for g in gradients]
    return list(gradients)


def _norm(parts: Sequence[Tensor], like: Tensor) -> Tensor:
    """The Euclidean norm over all parts of each fold, with as many axes as `like`."""
    squares = tf.add_n([tf.reduce_sum(tf.square(part), axis=list(range(1, len(part.shape)))) for part in parts])
    return tf.reshape(tf.sqrt(squares), [-1] + [1] * (len(like.shape) - 1))


def _sgd(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        (m,) = slots
        m = m * n["cast momentum"] - g * rate
        return (x + (m * n["cast momentum"] - g * rate) if "nesterov" in switches else x + m), (m,)

    return Rule(step, (0.0,))


def _rmsprop(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        v, m, mean = slots
        v = n["rho"] * v + n["1 - rho"] * tf.square(g)
        inside = v + n["epsilon"]
        if "centered" in switches:
            mean = n["rho"] * mean + n["1 - rho"] * g
            inside = v - tf.square(mean) + n["epsilon"]
        m = n["momentum"] * m + rate * g / tf.sqrt(inside)
        return x - m, (v, m, mean)

    return Rule(step, (0.0, 0.0, 0.0))


def _adam(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        m, v, *most = slots
        alpha = rate * tf.sqrt(1 - tf.pow(n["cast beta_2"], t)) / (1 - tf.pow(n["cast beta_1"], t))
        m = m + (g - m) * n["1 - beta_1"]
        v = v + (tf.square(g) - v) * n["1 - beta_2"]
        most = [tf.maximum(most[0], v)] if most else []
        return x - m * alpha / (tf.sqrt(most[0] if most else v) + n["epsilon"]), (m, v, *most)

    return Rule(step, (0.0,) * (3 if "amsgrad" in switches else 2))


def _adagrad(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        a = slots[0] + tf.square(g)
        return x - rate * g / tf.sqrt(a + n["epsilon"]), (a,)

    return Rule(step, ("initial_accumulator_value",))


def _adadelta(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        a, d = slots
        a = n["rho"] * a + n["1 - rho"] * tf.square(g)
        delta = -tf.sqrt(d + n["epsilon"]) * g / tf.sqrt(a + n["epsilon"])
        d = n["rho"] * d + n["1 - rho"] * tf.square(delta)
        return x + rate * delta, (a, d)

    return Rule(step, (0.0, 0.0))


def _adamax(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        m, u = slots
        m = m + (g - m) * n["1 - beta_1"]
        u = tf.maximum(n["beta_2"] * u, tf.abs(g))
        return x - rate * m / ((1 - tf.pow(n["cast beta_1"], t)) * (u + n["epsilon"])), (m, u)

    return Rule(step, (0.0, 0.0))


def _nadam(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        m, v, product = slots  # the product is the same for all weights of a fold
        decay = tf.cast(tf.constant(0.96, tf.float32), t.dtype)
        now = n["cast beta_1"] * (1.0 - 0.5 * tf.pow(decay, t))
        soon = n["cast beta_1"] * (1.0 - 0.5 * tf.pow(decay, t + 1))
        product = product * now
        m = m + (g - m) * (1 - n["cast beta_1"])
        v = v + (tf.square(g) - v) * (1 - n["cast beta_2"])
        ahead = soon * m / (1 - product * soon) + (1 - now) * g / (1 - product)
        return x - ahead * rate / (tf.sqrt(v / (1 - tf.pow(n["cast beta_2"], t))) + n["epsilon"]), (m, v, product)

    return Rule(step, (0.0, 0.0, 1.0))


def _ftrl(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        a, linear = slots
        power = -n["learning_rate_power"]
        l1, l2 = n["l1_regularization_strength"], n["l2_regularization_strength"] + n["beta"] / (2.0 * rate)
        new = a + tf.square(g)
        shrunk = g + 2 * n["l2_shrinkage_regularization_strength"] * x
        linear = linear + shrunk - (tf.pow(new, power) - tf.pow(a, power)) / rate * x
        quadratic = tf.pow(new, power) / rate + 2 * l2
        return (tf.clip_by_value(linear, -l1, l1) - linear) / quadratic, (new, linear)

    return Rule(step, ("initial_accumulator_value", 0.0))


def _lion(switches: frozenset[str]) -> Rule:
    def step(g: Tensor, x: Tensor, slots: Slots, rate: Tensor, t: Tensor, n: Numbers) -> tuple[Tensor, Slots]:
        (m,) = slots
        x = x - rate * tf.sign(m * n["cast beta_1"] + g * (1.0 - n["cast beta_1"]))
        return x, (m * n["cast beta_2"] + g * (1.0 - n["cast beta_2"]),)

    return Rule(step, (0.0,))


_RULES: dict[str, Callable[[frozenset[str]], Rule]] = {
    "sgd": _sgd,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adam,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "adamax": _adamax,
    "nadam": _nadam,
    "ftrl": _ftrl,
    "lion": _lion,
}
_NUMBERS = (
    "momentum", "rho", "epsilon", "beta_1", "beta_2", "initial_accumulator_value", "learning_rate_power",
    "l1_regularization_strength", "l2_regularization_strength", "l2_shrinkage_regularization_strength", "beta",
)  # fmt: skip
