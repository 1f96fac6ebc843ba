"""Probabilities that mean what they say: a temperature, and where classes were balanced a bias, fitted on held-out rows.

Source: Platt 1999, "Probabilistic outputs for support vector machines" (two classes); Guo et al. 2017, "On calibration of
modern neural networks" (temperature).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

Array = npt.NDArray[Any]

FEWEST_ROWS = 50  # fewer rows do not fit two numbers
STEEPEST, SURE = 10.0, 1e-7  # bounds of the slope and its inverse; of a probability, from 0 and 1


@dataclass(frozen=True)
class Calibration:
    """Logits times a slope (1 / temperature), and for two classes plus a bias. It never changes the most probable label, nor,
    with the threshold of `threshold`, the label of two.
    """

    slope: float
    bias: float = 0.0

    def apply(self, probabilities: Array) -> Array:
        """Calibrated probabilities (rows, classes)."""
        logs = np.log(np.clip(probabilities, SURE, 1.0))
        if probabilities.shape[1] != 2:
            found: Array = softmax(self.slope * logs, axis=1)
            return found
        positive = expit(self.slope * (logs[:, 1] - logs[:, 0]) + self.bias)
        return np.column_stack([1.0 - positive, positive])

    def threshold(self, threshold: float) -> float:
        """The threshold of two labels that gives calibrated probabilities the same labels."""
        return float(self.apply(np.array([[1.0 - threshold, threshold]]))[0, 1])


def fit(truth: Array, probabilities: Array, *, bias: bool) -> Calibration:
    """The calibration with the least log loss under Platt's targets.

    They are not 1 and 0, but what n rows of a class can tell of the next one: (n + 1) / (n + 2) for its label, and the rest in
    equal parts for the others. With 1 and 0, rows that are all answered rightly would make the probabilities as extreme as the
    bounds let them, and the first wrong answer would cost more than all that was gained.

    Args:
        truth: codes of labels, (rows,).
        probabilities: (rows, classes), of rows that the network did not learn from.
        bias: whether two classes have a bias too: a network that learned from balanced classes needs it.
    """
    from scipy.optimize import minimize  # 0.2 s, and every door that reads a bundle's card reads this file

    shifts, targets = bias and probabilities.shape[1] == 2, _targets(truth, probabilities.shape[1])

    def loss(numbers: Array) -> float:
        found = np.maximum(_of(numbers, shifts).apply(probabilities), np.finfo(np.float64).tiny)
        return -float((targets * np.log(found)).sum(axis=1).mean())

    steep = math.log(STEEPEST)
    bounds = [(-steep, steep), *([(-20.0, 20.0)] if shifts else [])]
    return _of(minimize(loss, np.zeros(len(bounds)), method="L-BFGS-B", bounds=bounds).x, shifts)


def that_helps(truth: Array, probabilities: Array, folds: Array, *, bias: bool) -> Calibration | None:
    """The calibration on all these rows; None unless it lowers the log loss of rows that it was not fitted on.

    Each fold is calibrated by the others. The gain over all rows must be more than its standard error.

    Args:
        truth: codes of labels, (rows,).
        probabilities: (rows, classes).
        folds: the fold of each row, (rows,).
        bias: as in `fit`.
    """
    if len(truth) < FEWEST_ROWS or len(np.unique(folds)) < 2:
        return None
    gains = np.empty(len(truth))
    for fold in np.unique(folds):
        own = folds == fold
        fitted = fit(truth[~own], probabilities[~own], bias=bias)
        before = _losses(truth[own], np.clip(probabilities[own], SURE, 1.0))
        gains[own] = before - _losses(truth[own], fitted.apply(probabilities[own]))
    if gains.mean() <= gains.std(ddof=1) / math.sqrt(len(gains)):
        return None
    return fit(truth, probabilities, bias=bias)


def expected_error(truth: Array, probabilities: Array, bins: int = 15) -> float:
    """The expected calibration error: by how much confidence and accuracy differ, over bins of confidence of equal size."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    parts = np.array_split(np.argsort(confidence, kind="stable"), bins)
    gaps = [len(part) * abs(confidence[part].mean() - right[part].mean()) for part in parts if len(part)]
    return float(sum(gaps) / len(truth))


def _targets(truth: Array, classes: int) -> Array:
    """Platt's targets, (rows, classes)."""
    doubt = 1.0 / (np.bincount(truth, minlength=classes)[truth][:, None] + 2.0)
    found: Array = np.where(np.eye(classes)[truth] == 1.0, 1.0 - doubt, doubt / (classes - 1))
    return found


def _of(numbers: Array, shifts: bool) -> Calibration:
    return Calibration(math.exp(numbers[0]), float(numbers[1]) if shifts else 0.0)


def _losses(truth: Array, probabilities: Array) -> Array:
    losses: Array = -np.log(np.maximum(probabilities[np.arange(len(truth)), truth], np.finfo(np.float64).tiny))
    return losses
