"""The loss of each single row, from 0 to 1, for metrics that are a mean over rows or follow from one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.metrics import log_losses, shares_of_places
from foldwise.models.heads import THRESHOLD, label_codes
from foldwise.spec.goal import top_k

Array = npt.NDArray[Any]
Losses = npt.NDArray[np.float64]

# Losses without a natural end are capped at this quantile of the champion's. Simulated on errors with normal and with heavy
# tails: a lower cap hides a part of the gain, and under a cap at the largest loss of heavy tails nearly all rows look alike.
CAPPED_AT = 0.99
SQUARED = ("mse", "rmse", "r2")


@dataclass(frozen=True)
class RowLoss:
    """The loss by which two models are compared during a reign; fixed at its start, so that no later row can change it.

    bound: what counts as 1; a larger loss is capped. weights: of the classes, for balanced accuracy, else ().
    margin: `promotion.margin` in this loss, as a share of the bound; asked: the same in the goal's metric.
    """

    metric: str
    bound: float
    weights: tuple[float, ...]
    margin: float
    asked: float

    def of(self, truth: Array, predictions: Array, threshold: float = THRESHOLD) -> Losses:
        """The loss of each row, (rows,), from 0 to 1; an answer that is not a number costs 1.

        Args:
            truth: codes or values, (rows,).
            predictions: probabilities (rows, labels), or values (rows,).
            threshold: the model's, between two labels.
        """
        raw = _raw(self.metric, self.weights, truth, predictions, threshold)
        return np.asarray(np.nan_to_num(np.minimum(raw / self.bound, 1.0), nan=1.0), dtype=np.float64)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "weights": list(self.weights)}

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> RowLoss:
        """The inverse of `to_json`."""
        return RowLoss(**{**row, "weights": tuple(row["weights"])})


def fix_loss(metric: str, labels: int, truth: Array, champion: Array, threshold: float, margin: float) -> RowLoss:
    """The loss of a reign, from rows that were known when it began.

    Args:
        metric: one with a row loss.
        labels: number of labels; 0 for regression.
        truth: codes or values of the known rows, (rows,), at least one.
        champion: its predictions for these rows.
        threshold: the champion's, between two labels.
        margin: in the goal's metric.
    """
    if metric == "balanced_accuracy":
        shares = np.maximum(np.bincount(truth, minlength=labels), 1) / len(truth)
        weights = tuple((1.0 / (labels * shares)).tolist())
        return RowLoss(metric, max(weights), weights, margin / max(weights), margin)
    if metric == "accuracy" or top_k(metric) is not None:
        return RowLoss(metric, 1.0, (), margin, margin)
    raw = _raw(metric, (), truth, champion, threshold)
    raw = raw[np.isfinite(raw)]
    bound = float(np.quantile(raw, CAPPED_AT)) if len(raw) else 0.0
    if metric == "log_loss":  # a champion that is nearly always sure must not make one wrong answer cheap
        bound = max(bound, float(np.log(labels)))
    if not bound > 0.0:
        bound = 1.0
    in_loss = margin
    mean = float(raw.mean()) if len(raw) else 0.0
    if metric == "rmse":
        root = float(np.sqrt(mean))
        in_loss = root**2 - max(root - margin, 0.0) ** 2
    elif metric == "r2":
        in_loss = margin * float(truth.var())
    return RowLoss(metric, bound, (), in_loss / bound, margin)


def _raw(metric: str, weights: tuple[float, ...], truth: Array, predictions: Array, threshold: float) -> Array:
    """The loss of each row in its own unit, (rows,)."""
    if metric == "mae":
        return np.asarray(np.abs(truth - predictions))
    if metric in SQUARED:
        return np.asarray((truth - predictions) ** 2)
    if metric == "log_loss":
        return log_losses(truth, predictions)
    count = top_k(metric)
    if count is not None:
        return np.asarray(1.0 - shares_of_places(count, truth, predictions))
    wrong = (label_codes(predictions, threshold) != truth).astype(np.float64)
    wrong[~np.isfinite(predictions).all(axis=1)] = np.nan
    return np.asarray(wrong * np.asarray(weights)[truth]) if weights else wrong
