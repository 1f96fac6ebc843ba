"""Which rows are in which batch: one order for every engine, so that they all take the same steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from foldwise.seeds import Purpose, generator

USUAL_BATCH = 32  # where the configuration leaves it open; Keras has the same


def epoch_orders(seed: int, number: int, fold: int, rows: int, epochs: int) -> Iterator[npt.NDArray[np.int32]]:
    """The order of the training rows (rows,) in each epoch; batches are cut from it from left to right.

    Args:
        seed: the study's.
        number: the trial's.
        fold: the fold's, or seeds.REFIT_FOLD.
        rows: how many training rows there are.
        epochs: how many orders are wanted.
    """
    stream = generator(Purpose.BATCHES, seed, number, fold)
    for _ in range(epochs):
        yield stream.permutation(rows).astype(np.int32)


def rows_per_batch(batch_size: int | Literal["full"] | None, rows: int) -> int:
    """How many rows a step takes; the last step of an epoch takes what is left, and no step has more than there are."""
    return rows if batch_size == "full" else min(batch_size or USUAL_BATCH, rows)
