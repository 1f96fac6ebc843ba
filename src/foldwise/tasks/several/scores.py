"""Scores of several numbers, from condensed rows (rows, numbers, 4): truth, prediction, unit and weight of each.

A mean over numbers of different units means nothing. So the errors of each number are divided by its unit, the standard
deviation of the rows that a study learns from, before they are averaged by weight. R2 has no unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.target_columns import TargetColumn

Floats = npt.NDArray[np.float64]
TRUTH, PREDICTION, UNIT, WEIGHT = range(4)
ROUNDING = 1e-12  # a spread of equal numbers, computed from squares, is within this share of them


def condense(truth: Floats, predictions: Floats, columns: Sequence[TargetColumn]) -> Floats:
    """Truth and predictions, (rows, numbers) each, with unit and weight of each number."""
    rows = np.empty((*truth.shape, 4))
    rows[..., TRUTH], rows[..., PREDICTION] = truth, predictions
    rows[..., UNIT] = [column.unit for column in columns]
    rows[..., WEIGHT] = [column.weight for column in columns]
    return rows


def of_numbers(rows: Floats, times: Floats | None = None) -> Mapping[str, Floats]:
    """The scores of each number: rmse and mae in its own unit, r2, (draws, numbers) each.

    Args:
        rows: condensed.
        times: how often each row counts, (draws, rows); None counts each once, in one draw.
    """
    weights = np.ones((1, len(rows))) if times is None else times.astype(np.float64)
    counted = weights.sum(axis=1, keepdims=True)
    known = counted > 0

    def mean(values: Floats) -> Floats:
        return np.where(known, weights @ values / np.maximum(counted, 1.0), np.nan)

    truth, errors = rows[..., TRUTH], rows[..., TRUTH] - rows[..., PREDICTION]
    centred = truth - (truth.mean(axis=0) if len(truth) else 0.0)
    squares, whole = mean(errors**2), mean(centred**2)
    spread = whole - mean(centred) ** 2
    varied = spread > ROUNDING * whole
    r2 = np.where(varied, 1.0 - squares / np.where(varied, spread, 1.0), np.nan)
    return {"rmse": np.sqrt(squares), "mae": mean(np.abs(errors)), "r2": r2}


def _in_units(name: str) -> Callable[[Mapping[str, Floats], Floats], Floats]:
    return lambda each, units: each[name] / units


# metric -> the score of each number that it is the mean of
MEANS: Mapping[str, Callable[[Mapping[str, Floats], Floats], Floats]] = {
    "mean_rmse": _in_units("rmse"),
    "mean_mae": _in_units("mae"),
    "mean_r2": lambda each, units: each["r2"],
}


def weighted_means(rows: Floats, metric: str, times: Floats | None = None) -> Floats:
    """A mean over numbers, (draws,): nan where it is not defined for one of them, or where a prediction is not finite."""
    if not len(rows) or not np.isfinite(rows[..., PREDICTION]).all():
        return np.full(1 if times is None else len(times), np.nan)
    own = MEANS[metric](of_numbers(rows, times), rows[0, :, UNIT])
    weights = rows[0, :, WEIGHT]
    found: Floats = own @ (weights / weights.sum())
    return found


def by_number(rows: Floats, names: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
    """The scores of each number that are defined, by its name: rmse, mae and r2 in its own unit."""
    if not len(rows):
        return {}
    each: Mapping[str, Any] = of_numbers(rows)
    found = {name: {score: float(values[0, place]) for score, values in each.items()} for place, name in enumerate(names)}
    return {name: {score: value for score, value in own.items() if not math.isnan(value)} for name, own in found.items()}
