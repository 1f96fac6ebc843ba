"""Epochs of padded batches: a step is compiled once, however long the folds are.

Padding is a row of weight 0, so it is for networks whose layers see each row alone. A step is Keras's own but for the weights,
which make the mean over a batch one over its real rows.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras

from foldwise.training.fused_jax.arrays import Learner, Rows, Sizes, Tensor, batch_of, over_blocks, stacked, where
from foldwise.training.fused_jax.network import Compiled


class Seen(NamedTuple):
    """The sum of losses and the number of rows, (folds,) each, and the values of the metric's variables."""

    loss: Tensor
    rows: Tensor
    metric: list[Tensor]


def trained(compiled: Compiled, sizes: Sizes, learner: Learner, order: Tensor, rows: Rows) -> tuple[Learner, dict[str, Tensor]]:
    """Take one epoch's steps; also return the epoch's loss and metric, (folds,) each. order: (folds, batches * batch)."""

    def one(own: Learner, seen: Seen, at: Tensor, of: Rows, number: Tensor) -> tuple[Learner, Seen]:
        x, y, *weight = batch_of(of, lambda part: part.at[at].get(mode="promise_in_bounds"))
        real = None if sizes.alike else number * sizes.batch + jnp.arange(sizes.batch) < of.real
        (_, aux), gradients = jax.value_and_grad(compiled.network.compute_loss_and_updates, has_aux=True)(
            own.trained,
            own.others,
            compiled.network_metrics,
            x,
            y,
            _weights(real, weight),
            training=True,
            optimizer_variables=own.optimizer,
        )
        loss, outputs, others, _ = aux
        weights, optimizer = compiled.network.optimizer.stateless_apply(own.optimizer, gradients, own.trained)
        return Learner(weights, others, optimizer), _seen(compiled, seen, loss, y, outputs, real)

    def step(so_far: tuple[Learner, Seen], number: Tensor) -> tuple[tuple[Learner, Seen], None]:
        taken = jax.lax.dynamic_slice_in_dim(order, number * sizes.batch, sizes.batch, axis=1)
        after = jax.vmap(partial(one, number=number))(*so_far, taken, rows)
        return (after if sizes.alike else where(number * sizes.batch < rows.real, after, so_far)), None

    start = learner, _nothing(compiled, len(order))
    (learner, seen), _ = jax.lax.scan(step, start, jnp.arange(order.shape[1] // sizes.batch))
    return learner, _means(compiled, seen)


def validated(compiled: Compiled, sizes: Sizes, learner: Learner, rows: Rows) -> dict[str, Tensor]:
    """Loss and metric of the validation rows, (folds,) each; nan for a fold without any."""

    def test(so_far: Seen, block: Rows, start: Tensor) -> Seen:
        def one(seen: Seen, own: Learner, of: Rows) -> Seen:
            x, y, *weight = batch_of(of, lambda part: part)
            real = start + jnp.arange(len(x)) < of.real
            _, (loss, outputs, _, _) = compiled.network.compute_loss_and_updates(
                own.trained, own.others, compiled.network_metrics, x, y, _weights(real, weight), training=False
            )
            after = _seen(compiled, seen, loss, y, outputs, real)
            return jax.tree.map(lambda new, old: jnp.where(real.any(), new, old), after, seen)  # type: ignore[no-any-return]

        return jax.vmap(one)(so_far, learner, block)

    return _means(compiled, over_blocks(test, _nothing(compiled, len(rows.x)), rows, sizes.valid))


def _weights(real: Tensor | None, weight: list[Tensor]) -> Tensor | None:
    """The weights of rows by which the mean over a batch is one over its real rows."""
    if real is None:
        return weight[0] if weight else None
    scaled = real.astype(keras.config.floatx()) * (len(real) / jnp.maximum(real.sum(), 1))
    return scaled * weight[0] if weight else scaled


def _seen(compiled: Compiled, seen: Seen, loss: Tensor, y: Tensor, outputs: Any, real: Tensor | None) -> Seen:
    main = outputs[0] if isinstance(outputs, list | tuple) else outputs
    count = (jnp.asarray(len(y)) if real is None else real.sum()).astype(seen.rows.dtype)
    mask = None if real is None else real.astype(seen.rows.dtype)
    metric = compiled.metric.stateless_update_state(seen.metric, y, main, sample_weight=mask)
    return Seen(seen.loss + count * loss.astype(seen.loss.dtype), seen.rows + count, metric)


def _nothing(compiled: Compiled, folds: int) -> Seen:
    zero = jnp.zeros(folds, keras.config.floatx())
    return Seen(zero, zero, stacked([variable.value for variable in compiled.metric.variables], folds))


def _means(compiled: Compiled, seen: Seen) -> dict[str, Tensor]:
    metric = jax.vmap(compiled.metric.stateless_result)(seen.metric)
    return {"loss": seen.loss / seen.rows, compiled.metric.name: metric}
