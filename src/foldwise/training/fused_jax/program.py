"""A number of epochs of all folds as one JAX function, with each fold's patience."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import keras

from foldwise.training.fused_jax import grouped, padded
from foldwise.training.fused_jax.arrays import Group, Learner, Rows, Sizes, Tensor, batch_of, over_blocks, part_of, where
from foldwise.training.fused_jax.network import Compiled


class State(NamedTuple):
    """All folds between two epochs; see early_stop.Patience. kept: trained and other variables of the best epoch."""

    learner: Learner
    active: Tensor
    best: Tensor
    wait: Tensor
    best_epoch: Tensor
    kept: tuple[list[Tensor], list[Tensor]]


class Plan(NamedTuple):
    """The epochs of a call, of which the first `epochs` are run: orders (at once, folds, rows), rates (at once, folds), shares
    (at once,). before: epochs that ran earlier. patience; min_delta (folds,).
    """

    orders: Tensor
    rates: Tensor
    shares: Tensor
    epochs: Tensor
    before: Tensor
    patience: Tensor
    min_delta: Tensor


class Result(NamedTuple):
    """curves: name -> (at once, folds). ran: (at once, folds), whether a fold trained in that epoch."""

    state: State
    curves: dict[str, Tensor]
    ran: Tensor


class Program(NamedTuple):
    """Compiled functions of one network for folds of these sizes. answer: raw outputs of validation rows, for each group."""

    run: Callable[[State, Plan, Rows, Rows], Result]
    answer: Callable[[list[Tensor], list[Tensor], Rows], list[Tensor]]


def program_for(compiled: Compiled, sizes: Sizes) -> Program:
    """The program, traced before or when it is called first."""
    if sizes not in compiled.programs:
        compiled.programs[sizes] = Program(
            jax.jit(partial(_epochs, compiled, sizes)), jax.jit(partial(_answers, compiled, sizes))
        )
    found: Program = compiled.programs[sizes]
    return found


def settled(compiled: Compiled, learner: Learner) -> tuple[list[Tensor], list[Tensor]]:
    """The final weights if training ended here: the optimizer's averages if it keeps them."""
    if not compiled.averages:
        return learner.trained, learner.others
    places = zip(learner.trained, compiled.averages, strict=True)
    return [own if place is None else learner.optimizer[place] for own, place in places], learner.others


def _epochs(compiled: Compiled, sizes: Sizes, state: State, plan: Plan, train: Rows, valid: Rows) -> Result:
    way = grouped if sizes.groups else padded
    names = [*compiled.names, *(f"val_{name}" for name in compiled.valid_names if sizes.valid)]

    def one(number: Tensor, so_far: Result) -> Result:
        before = so_far.state
        compiled.share.value = plan.shares[number]
        begun = _at_rate(compiled, before.learner, plan.rates[number])
        learner, values = way.trained(compiled, sizes, begun, plan.orders[number], train)
        if sizes.valid:
            values |= {f"val_{name}": value for name, value in way.validated(compiled, sizes, learner, valid).items()}
        # a fold that has ended trains on, unseen: only the kept weights count, and freezing others takes time
        after = _monitor(compiled, sizes, before._replace(learner=learner), values, valid, plan, number)
        curves = {name: curve.at[number].set(values[name].astype(curve.dtype)) for name, curve in so_far.curves.items()}
        return Result(after, curves, so_far.ran.at[number].set(before.active))

    shape = plan.rates.shape
    nothing = {name: jnp.zeros(shape, keras.config.floatx()) for name in names}
    try:
        ended: Result = jax.lax.fori_loop(0, plan.epochs, one, Result(state, nothing, jnp.zeros(shape, bool)))
    finally:
        compiled.share.value = 1.0
    return ended


def one_epoch(
    compiled: Compiled, sizes: Sizes, learner: Learner, order: Tensor, rate: Tensor, share: Tensor, train: Rows
) -> Learner:
    """The folds after the batches of `order` (folds, rows) at these rates (folds,)."""
    way = grouped if sizes.groups else padded
    try:
        compiled.share.value = share
        ended: Learner = way.trained(compiled, sizes, _at_rate(compiled, learner, rate), order, train)[0]
        return ended
    finally:
        compiled.share.value = 1.0


def _at_rate(compiled: Compiled, learner: Learner, rate: Tensor) -> Learner:
    optimizer = [*learner.optimizer]
    optimizer[compiled.rate] = rate.astype(optimizer[compiled.rate].dtype)
    return learner._replace(optimizer=optimizer)


def _answers(compiled: Compiled, sizes: Sizes, trained: list[Tensor], others: list[Tensor], rows: Rows) -> list[Tensor]:
    """Raw outputs of validation rows, (folds, rows, units) for each group that has any."""

    def answer(own: list[Tensor], beside: list[Tensor], some: Rows) -> Tensor:
        outputs, _ = compiled.network.predict_step((own, beside), batch_of(some, lambda part: part)[:1])
        return outputs[0] if isinstance(outputs, list | tuple) else outputs

    found = []
    for of in sizes.groups or (Group(0, len(rows.x), 0, sizes.valid),):
        if of.valid:
            own, beside, theirs = part_of(trained, of), part_of(others, of), part_of(rows, of)
            units = compiled.units
            start = jnp.zeros((of.stop - of.start, of.valid, units), keras.config.floatx())

            def fill(so_far: Tensor, block: Rows, at: Tensor, own: list[Tensor] = own, beside: list[Tensor] = beside) -> Tensor:
                outputs = jax.vmap(answer)(own, beside, block).astype(so_far.dtype)
                return jax.lax.dynamic_update_slice_in_dim(so_far, outputs, at, axis=1)

            found.append(over_blocks(fill, start, theirs, of.valid))
    return found


def _monitor(
    compiled: Compiled, sizes: Sizes, state: State, values: dict[str, Tensor], valid: Rows, plan: Plan, number: Tensor
) -> State:
    """The state after each fold's patience has seen this epoch's values. A fold whose loss is not finite ends."""
    failed = ~jnp.isfinite(values["loss"])
    if "val_loss" in values:
        failed |= (valid.real > 0) & ~jnp.isfinite(values["val_loss"])
    if not sizes.monitored:
        return state._replace(active=state.active & ~failed)
    value: Tensor = values.get(sizes.monitored, values[sizes.monitored.removeprefix("val_")])
    value = (-value if sizes.more else value).astype(state.best.dtype)
    least = state.best - plan.min_delta
    better = state.active & ~failed & (value <= least if sizes.last else value < least)
    wait = jnp.where(better, 0, state.wait + state.active.astype(state.wait.dtype))
    return state._replace(
        best=jnp.where(better, value, state.best),
        best_epoch=jnp.where(better, plan.before + number + 1, state.best_epoch),
        wait=wait,
        active=state.active & ~failed & (wait < plan.patience),
        kept=where(better, settled(compiled, state.learner), state.kept),
    )
