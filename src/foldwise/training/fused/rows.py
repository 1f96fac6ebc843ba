"""The rows of all folds, stacked: shorter folds and folds with fewer features are padded with zeros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from foldwise.data.preparation.fold import FoldData

Tensor = Any  # TensorFlow ships no types
Array = npt.NDArray[Any]


class Rows(NamedTuple):
    """Rows of all folds: x (folds, rows, features), y (folds, rows, outputs), weight (folds, rows) or None, and real
    (folds, rows), 0 for padding. Training rows have no `real`: Plan.real marks theirs.
    """

    x: Tensor
    y: Tensor
    weight: Tensor | None
    real: Tensor | None


def train_rows(folds: Sequence[FoldData], dtype: str) -> Rows:
    """The training rows of these folds."""
    x, y, weights = ([getattr(data, f"train_{part}") for data in folds] for part in ("x", "y", "weight"))
    return _rows(x, y, weights, dtype)


def valid_rows(folds: Sequence[FoldData], dtype: str) -> Rows | None:
    """The validation rows of these folds, None if no fold has any."""
    x, y, weights = ([getattr(data, f"valid_{part}") for data in folds] for part in ("x", "y", "weight"))
    if not any(map(len, x)):
        return None
    rows = _rows(x, y, weights, dtype)
    return rows._replace(real=stacked([np.ones(len(of_fold)) for of_fold in x], (max(map(len, x)),), dtype))


def stacked(arrays: Sequence[Array], shape: tuple[int, ...], dtype: str) -> Tensor:
    """Arrays of one rank, padded with zeros to one shape, folds first."""
    stack = np.zeros((len(arrays), *shape), dtype=dtype)
    for place, array in enumerate(arrays):
        corner: Any = (place, *map(slice, array.shape))
        stack[corner] = array  # Images become numbers here
    return tf.constant(stack)


def _rows(x: list[Array], y: list[Array], weights: list[Any], dtype: str) -> Rows:
    most = max(map(len, x))
    features = max(of_fold.shape[1] for of_fold in x)
    weight = None if all(of_fold is None for of_fold in weights) else stacked(weights, (most,), dtype)
    return Rows(stacked(x, (most, features), dtype), stacked(y, (most, y[0].shape[1]), dtype), weight, None)
