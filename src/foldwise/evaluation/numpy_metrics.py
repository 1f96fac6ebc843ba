"""The metrics of metrics.py in bare numpy, for who asks thousands of times; a test holds them against scikit-learn's.

One call costs some 30 microseconds where scikit-learn's checks of its arguments cost milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.models.heads import THRESHOLD, label_codes
from foldwise.spec.goal import Task

Array = npt.NDArray[Any]
Scorer = Callable[[Array, Array], float]


def scorer(task: Task, labels_count: int, metric: str, threshold: float | Array = THRESHOLD) -> Scorer:
    """One metric as a function of truth (rows,) and predictions: probabilities (rows, classes) or values (rows,).

    Where a metric is undefined because a class is missing it gives nan. threshold: of two labels, as in label_codes.
    """
    if task == "regression":
        return _VALUES[metric]
    if metric in _BY_TABLE:
        by_table = _BY_TABLE[metric]
        return lambda truth, predictions: float(by_table(table(truth, predictions, threshold)))
    codes = (1,) if labels_count == 2 else tuple(range(labels_count))
    if metric == "log_loss":
        return _log_loss
    by_rank = {"roc_auc": _roc_auc, "pr_auc": _pr_auc}[metric]
    return lambda truth, predictions: sum(by_rank(truth == code, predictions[:, code]) for code in codes) / len(codes)


def table(truth: Array, probabilities: Array, threshold: float | Array = THRESHOLD) -> Array:
    """Counts of truth (rows) by label (columns), (classes, classes)."""
    classes = probabilities.shape[1]
    labels = label_codes(probabilities, threshold)
    return np.bincount(truth * classes + labels, minlength=classes**2).reshape(classes, classes)


def _share(part: Array, whole: Array, empty: float) -> Array:
    return np.where(whole > 0, part / np.maximum(whole, 1), empty)


def _of_classes(each: Array, counts: Array) -> float:
    """The positive class of two, else the mean over the classes that occur or were said to."""
    return float(each[1]) if len(each) == 2 else float(each[(counts.sum(axis=0) + counts.sum(axis=1)) > 0].mean())


def _recalls(counts: Array) -> Array:
    each = _share(counts.diagonal(), counts.sum(axis=1), math.nan)
    return np.full_like(each, math.nan) if np.isnan(each).any() else each


def _recall(counts: Array) -> float:
    return _of_classes(_recalls(counts), counts)


def _balanced_accuracy(counts: Array) -> float:
    return float(_recalls(counts).mean())


def _precision(counts: Array) -> float:
    return _of_classes(_share(counts.diagonal(), counts.sum(axis=0), 0.0), counts)


def _f1(counts: Array) -> float:
    return _of_classes(_share(2 * counts.diagonal(), counts.sum(axis=0) + counts.sum(axis=1), 0.0), counts)


def _specificity(counts: Array) -> float:
    if not counts.sum(axis=1).all():
        return math.nan
    negatives = counts.sum() - counts.sum(axis=1)
    each = 1.0 - (counts.sum(axis=0) - counts.diagonal()) / negatives
    return float(each[1]) if len(each) == 2 else float(each.mean())


def _mcc(counts: Array) -> float:
    """Source: Gorodkin 2004, the K-category correlation coefficient; 0 where it is undefined."""
    rows, truth, said = float(counts.sum()), counts.sum(axis=1).astype(float), counts.sum(axis=0).astype(float)
    spread = math.sqrt((rows**2 - said @ said) * (rows**2 - truth @ truth))
    return float((counts.trace() * rows - truth @ said) / spread) if spread > 0 else 0.0


def _log_loss(truth: Array, probabilities: Array) -> float:
    epsilon = np.finfo(probabilities.dtype).eps
    return float(-np.log(np.clip(probabilities[np.arange(len(truth)), truth], epsilon, 1.0 - epsilon)).mean())


def _cumulated(positive: Array, scores: Array) -> tuple[Array, Array]:
    """True and false positives above each threshold, from the highest score downwards; equal scores are one threshold."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = np.cumsum(positive[order])[ends]
    return hits, ends + 1 - hits


def _roc_auc(positive: Array, scores: Array) -> float:
    hits, misses = _cumulated(positive, scores)
    if hits[-1] == 0 or misses[-1] == 0:
        return math.nan
    return float(np.trapezoid(np.append(0, hits), np.append(0, misses)) / (hits[-1] * misses[-1]))


def _pr_auc(positive: Array, scores: Array) -> float:
    hits, misses = _cumulated(positive, scores)
    if hits[-1] == 0 or misses[-1] == 0:
        return math.nan
    return float((np.diff(hits, prepend=0) * hits / (hits + misses)).sum() / hits[-1])


def _r2(truth: Array, values: Array) -> float:
    spread = ((truth - truth.mean()) ** 2).sum()
    return float(1.0 - ((truth - values) ** 2).sum() / spread) if spread > 0 else math.nan


_BY_TABLE: dict[str, Callable[[Array], float]] = {
    "accuracy": lambda counts: float(counts.trace() / counts.sum()),
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "specificity": _specificity,
    "f1": _f1,
    "mcc": _mcc,
}
_VALUES: dict[str, Scorer] = {
    "mse": lambda truth, values: float(((truth - values) ** 2).mean()),
    "rmse": lambda truth, values: math.sqrt(((truth - values) ** 2).mean()),
    "mae": lambda truth, values: float(np.abs(truth - values).mean()),
    "r2": _r2,
}
