"""Epochs without padding: the last batches and the validation rows of folds are taken by groups of one size.

A step is Keras's own, whatever its layers do with a batch. Each size of a last batch is compiled once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras

from foldwise.training.fused_jax.arrays import (
    Group,
    Learner,
    Rows,
    Sizes,
    Tensor,
    batch_of,
    joined,
    over_blocks,
    part_of,
    stacked,
    where,
)
from foldwise.training.fused_jax.network import Compiled


class Carry(NamedTuple):
    """The folds within an epoch. metrics: the values of Keras's metric variables. values: loss and metrics so far."""

    learner: Learner
    metrics: list[Tensor]
    values: tuple[Tensor, ...]


def trained(compiled: Compiled, sizes: Sizes, learner: Learner, order: Tensor, rows: Rows) -> tuple[Learner, dict[str, Tensor]]:
    """Take one epoch's steps; also return the epoch's loss and metrics, (folds,) each. order: (folds, rows)."""
    folds = len(order)
    carry = Carry(learner, stacked(compiled.metrics, folds), _nothing(compiled.names, folds))
    batches = [of.rows // sizes.batch for of in sizes.groups for _ in range(of.stop - of.start)]

    def step(so_far: Carry, number: Tensor) -> tuple[Carry, None]:
        taken = jax.lax.dynamic_slice_in_dim(order, number * sizes.batch, sizes.batch, axis=1)
        after = _stepped(compiled, so_far, taken, rows)
        return (after if len(set(batches)) == 1 else where(number < jnp.array(batches), after, so_far)), None

    if max(batches):
        carry, _ = jax.lax.scan(step, carry, jnp.arange(max(batches)))
    parts = []
    for of in sizes.groups:
        own = part_of(carry, of)
        begun = of.rows // sizes.batch * sizes.batch
        if begun < of.rows:
            own = _stepped(compiled, own, order[of.start : of.stop, begun : of.rows], part_of(rows, of))
        parts.append(own)
    ended = joined(parts)
    return ended.learner, dict(zip(compiled.names, ended.values, strict=True))


def validated(compiled: Compiled, sizes: Sizes, learner: Learner, rows: Rows) -> dict[str, Tensor]:
    """Loss and metrics of the validation rows, (folds,) each; nan for a fold without any."""
    parts = []
    for of in sizes.groups:
        folds = of.stop - of.start
        start = stacked(compiled.metrics, folds), _nothing(compiled.valid_names, folds)
        _, values = over_blocks(_tested(compiled, part_of(learner, of)), start, part_of(rows, of), of.valid)
        parts.append(values)
    return dict(zip(compiled.valid_names, joined(parts), strict=True))


def _stepped(compiled: Compiled, carry: Carry, taken: Tensor, rows: Rows) -> Carry:
    """One step of these folds on the rows at `taken` (folds, batch), by Keras's own training step."""

    def one(own: Carry, at: Tensor, of: Rows) -> Carry:
        batch = batch_of(of, lambda part: part.at[at].get(mode="promise_in_bounds"))
        logs, (weights, others, optimizer, metrics) = compiled.network.train_step((*own.learner, own.metrics), batch)
        return Carry(Learner(weights, others, optimizer), metrics, _values(compiled.names, logs, own.values))

    return jax.vmap(one)(carry, taken, rows)


def _tested(compiled: Compiled, learner: Learner) -> Any:
    """A function from what was seen so far and a block to what has been seen then."""

    def test(so_far: Any, block: Rows, start: Tensor) -> Any:
        def one(before: Any, own: Learner, some: Rows) -> Any:
            metrics, values = before
            state = (own.trained, own.others, metrics)
            logs, (_, _, metrics) = compiled.network.test_step(state, batch_of(some, lambda part: part))
            return metrics, _values(compiled.valid_names, logs, values)

        return jax.vmap(one)(so_far, learner, block)

    return test


def groups_of(counts: Sequence[tuple[int, int]]) -> tuple[Group, ...]:
    """The folds of one size, which stand side by side. counts: training and validation rows of each fold."""
    found: list[Group] = []
    for place, count in enumerate(counts):
        if found and found[-1][2:] == count:
            found[-1] = found[-1]._replace(stop=place + 1)
        else:
            found.append(Group(place, place + 1, *count))
    return tuple(found)


def _nothing(names: Sequence[str], folds: int) -> tuple[Tensor, ...]:
    return tuple(jnp.full(folds, jnp.nan, keras.config.floatx()) for _ in names)


def _values(names: Sequence[str], logs: Mapping[str, Tensor], like: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return tuple(jnp.asarray(logs[name]).astype(one.dtype) for name, one in zip(names, like, strict=True))
