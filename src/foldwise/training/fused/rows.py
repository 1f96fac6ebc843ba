"""The rows of all folds, stacked: shorter folds and folds with fewer features are padded with zeros."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from foldwise.data.preparation.fold import Features, FoldData

Tensor = Any  # TensorFlow ships no types
Array = npt.NDArray[Any]
ROWS_AT_ONCE = 4096  # validation rows that an embedding spreads out at once, in networks that have one
Arrange = Callable[[FoldData, Features], list[Features]]  # a fold and its features -> the parts of these


class Rows(NamedTuple):
    """Rows of all folds: x (folds, rows, features), y (folds, rows, outputs), weight (folds, rows) or None, and real
    (folds, rows), 0 for padding. Training rows have no `real`: Plan.real marks theirs.
    """

    x: Tensor
    y: Tensor
    weight: Tensor | None
    real: Tensor | None


def train_rows(folds: Sequence[FoldData], arrange: Arrange, dtype: str) -> Rows:
    """The training rows of these folds; `arrange` gives the parts of a fold's features, in the order of the network."""
    x, y, weights = ([getattr(data, f"train_{part}") for data in folds] for part in ("x", "y", "weight"))
    return _rows([arrange(data, of_fold) for data, of_fold in zip(folds, x, strict=True)], y, weights, dtype, max(map(len, y)))


def valid_rows(folds: Sequence[FoldData], arrange: Arrange, dtype: str, block: int | None) -> Rows | None:
    """The validation rows of these folds, None if no fold has any. More than `block` are padded to a multiple of it."""
    x, y, weights = ([getattr(data, f"valid_{part}") for data in folds] for part in ("x", "y", "weight"))
    if not any(map(len, x)):
        return None
    most = max(map(len, x))
    most = most if block is None or most <= block else -(-most // block) * block
    rows = _rows([arrange(data, of_fold) for data, of_fold in zip(folds, x, strict=True)], y, weights, dtype, most)
    return rows._replace(real=stacked([np.ones(len(of_fold)) for of_fold in x], (most,), dtype))


def stacked(arrays: Sequence[Array], shape: tuple[int, ...], dtype: str) -> Tensor:
    """Arrays of one rank, padded with zeros to one shape, folds first."""
    stack = np.zeros((len(arrays), *shape), dtype=dtype)
    for place, array in enumerate(arrays):
        corner: Any = (place, *map(slice, array.shape))
        stack[corner] = array
    return tf.constant(stack)


def _rows(x: list[list[Features]], y: list[Array], weights: list[Any], dtype: str, most: int) -> Rows:
    weight = None if all(of_fold is None for of_fold in weights) else stacked(weights, (most,), dtype)
    sides = [max(part.shape[1] for part in parts) for parts in zip(*x, strict=True)]
    features = np.zeros((len(x), most, sum(sides)), dtype=dtype)
    for fold, parts in enumerate(x):
        for start, part in zip(accumulate(sides, initial=0), parts, strict=False):
            features[fold, : len(part), start : start + part.shape[1]] = part  # images become numbers here
    return Rows(tf.constant(features), stacked(y, (most, y[0].shape[1]), dtype), weight, None)
