"""What passes between the parts of a program: the arrays of all folds, stacked along a first axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

Tensor = Any
ROWS_AT_ONCE = 4096  # rows in a batch of validation or prediction; its size does not change results


class Group(NamedTuple):
    """Neighbouring folds of one size: the places of the first and behind the last, and their rows."""

    start: int
    stop: int
    rows: int
    valid: int


class Sizes(NamedTuple):
    """What a program is traced for.

    groups: the folds by size; empty if short batches are padded. batch: rows of a step at most. alike: whether no batch of any
    fold is short. valid: validation rows of the largest fold. monitored: the curve that patience watches, or empty; more:
    whether more of it is better; last: which of equally good epochs is kept.
    """

    groups: tuple[Group, ...]
    batch: int
    alike: bool
    valid: int
    monitored: str
    more: bool
    last: bool


class Rows(NamedTuple):
    """Rows of all folds, padded to one length: x (folds, rows, features), y (folds, rows, outputs), weight (folds, rows) or
    None, real (folds,): the number of rows without padding. Images are bytes; center and scale (folds, features) make numbers
    of them, and are None for other features.
    """

    x: Tensor
    y: Tensor
    weight: Tensor | None
    real: Tensor
    center: Tensor | None
    scale: Tensor | None


class Learner(NamedTuple):
    """What a step changes, folds first: the values of Keras's variables."""

    trained: list[Tensor]
    others: list[Tensor]
    optimizer: list[Tensor]


def batch_of(rows: Rows, take: Callable[[Tensor], Tensor]) -> tuple[Tensor, ...]:
    """Some rows of one fold as Keras's step takes them."""
    x = take(rows.x)
    if rows.center is not None:
        x = (x.astype(jnp.float32) - rows.center) / rows.scale
    return (x, take(rows.y)) if rows.weight is None else (x, take(rows.y), take(rows.weight))


def block_of(rows: Rows, start: Tensor, count: int) -> Rows:
    """Some neighbouring rows of all folds."""
    x, y, weight = (None if part is None else jax.lax.dynamic_slice_in_dim(part, start, count, axis=1) for part in rows[:3])
    return rows._replace(x=x, y=y, weight=weight)


def over_blocks(step: Callable[[Any, Rows, Tensor], Any], start: Any, rows: Rows, count: int) -> Any:
    """`start` after `step` has seen all blocks of these rows; it is told where each begins."""
    full, rest = divmod(count, ROWS_AT_ONCE)
    if full:
        starts = ROWS_AT_ONCE * jnp.arange(full)
        start, _ = jax.lax.scan(lambda so_far, at: (step(so_far, block_of(rows, at, ROWS_AT_ONCE), at), None), start, starts)
    begun = full * ROWS_AT_ONCE
    return step(start, block_of(rows, begun, rest), jnp.asarray(begun)) if rest else start


def part_of(arrays: Any, of: Group) -> Any:
    """The arrays of a group's folds."""
    return jax.tree.map(lambda array: array[of.start : of.stop], arrays)


def joined(parts: Sequence[Any]) -> Any:
    """The arrays of all folds from those of the groups."""
    return parts[0] if len(parts) == 1 else jax.tree.map(lambda *some: jnp.concatenate(some), *parts)


def where(folds: Tensor, yes: Any, no: Any) -> Any:
    """Each fold's arrays from `yes` or from `no`."""

    def chosen(one: Tensor, other: Tensor) -> Tensor:
        return jnp.where(folds.reshape(-1, *[1] * (one.ndim - 1)), one, other)

    return jax.tree.map(chosen, yes, no)


def stacked(values: Sequence[Any], folds: int) -> list[Tensor]:
    """The same values for every fold."""
    return [jnp.broadcast_to(jnp.asarray(value), (folds, *value.shape)) for value in values]
