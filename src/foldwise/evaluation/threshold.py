"""The probability above which a row gets the positive label: given, or tuned on out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from foldwise.models.heads import THRESHOLD

Array = npt.NDArray[Any]
Asked = float | Literal["auto"]
Pair = tuple[Array, Array]  # truth (rows,) and predictions (rows, ...) of a fold's validation rows


def fold_thresholds(asked: Asked, metric: str, folds: Sequence[Pair]) -> list[float]:
    """The threshold of each fold: `auto` tunes it on all other folds, so that no row tunes its own threshold.

    A single fold is scored with 0.5.
    """
    if asked != "auto":
        return [asked] * len(folds)
    return [final_threshold(asked, metric, [*folds[:place], *folds[place + 1 :]]) for place in range(len(folds))]


def final_threshold(asked: Asked, metric: str, folds: Sequence[Pair]) -> float:
    """The model's threshold: `auto` tunes it on the pooled predictions of all these folds."""
    if asked != "auto":
        return asked
    if not folds:
        return THRESHOLD
    truth, probabilities = (np.concatenate(parts) for parts in zip(*folds, strict=True))
    return tuned(metric, truth, probabilities[:, 1])


def tuned(metric: str, truth: Array, scores: Array) -> float:
    """The threshold with the best metric.

    All thresholds between two neighbouring scores give the same labels; the result is their middle, or 0.5 if that is
    between them. Of equally good thresholds the nearest to 0.5 is taken.

    Args:
        metric: one of ALONE. For any other, balanced accuracy is used, because the metric does not depend on a threshold or
            is best if every row gets the same label.
        truth: 1 for the positive label, else 0, (rows,).
        scores: probabilities of the positive label, (rows,).
    """
    positives, rows = int(truth.sum()), len(truth)
    if not 0 < positives < rows:
        return THRESHOLD
    order = np.argsort(-scores, kind="stable")
    levels = np.unique(scores)[::-1]
    above = np.searchsorted(-scores[order], -levels, side="left")  # rows with a higher score than each level
    above = np.append(above, rows)
    hits = np.append(0, np.cumsum(truth[order]))[above].astype(float)
    reached = ALONE.get(metric, _balanced_accuracy)(hits, above - hits, float(positives), float(rows - positives))
    low, high = np.append(levels, 0.0), np.append(1.0, levels)
    middle = (low + high) / 2
    cuts = np.where((low <= THRESHOLD) & (high > THRESHOLD), THRESHOLD, np.where(middle < high, middle, low))
    # not if the lowest score is 0 or the highest is 1: a threshold is between them
    possible = (low < np.append(np.inf, levels)) & (cuts < 1.0)
    best = np.flatnonzero(possible & (reached >= reached[possible].max() - 1e-12))
    return float(cuts[best[np.abs(cuts[best] - THRESHOLD).argmin()]])


def _balanced_accuracy(hits: Array, misses: Array, positives: float, negatives: float) -> Array:
    return (hits / positives + 1.0 - misses / negatives) / 2


def _mcc(hits: Array, misses: Array, positives: float, negatives: float) -> Array:
    predicted = hits + misses
    spread = np.sqrt(predicted * (positives + negatives - predicted) * positives * negatives)
    return np.where(spread > 0, hits * negatives - misses * positives, 0.0) / np.where(spread > 0, spread, 1.0)


# metric -> true positives, false positives (thresholds,), positives, negatives -> its values; those worth tuning alone
ALONE: dict[str, Callable[[Array, Array, float, float], Array]] = {
    "accuracy": lambda hits, misses, positives, negatives: (hits + negatives - misses) / (positives + negatives),
    "balanced_accuracy": _balanced_accuracy,
    "f1": lambda hits, misses, positives, negatives: 2 * hits / (hits + misses + positives),
    "mcc": _mcc,
}
