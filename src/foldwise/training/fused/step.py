"""One training step of all folds at once, and their validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from foldwise.spec.goal import NUMBERS
from foldwise.training.fused.constraints import constrained
from foldwise.training.fused.network import RuntimeParams, Shape, answer_of, forward, in_blocks
from foldwise.training.fused.optimizers import Numbers, Rule, clip
from foldwise.training.fused.rows import Rows
from foldwise.training.fused.weights import Packing

Tensor = Any  # TensorFlow ships no types


@dataclass(frozen=True)
class Setup:
    """What all steps share.

    loss: (targets, outputs) -> the loss of each row, (folds, rows). masked: whether a fold may pause while others train.
    decay_schedule: whether weight decay follows the share of each batch.
    """

    shape: Shape
    packing: Packing
    loss: Callable[[Tensor, Tensor], Tensor]
    rule: Rule
    masked: bool
    decay_schedule: bool
    runtime: RuntimeParams
    numbers: Numbers


class Learner(NamedTuple):
    """What a step changes, folds first: trained and moving weights as Packing packs them, (folds, numbers) each; the
    optimizer's slots, each like trained; the steps taken, floating, (folds,).
    """

    trained: Tensor
    moving: Tensor
    slots: tuple[Tensor, ...]
    steps: Tensor


class Batch(NamedTuple):
    """The rows of a step: x (folds, batch, features), y (folds, batch, outputs), weight (folds, batch) or None, real
    (folds, batch), 0 for padding; draws (folds or 1, batch, width) of each random layer; learning rates (folds, 1); the share
    of dropout and weight decay that a schedule has left.
    """

    x: Tensor
    y: Tensor
    weight: Tensor | None
    real: Tensor
    draws: list[Tensor]
    rates: Tensor
    share: Tensor


def step(setup: Setup, before: Learner, active: Tensor, batch: Batch) -> tuple[Learner, Tensor]:
    """Train every active fold (folds,) on its batch; also return the sums of loss, metric and rows, (3, folds)."""
    count = tf.reduce_sum(batch.real, axis=1)
    gradient, moving, sums = _differentiate(setup, before, batch, count)
    moves = (count > 0) & active
    steps = before.steps + tf.cast(moves, before.steps.dtype)
    trained, slots = _update(setup, before, gradient, batch, steps)
    after = Learner(trained, moving, slots, steps)
    if setup.masked:
        after = where(moves, after._replace(steps=()), before._replace(steps=()))._replace(steps=steps)
    return after, tf.stack([*sums, count])


def validate(setup: Setup, learner: Learner, valid: Rows) -> list[Tensor]:
    """Loss and metric on the validation rows, (folds,) each."""
    weights = setup.packing.unpack(learner.trained, learner.moving)
    if setup.shape.in_blocks:
        return _validate_in_blocks(setup, weights, valid)
    hidden: list[Tensor] = []
    outputs, _ = forward(setup.shape, weights, valid.x, setup.runtime, hidden=hidden, sides=setup.packing.sides)
    count = tf.reduce_sum(valid.real, axis=1)
    share = valid.real if valid.weight is None else valid.real * valid.weight
    loss = tf.reduce_sum(_loss(setup, valid.y, outputs) * share, axis=1) / count
    metric = tf.reduce_sum(_metric(setup.shape, valid.y, outputs) * valid.real, axis=1) / count
    return [loss + _penalty(setup, weights, hidden, valid.real, count) if setup.shape.adds else loss, metric]


def _validate_in_blocks(setup: Setup, weights: Sequence[Tensor], valid: Rows) -> list[Tensor]:
    """Loss and metric on the validation rows, without the whole of an embedding at once."""
    share = valid.real if valid.weight is None else valid.real * valid.weight

    def of_block(parts: tuple[Tensor, ...]) -> Tensor:
        x, y, real, by = parts
        outputs, _ = forward(setup.shape, weights, x, setup.runtime, sides=setup.packing.sides)
        loss, metric = _loss(setup, y, outputs) * by, _metric(setup.shape, y, outputs) * real
        return tf.stack([tf.reduce_sum(loss, axis=1), tf.reduce_sum(metric, axis=1)])

    blocks = tuple(in_blocks(part) for part in (valid.x, valid.y, valid.real, share))
    sums = tf.reduce_sum(tf.map_fn(of_block, blocks, fn_output_signature=valid.x.dtype, parallel_iterations=1), axis=0)
    count = tf.reduce_sum(valid.real, axis=1)
    loss, metric = sums[0] / count, sums[1] / count
    return [loss + _penalty(setup, weights, [], valid.real, count) if setup.shape.adds else loss, metric]


def where(folds: Tensor, new: Any, old: Any) -> Any:
    """The new values (folds, numbers) of these folds, the old ones of all others."""
    chosen = tf.expand_dims(folds, 1)
    return tf.nest.map_structure(lambda one, other: tf.where(chosen, one, other), new, old)


def _differentiate(setup: Setup, before: Learner, batch: Batch, count: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    """The clipped gradient of the trained weights, the moving ones after this batch, and the sums of loss and metric."""
    shape, packing = setup.shape, setup.packing
    weights = packing.unpack(before.trained, before.moving)
    trained = packing.only_trained(weights)
    share = batch.real if batch.weight is None else batch.real * batch.weight
    mean_of = share / tf.expand_dims(tf.maximum(count, 1.0), 1)
    with tf.GradientTape() as tape:
        tape.watch(trained)
        hidden: list[Tensor] = []
        runtime = _scheduled(setup.runtime, batch.share) if shape.dropout_schedule else setup.runtime
        outputs, after = forward(shape, weights, batch.x, runtime, batch.real, batch.draws, hidden, sides=packing.sides)
        parts = [_loss(setup, batch.y, outputs)]
        if shape.adds:
            parts.append(_penalty(setup, weights, hidden, batch.real, count))
    # the mean over a fold's rows goes in as the gradient of each row's loss, which spares the steps back through it
    gradients = tape.gradient(parts, trained, [mean_of, *map(tf.ones_like, parts[1:])])
    loss = tf.reduce_sum(parts[0] * share, axis=1) + (parts[1] * count if shape.adds else 0.0)
    metric = tf.reduce_sum(_metric(shape, batch.y, outputs) * batch.real, axis=1)
    moving = packing.pack_moving(after) if shape.moves else before.moving
    return packing.trained.pack(clip(gradients, setup.numbers)), moving, [loss, metric]


def _update(setup: Setup, before: Learner, gradient: Tensor, batch: Batch, steps: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Trained weights and slots after the optimizer's step."""
    start, numbers, rates = before.trained, setup.numbers, batch.rates
    if "rate_factors" in numbers:
        rates = rates * numbers["rate_factors"]
    if "weight_decay" in numbers:
        decay = numbers["cast weight_decay"] * rates
        decay = decay * batch.share if setup.decay_schedule else decay
        start = start - start * (decay * numbers["decays"] if "decays" in numbers else decay)
    trained, slots = setup.rule.step(gradient, start, before.slots, rates, tf.expand_dims(steps, 1), numbers)
    return constrained(setup.shape, setup.packing, trained, numbers), slots


def _scheduled(runtime: RuntimeParams, share: Tensor) -> RuntimeParams:
    """The numbers with this share of each dropout's rate."""
    rates = [rate * share for rate in runtime.rates]
    return runtime._replace(rates=rates, scales=[1.0 / (1.0 - rate) for rate in rates])


def _loss(setup: Setup, y: Tensor, outputs: Tensor) -> Tensor:
    """The loss of each row, (folds, rows); of several members the mean of their losses."""
    if "label_smoothing" in setup.numbers:
        even = 0.5 if setup.shape.head.units == 1 else 1.0 / setup.shape.head.units
        y = y * (1.0 - setup.numbers["label_smoothing"]) + even * setup.numbers["label_smoothing"]
    if setup.shape.parts.members == 1:
        return setup.loss(y, outputs)
    return tf.reduce_mean(setup.loss(tf.broadcast_to(y[:, :, None, :], tf.shape(outputs)), outputs), axis=2)


def _penalty(setup: Setup, weights: Sequence[Tensor], hidden: Sequence[Tensor], real: Tensor, count: Tensor) -> Tensor:
    """L1 and L2 of each fold, (folds,): of kernels, of hidden layers' biases, and of their activities, a row of the batch.

    hidden: what leaves each activation, (folds, rows, width). real: 1 for real rows, (folds, rows). count: of these, (folds,).
    """
    shape, numbers = setup.shape, setup.numbers
    penalised = [weights[at] for at, acts in zip(shape.kernels(), shape.penalised, strict=True) if acts]
    found = [_norms(*each) for each in zip(penalised, numbers["l1"], numbers["l2"], strict=True)]
    if shape.biases:
        found += [_norms(weights[at], numbers["bias_l1"], numbers["bias_l2"]) for at in shape.hidden_biases()]
    if shape.activities:
        rows = tf.expand_dims(real, 2)
        of_all = [_norms(each * rows, numbers["activity_l1"], numbers["activity_l2"]) for each in hidden]
        found += [each / tf.maximum(count, 1.0) for each in of_all]
    return tf.add_n(found) if found else tf.zeros_like(count)


def _norms(each: Tensor, l1: Tensor, l2: Tensor) -> Tensor:
    """L1 and L2 of each fold's numbers (folds, ...), (folds,)."""
    axes = list(range(1, len(each.shape)))
    return l1 * tf.reduce_sum(tf.abs(each), axis=axes) + l2 * tf.reduce_sum(tf.square(each), axis=axes)


def _metric(shape: Shape, y: Tensor, outputs: Tensor) -> Tensor:
    """Right or wrong, or the absolute error, of each row, (folds, rows)."""
    head, outputs = shape.head, answer_of(shape, outputs)
    if head.task in NUMBERS:
        return tf.reduce_mean(tf.abs(y - outputs), axis=-1)
    if head.task == "multiclass":
        return tf.cast(tf.equal(tf.argmax(y, axis=-1), tf.argmax(outputs, axis=-1)), y.dtype)
    cut = tf.cast(0.0 if head.is_margin else 0.5, y.dtype)
    return tf.reduce_mean(tf.cast(tf.equal(y, tf.cast(outputs > cut, y.dtype)), y.dtype), axis=-1)
