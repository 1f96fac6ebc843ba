"""The compiled half of the fused engine: some epochs of all folds, with their validation, as one TensorFlow function."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from foldwise.models.heads import Head
from foldwise.spec.optimizer import OptimizerSpec
from foldwise.training.fused.network import RuntimeParams, Shape, forward
from foldwise.training.fused.optimizers import Numbers, Rule, clip, rule_for
from foldwise.training.fused.rows import Rows
from foldwise.training.fused.weights import Packing, packing_of
from foldwise.training.losses import loss_for

Tensor = Any  # TensorFlow ships no types
MOST_PROGRAMS = 32  # compiled programs that are kept; each holds some MB


@dataclass(frozen=True)
class Key:
    """What a program is compiled for. Whatever is not in here is an input.

    numbers: the optimizer's parameters that are set.
    masked: whether a fold may stand still while others train.
    monitored: the curve by which weights are kept, or "" where the last ones are.
    sides: the widths from features to outputs, and sizes: of the arrays, where the program is compiled for them.
    """

    shape: Shape
    optimizer: str
    switches: frozenset[str]
    numbers: frozenset[str]
    penalised: bool
    masked: bool
    monitored: str
    compiled: bool
    sides: tuple[int, ...]
    sizes: tuple[Any, ...]


class State(NamedTuple):
    """All that epochs change, folds first.

    trained, moving: weights as fused_weights packs them, (folds, numbers) each. slots: of the optimizer, each like trained.
    steps: taken, floating, (folds,). active: which folds still train, (folds,). best, wait, best_epoch: as in
    early_stop.Patience, (folds,). kept: trained and moving weights of the best epoch.
    """

    trained: Tensor
    moving: Tensor
    slots: tuple[Tensor, ...]
    steps: Tensor
    active: Tensor
    best: Tensor
    wait: Tensor
    best_epoch: Tensor
    kept: tuple[Tensor, Tensor]


class Moved(NamedTuple):
    """What a step changes of the state."""

    trained: Tensor
    moving: Tensor
    slots: tuple[Tensor, ...]
    steps: Tensor


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
    """run: (state, training rows, validation rows or None, plan, dials, numbers) -> state, curves (epochs, curves, folds) and
    which folds ran, (epochs, folds). answer: (trained and moving weights, x, dials) -> outputs.
    """

    run: Callable[..., Any]
    answer: Callable[..., Any]


_programs: OrderedDict[Key, Program] = OrderedDict()


def program_for(key: Key, optimizer: OptimizerSpec) -> Program:
    """The program of a key, made now or kept from before; the least recently used one is given up for a new one."""
    if key not in _programs:
        while len(_programs) >= MOST_PROGRAMS:
            _programs.popitem(last=False)
        _programs[key] = _make(key, rule_for(optimizer))
    _programs.move_to_end(key)
    return _programs[key]


def _make(key: Key, rule: Rule) -> Program:
    shape, head = key.shape, key.shape.head
    losses = loss_for(head, per_row=True)

    def packing(runtime: RuntimeParams) -> Packing:
        return packing_of(shape, key.sides or tf.unstack(runtime.sides, shape.depth + 2))

    def penalty(weights: Sequence[Tensor], numbers: Numbers) -> Tensor:
        """L1 and L2 of each fold's kernels, (folds,)."""
        kernels = [weights[at] for at in shape.kernels()]
        return tf.add_n(
            [
                numbers["l1"] * tf.reduce_sum(tf.abs(kernel), axis=[1, 2])
                + numbers["l2"] * tf.reduce_sum(tf.square(kernel), axis=[1, 2])
                for kernel in kernels
            ]
        )

    def step(
        before: Moved, active: Tensor, rows: Rows, at: Tensor, real: Tensor, draws: list[Tensor], rates: Tensor,
        runtime: RuntimeParams, numbers: Numbers, pack: Packing,
    ) -> tuple[Moved, Tensor]:  # fmt: skip
        """One batch of every fold; what it changed, and loss, metric and rows summed, (3, folds)."""
        x, y = tf.gather(rows.x, at, batch_dims=1), tf.gather(rows.y, at, batch_dims=1)
        weights = pack.unpack(before.trained, before.moving)
        trained = pack.only_trained(weights)
        share = real if rows.weight is None else real * tf.gather(rows.weight, at, batch_dims=1)
        count = tf.reduce_sum(real, axis=1)
        mean_of = share / tf.expand_dims(tf.maximum(count, 1.0), 1)
        with tf.GradientTape() as tape:
            tape.watch(trained)
            outputs, after = forward(shape, weights, x, runtime, real, draws)
            parts = [losses(y, outputs), *([penalty(weights, numbers)] if key.penalised else [])]
        # the mean over a fold's rows goes in as the gradient of each row's loss, which spares the steps back through it
        gradients = tape.gradient(parts, trained, [mean_of, *map(tf.ones_like, parts[1:])])
        loss = tf.reduce_sum(parts[0] * share, axis=1) + (parts[1] * count if key.penalised else 0.0)
        gradient = pack.trained.pack(clip(gradients, numbers))
        moves = (count > 0) & active
        steps = before.steps + tf.cast(moves, before.steps.dtype)
        start = before.trained
        if "weight_decay" in key.numbers:
            start = start - start * numbers["cast weight_decay"] * rates
        new, slots = rule.step(gradient, start, before.slots, rates, tf.expand_dims(steps, 1), numbers)
        moved = Moved(new, pack.pack_moving(after) if shape.moves else before.moving, slots, steps)
        if key.masked:  # folds that do not move keep what they have
            moved = tf.nest.map_structure(
                partial(_chosen, moves), moved._replace(steps=()), before._replace(steps=())
            )._replace(steps=steps)
        return moved, tf.stack([loss, tf.reduce_sum(_metric(head, y, outputs) * real, axis=1), count])

    def validated(weights: Sequence[Tensor], valid: Rows, runtime: RuntimeParams, numbers: Numbers) -> list[Tensor]:
        """Loss and metric on the validation rows, (folds,) each."""
        outputs, _ = forward(shape, weights, valid.x, runtime)
        count = tf.reduce_sum(valid.real, axis=1)
        share = valid.real if valid.weight is None else valid.real * valid.weight
        loss = tf.reduce_sum(losses(valid.y, outputs) * share, axis=1) / count
        metric = tf.reduce_sum(_metric(head, valid.y, outputs) * valid.real, axis=1) / count
        return [loss + penalty(weights, numbers) if key.penalised else loss, metric]

    def epoch(
        state: State,
        rows: Rows,
        valid: Rows | None,
        plan: Plan,
        number: Tensor,
        runtime: RuntimeParams,
        numbers: Numbers,
        pack: Packing,
    ) -> tuple[State, Tensor]:
        """One epoch and its validation; the state, and the epoch's values (curves, folds)."""
        order, real, rates, *drawn = (tf.gather(part, number) for part in (plan.order, plan.real, plan.rates, *plan.draws))
        rates = tf.expand_dims(rates, 1)

        def batch(at: Tensor, so_far: tuple[Moved, Tensor]) -> tuple[Moved, Tensor]:
            before, sums = so_far
            here, there = tf.gather(order, at, axis=1), tf.gather(real, at, axis=1)
            draws = [tf.gather(draw, at) for draw in drawn]
            after, new = step(before, state.active, rows, here, there, draws, rates, runtime, numbers, pack)
            return after, sums + new

        start = Moved(state.trained, state.moving, state.slots, state.steps)
        nothing = tf.zeros([3, tf.shape(rates)[0]], rates.dtype)
        moved, sums = _repeated(tf.shape(order)[1], batch, (start, nothing))
        state = state._replace(**moved._asdict())
        values = [sums[0] / sums[2], sums[1] / sums[2]]
        if valid is not None:
            values += validated(pack.unpack(state.trained, state.moving), valid, runtime, numbers)
        finite = tf.reduce_all(tf.math.is_finite(tf.stack(values[::2])), axis=0)
        if key.monitored:
            state = _monitored(state, values[2 if key.monitored == "val_loss" and valid is not None else 0], plan, number)
        return state._replace(active=state.active & finite), tf.stack(values)

    def run(
        state: State, rows: Rows, valid: Rows | None, plan: Plan, runtime: RuntimeParams, numbers: Numbers
    ) -> tuple[State, Tensor, Tensor]:
        most, folds = tf.shape(plan.order)[0], tf.shape(plan.order)[1]
        curves = tf.zeros([most, 2 if valid is None else 4, folds], plan.rates.dtype)
        ran = tf.zeros([most, folds], tf.bool)
        pack = packing(runtime)

        def one(number: Tensor, so_far: tuple[State, Tensor, Tensor]) -> tuple[State, Tensor, Tensor]:
            before, curves, ran = so_far
            after, values = epoch(before, rows, valid, plan, number, runtime, numbers, pack)
            here = [[number]]
            curves = tf.tensor_scatter_nd_update(curves, here, [values])
            return after, curves, tf.tensor_scatter_nd_update(ran, here, [before.active])

        state, curves, ran = _repeated(plan.epochs, one, (state, curves, ran))
        return state, curves, ran

    def answer(weights: tuple[Tensor, Tensor], x: Tensor, runtime: RuntimeParams) -> Tensor:
        return forward(shape, packing(runtime).unpack(*weights), x, runtime)[0]

    if key.compiled:
        return Program(tf.function(run, jit_compile=True, autograph=False), _of_any_size(answer))
    return Program(_of_any_size(run), _of_any_size(answer))


def _of_any_size(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a graph, traced once, by the first call: for tensors of these ranks, whatever their sizes.

    AutoGraph, which would rewrite Python's loops and ifs, stays off: it takes most of a first trial's time.
    """
    traced: list[Any] = []

    def call(*arguments: Any) -> Any:
        if not traced:
            shapeless = tf.nest.map_structure(_shapeless, arguments)
            traced.append(tf.function(function, autograph=False).get_concrete_function(*shapeless))
        return traced[0](*arguments)

    return call


def _shapeless(value: Any) -> Any:
    return tf.TensorSpec([None] * len(value.shape), value.dtype) if tf.is_tensor(value) else value


def _repeated(times: Tensor, body: Callable[[Tensor, Any], Any], start: Any) -> Any:
    """`start` after `body(number, so far)` for each number below `times`."""
    first = tf.constant(0), start
    return tf.while_loop(lambda number, _: number < times, lambda number, so_far: (number + 1, body(number, so_far)), first)[1]


def _monitored(state: State, value: Tensor, plan: Plan, number: Tensor) -> State:
    """The state after a fold's patience has seen the value of this epoch: see early_stop.Patience."""
    better = state.active & (value < state.best - plan.min_delta)
    wait = tf.where(better, 0, state.wait + tf.cast(state.active, tf.int32))
    return state._replace(
        best=tf.where(better, value, state.best),
        best_epoch=tf.where(better, plan.before + number + 1, state.best_epoch),
        wait=wait,
        active=state.active & (wait < plan.patience),
        kept=tf.nest.map_structure(partial(_chosen, better), (state.trained, state.moving), state.kept),
    )


def _chosen(folds: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """The new values (folds, numbers) of these folds, the old ones of all others."""
    return tf.where(tf.expand_dims(folds, 1), new, old)


def _metric(head: Head, y: Tensor, outputs: Tensor) -> Tensor:
    """Right or wrong, or the absolute error, of each row, (folds, rows)."""
    if head.task == "regression":
        return tf.reduce_mean(tf.abs(y - outputs), axis=-1)
    if head.task == "multiclass":
        return tf.cast(tf.equal(tf.argmax(y, axis=-1), tf.argmax(outputs, axis=-1)), y.dtype)
    cut = tf.cast(0.0 if head.is_margin else 0.5, y.dtype)
    return tf.reduce_mean(tf.cast(tf.equal(y, tf.cast(outputs > cut, y.dtype)), y.dtype), axis=-1)
