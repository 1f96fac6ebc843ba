"""The compiled half of the fused engine: some epochs of all folds, with their validation, as one TensorFlow function."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

import tensorflow as tf

from foldwise.spec.optimizer import OptimizerSpec
from foldwise.training.fused.network import RuntimeParams, Shape, answers
from foldwise.training.fused.optimizers import Numbers, Rule, rule_for
from foldwise.training.fused.rows import Rows
from foldwise.training.fused.step import Batch, Learner, Setup, step, validate, where
from foldwise.training.fused.traced import traced, words_of
from foldwise.training.fused.weights import Packing, packing_of
from foldwise.training.losses import loss_for

Tensor = Any  # TensorFlow ships no types
MOST_PROGRAMS = 32  # compiled programs that are kept; each holds some MB


@dataclass(frozen=True)
class Key:
    """What a program is compiled for. Everything else is an input.

    numbers: the optimizer's parameters that are set.
    masked: whether a fold may pause while others train.
    monitored: the curve whose best epoch gives the kept weights, or "" to keep the last ones.
    more: whether more of it is better. last: whether the last of equally good epochs is the best one.
    decay_schedule: whether weight decay follows a schedule.
    sides: the network's sizes as Shape.sides takes them, and sizes: of the arrays, where the program is compiled for them.
    """

    shape: Shape
    optimizer: str
    switches: frozenset[str]
    numbers: frozenset[str]
    masked: bool
    monitored: str
    more: bool
    last: bool
    compiled: bool
    decay_schedule: bool
    sides: tuple[int, ...]
    sizes: tuple[Any, ...]


class State(NamedTuple):
    """Everything that epochs change, folds first.

    active: which folds still train, (folds,). best, wait, best_epoch: as in early_stop.Patience, (folds,).
    kept: trained and moving weights of the best epoch.
    """

    learner: Learner
    active: Tensor
    best: Tensor
    wait: Tensor
    best_epoch: Tensor
    kept: tuple[Tensor, Tensor]


class Inputs(NamedTuple):
    """What a trial's calls read: training rows, validation rows or None, the numbers of network and optimizer."""

    train: Rows
    valid: Rows | None
    runtime: RuntimeParams
    numbers: Numbers


class Plan(NamedTuple):
    """The epochs of one call: order (epochs, folds, steps, batch) of row positions, real of the same shape, 0 for padding;
    draws (epochs, steps, folds or 1, batch, width) of each random layer; rates (epochs, folds); the shares of dropout and
    weight decay, (epochs,); how many of these epochs to run and how many ran before; patience, and min_delta, one or (folds,).
    """

    order: Tensor
    real: Tensor
    draws: list[Tensor]
    rates: Tensor
    shares: Tensor
    epochs: Tensor
    before: Tensor
    patience: Tensor
    min_delta: Tensor


@dataclass(frozen=True)
class Program:
    """run: (state, plan, inputs) -> state, curves (epochs, curves, folds) and which folds ran, (epochs, folds).
    answer: (trained and moving weights, x, runtime) -> outputs.
    """

    run: Callable[..., Any]
    answer: Callable[..., Any]


_programs: OrderedDict[Key, Program] = OrderedDict()
_lock = Lock()  # of the line above: trials may train in several threads


def program_for(key: Key, optimizer: OptimizerSpec) -> Program:
    """The program of a key, made once; a new one replaces the least recently used when there are too many."""
    with _lock:
        if key not in _programs:
            while len(_programs) >= MOST_PROGRAMS:
                _programs.popitem(last=False)
            run, answer = partial(_run, key, rule_for(optimizer)), partial(_answer, key)
            _programs[key] = Program(
                run=traced(run, f"run {words_of(key)}", lambda state, *_: (state, 0, 0), compiled=key.compiled),
                answer=traced(answer, f"answer {words_of(key)}", lambda *_: 0, compiled=False),
            )
        _programs.move_to_end(key)
        return _programs[key]


def _run(key: Key, rule: Rule, state: State, plan: Plan, inputs: Inputs) -> tuple[State, Tensor, Tensor]:
    """Train the planned epochs: see Program.run."""
    most, folds = tf.shape(plan.order)[0], tf.shape(plan.order)[1]
    curves = tf.zeros([most, 2 if inputs.valid is None else 4, folds], plan.rates.dtype)
    ran = tf.zeros([most, folds], tf.bool)
    setup = Setup(
        shape=key.shape,
        packing=_packing(key, inputs.runtime),
        loss=loss_for(key.shape.head, per_row=True),
        rule=rule,
        masked=key.masked,
        decay_schedule=key.decay_schedule,
        runtime=inputs.runtime,
        numbers=inputs.numbers,
    )

    def one(number: Tensor, so_far: tuple[State, Tensor, Tensor]) -> tuple[State, Tensor, Tensor]:
        before, curves, ran = so_far
        after, values = _train_epoch(setup, before, plan, number, inputs.train)
        if inputs.valid is not None:
            values += validate(setup, after.learner, inputs.valid)
        finite = tf.reduce_all(tf.math.is_finite(tf.stack(values[::2])), axis=0)
        if key.monitored:
            after = _monitor(key, after, _monitored(key, values), plan, number)
        after = after._replace(active=after.active & finite)
        curves = tf.tensor_scatter_nd_update(curves, [[number]], [tf.stack(values)])
        return after, curves, tf.tensor_scatter_nd_update(ran, [[number]], [before.active])

    state, curves, ran = _repeat(plan.epochs, one, (state, curves, ran))
    return state, curves, ran


def _answer(key: Key, weights: tuple[Tensor, Tensor], x: Tensor, runtime: RuntimeParams) -> Tensor:
    """The network's outputs: see Program.answer."""
    packing = _packing(key, runtime)
    return answers(key.shape, packing.unpack(*weights), x, runtime, packing.sides)


def _packing(key: Key, runtime: RuntimeParams) -> Packing:
    return packing_of(key.shape, key.shape.sides(key.sides or tf.unstack(runtime.sides, key.shape.sizes)))


def _train_epoch(setup: Setup, state: State, plan: Plan, number: Tensor, rows: Rows) -> tuple[State, list[Tensor]]:
    """Take one epoch's steps; also return the mean loss and metric, (folds,) each."""
    parts = (plan.order, plan.real, plan.rates, plan.shares, *plan.draws)
    order, real, rates, share, *drawn = (tf.gather(part, number) for part in parts)
    rates = tf.expand_dims(rates, 1)

    def one(at: Tensor, so_far: tuple[Learner, Tensor]) -> tuple[Learner, Tensor]:
        before, sums = so_far
        chosen = tf.gather(order, at, axis=1)
        x, y, weight = (None if part is None else tf.gather(part, chosen, batch_dims=1) for part in rows[:3])
        batch = Batch(x, y, weight, tf.gather(real, at, axis=1), [tf.gather(draw, at) for draw in drawn], rates, share)
        after, new = step(setup, before, state.active, batch)
        return after, sums + new

    nothing = tf.zeros([3, tf.shape(rates)[0]], rates.dtype)
    learner, sums = _repeat(tf.shape(order)[1], one, (state.learner, nothing))
    return state._replace(learner=learner), [sums[0] / sums[2], sums[1] / sums[2]]


def _monitored(key: Key, values: list[Tensor]) -> Tensor:
    """The monitored value, (folds,), as one of which less is better.

    values: loss and metric of training, then those of validation, if there are validation rows.
    """
    name = key.monitored.removeprefix("val_")
    first = 2 if key.monitored != name and len(values) > 2 else 0
    value = values[first if name == "loss" else first + 1]
    return -value if key.more else value


def _monitor(key: Key, state: State, value: Tensor, plan: Plan, number: Tensor) -> State:
    """The state after each fold's patience has seen this epoch's value (folds,): see early_stop.Patience."""
    least = state.best - plan.min_delta
    better = state.active & (value <= least if key.last else value < least)
    wait = tf.where(better, 0, state.wait + tf.cast(state.active, tf.int32))
    return state._replace(
        best=tf.where(better, value, state.best),
        best_epoch=tf.where(better, plan.before + number + 1, state.best_epoch),
        wait=wait,
        active=state.active & (wait < plan.patience),
        kept=where(better, (state.learner.trained, state.learner.moving), state.kept),
    )


def _repeat(times: Tensor, body: Callable[[Tensor, Any], Any], start: Any) -> Any:
    """`start` after `body(number, so far)` for each number below `times`."""
    first = tf.constant(0), start
    return tf.while_loop(lambda number, _: number < times, lambda number, so_far: (number + 1, body(number, so_far)), first)[1]
