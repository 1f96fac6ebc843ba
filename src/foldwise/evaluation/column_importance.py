"""Permutation importance: how much worse a score gets where the cells of a column are shuffled among rows.

Cells are shuffled in rows that the scoring network did not train on, so a column that was only learnt by heart shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Unit = tuple[str, ...]  # columns that are shuffled together

AT_ONCE = 2**26  # bytes of features that are predicted together


@dataclass(frozen=True, eq=False)
class FoldRows:
    """Validation rows of a fold, and the network of that fold.

    x: features, (rows, features). columns: the table's column of each, (features,).
    predict: features -> probabilities (rows, classes) or values (rows,).
    good: predictions for these rows -> their score, larger is better.
    """

    x: Array
    columns: Sequence[str]
    predict: Callable[[Array], Array]
    good: Callable[[Array], float]

    def take(self, rows: Array, good: Callable[[Array], float]) -> FoldRows:
        """These rows alone, with their own score."""
        return FoldRows(self.x[rows], self.columns, self.predict, good)


def drops(
    fold: FoldRows, units: Sequence[Unit], repeats: int, seed: int, between: Callable[[], None] = lambda: None
) -> npt.NDArray[np.float64]:
    """How much worse the score of a fold gets, in the good direction.

    Each feature comes from one column, so shuffling the features of a column shuffles its cells: a category stays one column.
    All units are shuffled in the same orders, so that chance moves them alike.

    Args:
        fold: its rows.
        units: columns that are shuffled together; one that gives no feature changes nothing.
        repeats: how often each is shuffled.
        seed: of the orders.
        between: is called before each unit; an exception from it ends the work.

    Returns:
        (units, repeats).

    Source: Breiman 2001, "Random forests"; Fisher, Rudin and Dominici 2019, "All models are wrong, but many are useful".
    """
    stream = np.random.default_rng(seed)
    orders = [stream.permutation(len(fold.x)) for _ in range(repeats)]
    whole = fold.good(fold.predict(fold.x))
    at_once = max(1, AT_ONCE // max(1, fold.x.nbytes))
    found = np.zeros((len(units), repeats))
    for place, unit in enumerate(units):
        between()
        features = np.flatnonzero(np.isin(fold.columns, unit))
        if not len(features):
            continue
        for start in range(0, repeats, at_once):
            some = orders[start : start + at_once]
            x = np.tile(fold.x, (len(some), 1))
            x[:, features] = fold.x[np.concatenate(some)][:, features]
            predictions = np.split(fold.predict(x), len(some))
            found[place, start : start + len(some)] = [whole - fold.good(own) for own in predictions]
    return found


@dataclass(frozen=True)
class Measured:
    """A mean over folds with its 95 % interval; low and high are nan for a single fold."""

    mean: float
    low: float
    high: float


def over_folds(each: Sequence[float], train_rows: float, valid_rows: float) -> Measured:
    """The mean of what each fold found, with an interval that allows for the training rows that folds share.

    Args:
        each: a number for each fold; those that are not finite are left out.
        train_rows: of a fold, the mean.
        valid_rows: of a fold, the mean.

    Source: Nadeau and Bengio 2003, "Inference for the generalization error".
    """
    from scipy.stats import t  # a second's import

    known = np.asarray(each, dtype=np.float64)
    known = known[np.isfinite(known)]
    folds = len(known)
    if not folds:
        return Measured(math.nan, math.nan, math.nan)
    mean = float(known.mean())
    if folds < 2:
        return Measured(mean, math.nan, math.nan)
    half = float(t.ppf(0.975, folds - 1)) * math.sqrt((1 / folds + valid_rows / train_rows) * float(known.var(ddof=1)))
    return Measured(mean, mean - half, mean + half)
