"""The order of rows in batches: the same for every engine, so that all take the same steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from foldwise.seeds import Purpose, generator

USUAL_BATCH = 32  # if the configuration leaves it open; also Keras's default


def epoch_orders(seed: int, number: int, fold: int, rows: int, epochs: int) -> Iterator[npt.NDArray[np.int32]]:
    """The order of the training rows (rows,) in each epoch; batches are cut from it from left to right.

    Args:
        seed: the study's.
        number: the trial's.
        fold: the fold's, or seeds.REFIT_FOLD.
        rows: the number of training rows.
        epochs: the number of orders.
    """
    stream = generator(Purpose.BATCHES, seed, number, fold)
    for _ in range(epochs):
        yield stream.permutation(rows).astype(np.int32)


def rows_per_batch(batch_size: int | Literal["full"] | None, rows: int) -> int:
    """Rows of a step, at most all of them; the last step of an epoch takes the rest."""
    return rows if batch_size == "full" else min(batch_size or USUAL_BATCH, rows)


def steps_an_epoch(batch_size: int | Literal["full"] | None, rows: int) -> int:
    """The steps of one epoch over these training rows."""
    return -(-rows // rows_per_batch(batch_size, rows))
