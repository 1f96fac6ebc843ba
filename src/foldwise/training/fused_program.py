"""The compiled half of the fused engine: some epochs of all folds, with their validation, as one TensorFlow function."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from foldwise.models.heads import Head
from foldwise.optimizers import OptimizerSpec
from foldwise.training.fused_network import Dials, Shape, forward
from foldwise.training.fused_optimizers import Numbers, Rule, clip, rule_for
from foldwise.training.losses import loss_for

Tensor = Any  # TensorFlow ships no types
MOST_PROGRAMS = 32  # compiled programs that are kept; each holds some MB


@dataclass(frozen=True)
class Key:
    """What a program is compiled for. Whatever is not in here is an input.

    numbers: the optimizer's parameters that are set.
    gated: whether a fold may stand still while others train.
    watched: the curve by which weights are kept, or "" where the last ones are.
    sizes: of the arrays, where the program is compiled for them.
    """

    shape: Shape
    optimizer: str
    switches: frozenset[str]
    numbers: frozenset[str]
    penalised: bool
    gated: bool
    watched: str
    compiled: bool
    sizes: tuple[Any, ...]


class Rows(NamedTuple):
    """Rows of all folds: x (folds, rows, features), y (folds, rows, outputs), weight (folds, rows) or None, and real
    (folds, rows), 1 where a row is none of padding; None for training rows, whose order says so.
    """

    x: Tensor
    y: Tensor
    weight: Tensor | None
    real: Tensor | None


class State(NamedTuple):
    """All that epochs change. Weights are in Keras's order and slots stand for each trained one, folds first.

    steps: taken, floating, (folds,). active: which folds still train, (folds,). best, wait, best_epoch, kept: as in
    early_stop.Patience, (folds,), and the weights of the best epoch.
    """

    weights: list[Tensor]
    slots: list[tuple[Tensor, ...]]
    steps: Tensor
    active: Tensor
    best: Tensor
    wait: Tensor
    best_epoch: Tensor
    kept: list[Tensor]


class Plan(NamedTuple):
    """What some epochs do: order (epochs, folds, steps, batch) of row positions, real of the same shape, 0 where it pads;
    draws (epochs, steps, folds or 1, batch, width) a random layer; rates (epochs, folds); how many of these epochs to run
    and how many were run before; patience and min_delta.
    """

    order: Tensor
    real: Tensor
    draws: list[Tensor]
    rates: Tensor
    epochs: Tensor
    before: Tensor
    patience: Tensor
    min_delta: Tensor


@dataclass(frozen=True)
class Program:
    """run: (state, training rows, validation rows or None, plan, dials, numbers) -> state, curves and which folds ran, each
    (epochs, folds). answer: (weights, x, dials) -> outputs.
    """

    run: Callable[..., Any]
    answer: Callable[..., Any]


_programs: OrderedDict[Key, Program] = OrderedDict()


def program_for(key: Key, optimizer: OptimizerSpec) -> Program:
    """The program of a key, made now or kept from before; the least recently used one is given up for a new one."""
    if key not in _programs:
        while len(_programs) >= MOST_PROGRAMS:
            _programs.popitem(last=False)
        rule = rule_for(optimizer)
        assert rule is not None  # the engine asked before
        _programs[key] = _make(key, rule)
    _programs.move_to_end(key)
    return _programs[key]


def _make(key: Key, rule: Rule) -> Program:
    shape, head = key.shape, key.shape.head
    losses = loss_for(head, per_row=True)

    def penalty(weights: Sequence[Tensor], numbers: Numbers) -> Tensor:
        """L1 and L2 of each fold's kernels, (folds,)."""
        if not key.penalised:
            return tf.zeros_like(weights[-1][:, 0])
        kernels = [weights[at] for at in shape.kernels()]
        return tf.add_n(
            [
                numbers["l1"] * tf.reduce_sum(tf.abs(kernel), axis=[1, 2])
                + numbers["l2"] * tf.reduce_sum(tf.square(kernel), axis=[1, 2])
                for kernel in kernels
            ]
        )

    def summed(outputs: Tensor, y: Tensor, weight: Tensor | None, real: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Each fold's loss and metric, summed over its real rows, and how many these are, (folds,) each."""
        loss = losses(y, outputs) * real
        if weight is not None:
            loss = loss * weight
        metric = _metric(head, y, outputs) * real
        return tf.reduce_sum(loss, axis=1), tf.reduce_sum(metric, axis=1), tf.reduce_sum(real, axis=1)

    def step(
        state: State, rows: Rows, at: Tensor, real: Tensor, draws: list[Tensor], rates: Tensor, dials: Dials, numbers: Numbers
    ) -> tuple[State, tuple[Tensor, Tensor, Tensor]]:
        """One batch of every fold."""
        x, y = tf.gather(rows.x, at, batch_dims=1), tf.gather(rows.y, at, batch_dims=1)
        weight = None if rows.weight is None else tf.gather(rows.weight, at, batch_dims=1)
        trained = _only_trained(shape, state.weights)
        with tf.GradientTape() as tape:
            tape.watch(trained)
            outputs, after = forward(shape, state.weights, x, dials, real, draws)
            loss, metric, count = summed(outputs, y, weight, real)
            mean = loss / tf.maximum(count, 1.0) + penalty(state.weights, numbers)
        gradients = clip(tape.gradient(mean, trained), numbers)
        moves = (count > 0) & state.active
        steps = state.steps + tf.cast(moves, state.steps.dtype)
        weights, slots = _stepped(key, rule, state, after, gradients, rates, steps, moves, numbers)
        return state._replace(weights=weights, slots=slots, steps=steps), (mean * count, metric, count)

    def epoch(
        state: State, rows: Rows, valid: Rows | None, plan: Plan, number: Tensor, dials: Dials, numbers: Numbers
    ) -> tuple[State, Tensor]:
        """One epoch and its validation; the state, and the epoch's values (curves, folds)."""
        order, real, rates = plan.order[number], plan.real[number], plan.rates[number]
        drawn = [draw[number] for draw in plan.draws]
        sums = tuple(tf.zeros_like(rates) for _ in range(3))
        for at in tf.range(tf.shape(order)[1]):
            draws = [draw[at] for draw in drawn]
            state, new = step(state, rows, order[:, at], real[:, at], draws, rates, dials, numbers)
            sums = tuple(total + part for total, part in zip(sums, new, strict=True))
        loss, metric = sums[0] / sums[2], sums[1] / sums[2]
        values = [loss, metric]
        if valid is not None:
            outputs, _ = forward(shape, state.weights, valid.x, dials)
            total, right, count = summed(outputs, valid.y, valid.weight, valid.real)
            values += [total / count + penalty(state.weights, numbers), right / count]
        finite = tf.reduce_all(tf.math.is_finite(tf.stack(values[::2])), axis=0)
        if key.watched:
            state = _watched(state, values[2 if key.watched == "val_loss" and valid is not None else 0], plan, number)
        return state._replace(active=state.active & finite), tf.stack(values)

    def run(
        state: State, rows: Rows, valid: Rows | None, plan: Plan, dials: Dials, numbers: Numbers
    ) -> tuple[State, Tensor, Tensor]:
        most, folds = tf.shape(plan.order)[0], tf.shape(plan.order)[1]
        curves = tf.zeros([most, 2 if valid is None else 4, folds], plan.rates.dtype)
        ran = tf.zeros([most, folds], tf.bool)
        for number in tf.range(plan.epochs):
            here = [[number]]
            ran = tf.tensor_scatter_nd_update(ran, here, [state.active])
            state, values = epoch(state, rows, valid, plan, number, dials, numbers)
            curves = tf.tensor_scatter_nd_update(curves, here, [values])
        return state, curves, ran

    def answer(weights: list[Tensor], x: Tensor, dials: Dials) -> Tensor:
        return forward(shape, weights, x, dials)[0]

    return Program(
        tf.function(run, jit_compile=key.compiled, reduce_retracing=not key.compiled),
        tf.function(answer, reduce_retracing=True),
    )


def _watched(state: State, value: Tensor, plan: Plan, number: Tensor) -> State:
    """The state after a fold's patience has seen the value of this epoch: see early_stop.Patience."""
    better = state.active & (value < state.best - plan.min_delta)
    wait = tf.where(better, 0, state.wait + tf.cast(state.active, tf.int32))
    return state._replace(
        best=tf.where(better, value, state.best),
        best_epoch=tf.where(better, plan.before + number + 1, state.best_epoch),
        wait=wait,
        active=state.active & (wait < plan.patience),
        kept=[tf.where(_beside(better, new), new, old) for new, old in zip(state.weights, state.kept, strict=True)],
    )


def _stepped(
    key: Key,
    rule: Rule,
    state: State,
    after: list[Tensor],
    gradients: Sequence[Tensor],
    rates: Tensor,
    steps: Tensor,
    moves: Tensor,
    numbers: Numbers,
) -> tuple[list[Tensor], list[tuple[Tensor, ...]]]:
    """Weights and slots after a step; folds that do not move keep theirs."""

    def gated(new: Tensor, old: Tensor) -> Tensor:
        return tf.where(_beside(moves, old), new, old) if key.gated else new

    weights: list[Tensor] = []
    slots: list[tuple[Tensor, ...]] = []
    for old, moved, is_trained in zip(state.weights, after, key.shape.trainable(), strict=True):
        if not is_trained:
            weights.append(gated(moved, old))
            continue
        place = len(slots)
        rate, count = _beside(rates, old), _beside(steps, old)
        start = old - old * numbers["cast weight_decay"] * rate if "weight_decay" in key.numbers else old
        new, own = rule.step(gradients[place], start, state.slots[place], rate, count, numbers)
        weights.append(gated(new, old))
        slots.append(tuple(gated(a, b) for a, b in zip(own, state.slots[place], strict=True)))
    return weights, slots


def _only_trained(shape: Shape, weights: Sequence[Tensor]) -> list[Tensor]:
    return [weight for weight, is_trained in zip(weights, shape.trainable(), strict=True) if is_trained]


def _beside(values: Tensor, like: Tensor) -> Tensor:
    """A value a fold (folds,), with as many axes as `like`."""
    return tf.reshape(values, [-1] + [1] * (len(like.shape) - 1))


def _metric(head: Head, y: Tensor, outputs: Tensor) -> Tensor:
    """Right or wrong, or the absolute error, of each row, (folds, rows)."""
    if head.task == "regression":
        return tf.reduce_mean(tf.abs(y - outputs), axis=-1)
    if head.task == "multiclass":
        return tf.cast(tf.equal(tf.argmax(y, axis=-1), tf.argmax(outputs, axis=-1)), y.dtype)
    cut = tf.cast(0.0 if head.is_margin else 0.5, y.dtype)
    return tf.reduce_mean(tf.cast(tf.equal(y, tf.cast(outputs > cut, y.dtype)), y.dtype), axis=-1)
