"""The rows of all folds, stacked and padded to one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import Features, FoldData
from foldwise.data.preparation.pixels import Images
from foldwise.training.fused_jax.arrays import Rows

Array = npt.NDArray[Any]


def train_rows(folds: Sequence[FoldData], least: int) -> Rows:
    """The training rows of these folds, padded to this number at least, so that folds of about one size share a program."""
    return _rows([(data.train_x, data.train_y, data.train_weight) for data in folds], least)


def valid_rows(folds: Sequence[FoldData]) -> Rows:
    """The validation rows of these folds."""
    return _rows([(data.valid_x, data.valid_y, data.valid_weight) for data in folds], 0)


def _rows(folds: Sequence[tuple[Features, Array, Array | None]], least: int) -> Rows:
    features, y, weights = zip(*folds, strict=True)
    images = [x for x in features if isinstance(x, Images)]
    return Rows(
        x=_stacked([x.bytes() if isinstance(x, Images) else np.asarray(x) for x in features], least),
        y=_stacked(y, least),
        weight=None if any(weight is None for weight in weights) else _stacked(weights, least),
        real=jnp.asarray(np.array([len(of_fold) for of_fold in y], dtype=np.int32)),
        center=_stacked([x.center for x in images]) if images else None,
        scale=_stacked([x.scale for x in images]) if images else None,
    )


def _stacked(arrays: Sequence[Array], least: int = 0) -> Any:
    """Arrays of one rank and type, folds first, padded with zeros to the longest or to a number of rows."""
    most = max(least, *map(len, arrays))
    stack = np.zeros((len(arrays), most, *arrays[0].shape[1:]), dtype=arrays[0].dtype)
    for place, array in enumerate(arrays):
        stack[place, : len(array)] = array
    return jnp.asarray(stack)
