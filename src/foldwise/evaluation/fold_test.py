"""Whether two trials can be told apart by their scores on the same folds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
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
    differences = np.asarray(ours) - np.asarray(theirs)
    folds = len(differences)
    if folds < 2 or not np.isfinite(differences).all():
        return math.nan
    mean, variance = float(differences.mean()), float(differences.var(ddof=1))
    if variance == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return float(2 * t.sf(abs(mean) / math.sqrt((1 / folds + valid_rows / train_rows) * variance), folds - 1))
