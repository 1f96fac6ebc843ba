"""Metrics of predictions in plain numpy; tests hold each equal to scikit-learn's.

A paired test scores thousands of times: a call takes some 30 microseconds, and milliseconds with scikit-learn's checks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.models.heads import THRESHOLD, label_codes
from foldwise.spec.goal import METRICS, Task, top_k

Array = npt.NDArray[Any]
Scorer = Callable[[Array, Array], float]


def score(
    task: Task, labels_count: int, truth: Array, predictions: Array, threshold: float | Array = THRESHOLD, also: str = ""
) -> dict[str, float]:
    """Every metric of goal.METRICS that the task has, and the one that is named.

    Args:
        task: what was predicted.
        labels_count: how many classes there are; 0 for regression.
        truth: codes or values, (rows,).
        predictions: class probabilities (rows, classes), or values (rows,).
        threshold: of two labels, a number or (rows,), as in label_codes.
        also: the goal's metric, which can be a top-k accuracy.
    """
    names = [name for name, (_, tasks) in METRICS.items() if task in tasks]
    names += [also] if also and also not in names else []
    return {name: scorer(task, labels_count, name, threshold)(truth, predictions) for name in names}


def scorer(task: Task, labels_count: int, metric: str, threshold: float | Array = THRESHOLD) -> Scorer:
    """One metric as a function of truth (rows,) and predictions (rows, classes) or (rows,).

    Binary: class 1 is the positive one. Multiclass: macro averages, ROC AUC one against the rest. The metric is nan if a
    class that it needs is missing, or if a prediction is not finite.
    """
    if task == "regression":
        return partial(_finite, _VALUES[metric])
    if metric in BY_COUNTS:
        by_counts = BY_COUNTS[metric]
        return partial(_finite, lambda truth, predictions: by_counts(confusion(truth, predictions, threshold)))
    if metric == "log_loss":
        return partial(_finite, _log_loss)
    count = top_k(metric)
    if count is not None:
        return partial(_finite, partial(_top_k, count))
    by_rank = {"roc_auc": _roc_auc, "pr_auc": _pr_auc}[metric]
    codes = (1,) if labels_count == 2 else range(labels_count)
    return partial(
        _finite, lambda truth, predictions: sum(by_rank(truth == code, predictions[:, code]) for code in codes) / len(codes)
    )


def counts_labels(metric: str) -> bool:
    """Whether a metric sees only which labels are predicted, as accuracy does."""
    return metric in BY_COUNTS


def confusion(truth: Array, probabilities: Array, threshold: float | Array = THRESHOLD) -> npt.NDArray[np.int64]:
    """How often each class (row) was predicted as each class (column), (classes, classes)."""
    classes = probabilities.shape[1]
    places = truth.astype(np.int64) * classes + label_codes(probabilities, threshold)
    return np.bincount(places, minlength=classes**2).reshape(classes, classes)


def _finite(metric: Scorer, truth: Array, predictions: Array) -> float:
    return metric(truth, predictions) if np.isfinite(predictions).all() else math.nan


def _share(part: Array, whole: Array, empty: float) -> Array:
    return np.where(whole > 0, part / np.maximum(whole, 1), empty)


def _of_classes(each: Array, counts: Array) -> float:
    """The positive class of two, else the mean over the classes that occur or were predicted."""
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
    """TN / (TN + FP), of class 0 where there are two, else the mean over the classes, each against the rest."""
    if not counts.sum(axis=1).all():
        return math.nan
    negatives = counts.sum() - counts.sum(axis=1)
    each = 1.0 - (counts.sum(axis=0) - counts.diagonal()) / negatives
    return float(each[1]) if len(each) == 2 else float(each.mean())


def _mcc(counts: Array) -> float:
    """Source: Gorodkin 2004, the K-category correlation coefficient; 0 where it is undefined."""
    rows, truth, predicted = float(counts.sum()), counts.sum(axis=1).astype(float), counts.sum(axis=0).astype(float)
    spread = math.sqrt((rows**2 - predicted @ predicted) * (rows**2 - truth @ truth))
    return float((counts.trace() * rows - truth @ predicted) / spread) if spread > 0 else 0.0


def log_losses(truth: Array, probabilities: Array) -> Array:
    """The log loss of each row, (rows,)."""
    epsilon = np.finfo(probabilities.dtype).eps
    losses: Array = -np.log(np.clip(probabilities[np.arange(len(truth)), truth], epsilon, 1.0 - epsilon))
    return losses


def _log_loss(truth: Array, probabilities: Array) -> float:
    return float(log_losses(truth, probabilities).mean())


def shares_of_places(count: int, truth: Array, probabilities: Array) -> Array:
    """Of each row, whether its label is among the `count` most probable, (rows,).

    Where labels tie for the last of these places, a row counts for the share of them that has a place: the mean over all ways
    to break the tie, so that a model which gives all labels the same probability has count / labels. It is nan for a label
    whose probability is nan.
    """
    own = probabilities[np.arange(len(truth)), truth][:, None]
    above = (probabilities > own).sum(axis=1)
    tied = (probabilities == own).sum(axis=1)
    shares: Array = np.where(tied > 0, np.clip((count - above) / np.maximum(tied, 1), 0.0, 1.0), np.nan)
    return shares


def _top_k(count: int, truth: Array, probabilities: Array) -> float:
    return float(shares_of_places(count, truth, probabilities).mean())


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
    """Average precision."""
    hits, misses = _cumulated(positive, scores)
    if hits[-1] == 0 or misses[-1] == 0:
        return math.nan
    return float((np.diff(hits, prepend=0) * hits / (hits + misses)).sum() / hits[-1])


def _r2(truth: Array, values: Array) -> float:
    spread = ((truth - truth.mean()) ** 2).sum()  # of equal numbers it can be a little above 0
    return float(1.0 - ((truth - values) ** 2).sum() / spread) if spread > 0 and np.ptp(truth) > 0 else math.nan


# the metrics that see only which labels are predicted: from how often each class (row) was predicted as each (column)
BY_COUNTS: dict[str, Callable[[Array], float]] = {
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
