"""Metrics of predictions, by scikit-learn. What cannot be computed because a class is missing is nan, and says nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from foldwise.evaluation.numpy_metrics import Scorer, scorer
from foldwise.models.heads import THRESHOLD, label_codes
from foldwise.spec.goal import METRICS, Task

__all__ = ["confusion", "score", "scorer"]

Array = npt.NDArray[Any]
Labelled = Callable[[Array, Array, str], float]


def score(
    task: Task, labels_count: int, truth: Array, predictions: Array, threshold: float | Array = THRESHOLD
) -> dict[str, float]:
    """Every metric of goal.METRICS that the task has.

    Binary: class 1 is the positive one. Multiclass: macro averages, ROC AUC one against the rest.

    Args:
        task: what was predicted.
        labels_count: how many classes there are; 0 for regression.
        truth: codes or values, (rows,).
        predictions: class probabilities (rows, classes), or values (rows,).
        threshold: of two labels, a number or (rows,), as in label_codes.
    """
    names = [name for name, (_, tasks) in METRICS.items() if task in tasks]
    if task == "regression":
        return {name: float(_VALUES[name](truth, predictions)) for name in names}
    return {name: _score_classes(name, labels_count, truth, predictions, threshold) for name in names}


def quick_score(
    task: Task, labels_count: int, truth: Array, predictions: Array, threshold: float | Array = THRESHOLD
) -> dict[str, float]:
    """The same by quick_metrics: for trials, where scikit-learn's checks would take as long as the training."""
    names = [name for name, (_, tasks) in METRICS.items() if task in tasks]
    return {name: scorer(task, labels_count, name, threshold)(truth, predictions) for name in names}


def confusion(truth: Array, predictions: Array, threshold: float = THRESHOLD) -> npt.NDArray[np.int64]:
    """How often each class (row) was predicted as each class (column), (classes, classes)."""
    classes = predictions.shape[1]
    return np.asarray(
        metrics.confusion_matrix(truth, label_codes(predictions, threshold), labels=range(classes)), dtype=np.int64
    )


def _r2(truth: Array, values: Array) -> float:
    return math.nan if len(truth) < 2 or np.ptp(truth) == 0 else float(metrics.r2_score(truth, values))


_VALUES: dict[str, Scorer] = {
    "mse": metrics.mean_squared_error,
    "rmse": metrics.root_mean_squared_error,
    "mae": metrics.mean_absolute_error,
    "r2": _r2,
}


def _score_classes(metric: str, classes: int, truth: Array, probabilities: Array, threshold: float | Array) -> float:
    """A class that no row has makes metrics undefined that ask for a share of its rows, or for their ranks."""
    counts = np.bincount(truth, minlength=classes)
    if metric in _NEED_ALL_CLASSES and not counts.all():
        return math.nan
    if metric in _BY_PROBABILITY:
        return float(_BY_PROBABILITY[metric](truth, probabilities, classes))
    average = "binary" if classes == 2 else "macro"
    return float(_BY_LABEL[metric](truth, label_codes(probabilities, threshold), average))


def _specificity(truth: Array, labels: Array, average: str) -> float:
    """TN / (TN + FP), of class 0 where there are two, else the mean over the classes, each against the rest."""
    table = metrics.confusion_matrix(truth, labels)
    negatives = len(truth) - table.sum(axis=1)
    false_positives = table.sum(axis=0) - table.diagonal()
    shares = 1.0 - false_positives / negatives
    return float(shares[1] if average == "binary" else shares.mean())


def _mcc(truth: Array, labels: Array, average: str) -> float:
    """0 where only one label occurs; scikit-learn says so too, but with a warning."""
    return 0.0 if np.ptp(truth) == 0 or np.ptp(labels) == 0 else float(metrics.matthews_corrcoef(truth, labels))


def _roc_auc(truth: Array, probabilities: Array, classes: int) -> float:
    if classes == 2:
        return float(metrics.roc_auc_score(truth, probabilities[:, 1]))
    each = [metrics.roc_auc_score(truth == code, probabilities[:, code]) for code in range(classes)]
    return float(np.mean(each))


def _pr_auc(truth: Array, probabilities: Array, classes: int) -> float:
    """Average precision."""
    codes = [1] if classes == 2 else range(classes)
    return float(np.mean([metrics.average_precision_score(truth == code, probabilities[:, code]) for code in codes]))


_NEED_ALL_CLASSES = ("balanced_accuracy", "recall", "specificity", "roc_auc", "pr_auc")

_BY_LABEL: dict[str, Labelled] = {
    "accuracy": lambda truth, labels, average: metrics.accuracy_score(truth, labels),
    "balanced_accuracy": lambda truth, labels, average: metrics.recall_score(truth, labels, average="macro"),
    "precision": lambda truth, labels, average: metrics.precision_score(truth, labels, average=average, zero_division=0),
    "recall": lambda truth, labels, average: metrics.recall_score(truth, labels, average=average),
    "specificity": _specificity,
    "f1": lambda truth, labels, average: metrics.f1_score(truth, labels, average=average, zero_division=0),
    "mcc": _mcc,
}
_BY_PROBABILITY: dict[str, Callable[[Array, Array, int], float]] = {
    "log_loss": lambda truth, probabilities, classes: metrics.log_loss(truth, probabilities, labels=range(classes)),
    "roc_auc": _roc_auc,
    "pr_auc": _pr_auc,
}
