"""Metrics of many models on the same rows under many row weights at once, as a bootstrap of a whole search needs them.

Weights are the numbers of times that a resample draws each row. A metric under weights is the metric of the resample; a test
holds each equal to `metrics.scorer` on the drawn rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.metrics import BY_COUNTS, counts_labels, log_losses, shares_of_places
from foldwise.models.heads import label_codes
from foldwise.spec.goal import Task, top_k

Array = npt.NDArray[Any]
ROUNDING = 1e-12  # a spread of equal numbers, computed from squares, is within this share of them
Weighted = Callable[[Array], Array]  # weights (draws, rows) -> scores (draws, models)


def under_weights(
    task: Task, labels: int, metric: str, truth: Array, models: Sequence[Array], thresholds: Sequence[Array | float]
) -> Weighted:
    """A metric as a function of row weights.

    Args:
        task: what was predicted.
        labels: how many classes there are; 0 for regression.
        metric: one of goal.METRICS, or a top-k accuracy.
        truth: codes or values, (rows,).
        models: the predictions of each, (rows, classes) or (rows,).
        thresholds: of two labels, for each model, a number or (rows,).

    Returns:
        (draws, rows) numbers of times -> (draws, models) scores; nan where a class that the metric needs is missing.
    """
    if task == "regression":
        return _of_values(metric, truth, np.column_stack(models))
    if metric == "accuracy":
        codes = [label_codes(model, at) for model, at in zip(models, thresholds, strict=True)]
        return _mean_of(np.column_stack([own == truth for own in codes]).astype(np.float64))
    if counts_labels(metric):
        codes = [label_codes(model, at) for model, at in zip(models, thresholds, strict=True)]
        return _of_counts(metric, labels, truth, np.column_stack(codes))
    if metric == "log_loss":
        return _mean_of(np.column_stack([log_losses(truth, model) for model in models]))
    count = top_k(metric)
    if count is not None:
        return _mean_of(np.column_stack([shares_of_places(count, truth, model) for model in models]))
    by_rank = {"roc_auc": _roc_auc, "pr_auc": _pr_auc}[metric]
    classes = (1,) if labels == 2 else range(labels)
    ranked = [[_Ranked(truth == code, model[:, code]) for code in classes] for model in models]
    return lambda weights: np.column_stack([np.mean([by_rank(weights, one) for one in of], axis=0) for of in ranked])


def is_mean_of_rows(metric: str) -> bool:
    """Whether a metric is cheap under weights: it needs sums over rows, and no order of them."""
    return metric not in ("roc_auc", "pr_auc")


class _Ranked:
    """Rows in the order of their scores, the highest first. ends: the last row of each group of equal scores."""

    def __init__(self, positive: Array, scores: Array) -> None:
        self.order = np.argsort(-scores, kind="stable")
        self.positive = positive[self.order]
        self.ends = np.append(np.flatnonzero(np.diff(scores[self.order])), len(scores) - 1)


def _mean_of(rows: Array) -> Weighted:
    def mean(weights: Array) -> Array:
        drawn = weights.sum(axis=1, keepdims=True)
        return np.where(drawn > 0, weights @ rows / np.maximum(drawn, 1.0), np.nan)

    return mean


def _of_values(metric: str, truth: Array, values: Array) -> Weighted:
    errors = truth[:, None] - values
    if metric == "mae":
        return _mean_of(np.abs(errors))
    squares = _mean_of(errors**2)
    if metric == "mse":
        return squares
    if metric == "rmse":
        return lambda weights: np.sqrt(squares(weights))
    centred = (truth - truth.mean())[:, None]
    mean, square = _mean_of(centred), _mean_of(centred**2)

    def r2(weights: Array) -> Array:
        whole = square(weights)
        spread = whole - mean(weights) ** 2
        varied = spread > ROUNDING * whole
        return np.where(varied, 1.0 - squares(weights) / np.where(varied, spread, 1.0), np.nan)

    return r2


def _of_counts(metric: str, labels: int, truth: Array, codes: Array) -> Weighted:
    """A metric of the confusion matrix. codes: predicted labels, (rows, models)."""
    by_counts = BY_COUNTS[metric]
    of_class = [np.flatnonzero(truth == code) for code in range(labels)]
    predicted = [[(codes[rows] == code).astype(np.float64) for code in range(labels)] for rows in of_class]

    def scores(weights: Array) -> Array:
        counts = np.empty((len(weights), codes.shape[1], labels, labels))
        for own, rows in enumerate(of_class):
            for code in range(labels):
                counts[:, :, own, code] = weights[:, rows] @ predicted[own][code]
        return np.array([[by_counts(one) for one in of_draw] for of_draw in counts])

    return scores


def _hits_and_misses(weights: Array, ranked: _Ranked) -> tuple[Array, Array]:
    """Positive and negative rows above each threshold, (draws, thresholds), from the highest score downwards."""
    own = weights[:, ranked.order]
    hits = np.cumsum(np.where(ranked.positive, own, 0), axis=1)[:, ranked.ends]
    return hits, np.cumsum(own, axis=1)[:, ranked.ends] - hits


def _roc_auc(weights: Array, ranked: _Ranked) -> Array:
    hits, misses = _hits_and_misses(weights, ranked)
    steps, pairs = np.diff(misses, axis=1, prepend=0), hits[:, -1] * misses[:, -1]
    area = (steps * (hits - np.diff(hits, axis=1, prepend=0) / 2)).sum(axis=1)
    return np.where(pairs > 0, area / np.where(pairs > 0, pairs, 1), np.nan)


def _pr_auc(weights: Array, ranked: _Ranked) -> Array:
    hits, misses = _hits_and_misses(weights, ranked)
    both = (hits[:, -1] > 0) & (misses[:, -1] > 0)
    precision = hits / np.maximum(hits + misses, 1)
    area = (np.diff(hits, axis=1, prepend=0) * precision).sum(axis=1)
    return np.where(both, area / np.where(both, hits[:, -1], 1), np.nan)
