"""Batches as arrays of numpy, for backends that read no `tf.data`.

Targets are as the loss compares them: `models.head_rules` refuses tasks whose targets TensorFlow makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import Features, FoldData
from foldwise.data.preparation.pixels import Images
from foldwise.training.batches import epoch_orders, rows_per_batch
from foldwise.training.by_fold.augment_numpy import vary_for
from foldwise.training.fold_fit import Training

Array = npt.NDArray[Any]


def train_batches(training: Training, number: int, data: FoldData) -> Iterator[tuple[Array, ...]]:
    """The batches of all epochs, one after the other."""
    own = len(data.train_x)
    rows = own * training.augment.copies
    size = rows_per_batch(training.fit.batch_size, rows)
    x, y, *weight = _arrays(data.train_x, data.train_y, data.train_weight)
    vary = vary_for(training.augment, data.train_x, scaled_for(data.train_x), training.seed, training.number, number)
    step = 0
    for order in epoch_orders(training.seed, training.number, number, rows, training.fit.epochs):
        for start in range(0, rows, size):
            index = order[start : start + size] % own
            varied = vary(x[index], y[index], weight[0][index] if weight else None, step)
            yield tuple(part for part in varied if part is not None)
            step += 1


def valid_batches(training: Training, data: FoldData, at_once: int) -> list[tuple[Array, ...]]:
    """The validation rows in batches of this size."""
    arrays = _arrays(data.valid_x, data.valid_y, data.valid_weight)
    starts = range(0, len(data.valid_x), at_once)
    return [tuple(array[start : start + at_once] for array in arrays) for start in starts]


def scaled_for(features: Features) -> Callable[[Array], Array]:
    """The function that turns a batch of these features into the network's input: images become numbers only there."""
    if not isinstance(features, Images):
        return lambda batch: batch
    center, scale = np.float32(features.center), np.float32(features.scale)
    return lambda batch: (batch.astype(np.float32) - center) / scale


def _arrays(*parts: Features | None) -> tuple[Array, ...]:
    """Arrays; images as bytes."""
    return tuple(part.bytes() if isinstance(part, Images) else np.asarray(part) for part in parts if part is not None)
