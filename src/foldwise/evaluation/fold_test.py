"""Whether two trials can be told apart by their scores on the same folds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import t


def p_value(ours: Sequence[float], theirs: Sequence[float], train_rows: float, valid_rows: float) -> float:
    """The corrected paired t-test of two trials, two-sided; 1 for equal scores, nan for a single fold.

    Folds share most of their training rows, so their scores vary together, and the plain test finds too many differences.

    Args:
        ours: scores by fold.
        theirs: on the same folds.
        train_rows: of a fold, the mean.
        valid_rows: of a fold, the mean.

    Source: Nadeau and Bengio 2003, "Inference for the generalization error".
    """
    statistic, freedom = _corrected_t(np.asarray(ours) - np.asarray(theirs), train_rows, valid_rows)
    return float(2 * t.sf(abs(statistic), freedom))


def p_better(gains: Sequence[float] | npt.NDArray[np.float64], train_rows: float, valid_rows: float) -> float:
    """The same test, one-sided: how likely such gains are if the first trial is not better.

    Args:
        gains: of the first trial over the second, by fold, in the good direction; several splits may follow each other.
        train_rows: of a fold, the mean.
        valid_rows: of a fold, the mean.
    """
    return float(t.sf(*_corrected_t(np.asarray(gains), train_rows, valid_rows)))


def standard_error(scores: npt.NDArray[np.float64], train_rows: float, valid_rows: float) -> float:
    """Of the mean of fold scores, where folds share training rows; nan for a single fold."""
    if len(scores) < 2:
        return math.nan
    return math.sqrt((1 / len(scores) + valid_rows / train_rows) * float(scores.var(ddof=1)))


def _corrected_t(differences: npt.NDArray[np.float64], train_rows: float, valid_rows: float) -> tuple[float, int]:
    """The statistic, with its degrees of freedom: 0 for equal scores, infinite if all folds differ alike, nan if unknown."""
    folds = len(differences)
    if folds < 2 or not np.isfinite(differences).all():
        return math.nan, 1
    mean, error = float(differences.mean()), standard_error(differences, train_rows, valid_rows)
    if error == 0.0:
        return (0.0 if mean == 0.0 else math.copysign(math.inf, mean)), folds - 1
    return mean / error, folds - 1
