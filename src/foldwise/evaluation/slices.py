"""A model's score with its interval, on all rows and level by level of a column."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.system.numbers import shown

Array = npt.NDArray[Any]
Scorer = Callable[[Array, Array], float]

MOST_LEVELS = 12  # of a column; the rarer ones are taken together, and numbers are cut into quarters
QUARTERS = 4
RESAMPLES, RESAMPLED_ROWS, FEWEST_RESAMPLES = 1000, 10_000_000, 100  # fewer for many rows: their intervals are narrow
FEWEST_ROWS = 10  # a bootstrap of fewer rows has a much too narrow interval
NORMAL_95 = 1.959964
OTHERS, MISSING = "(others)", "(missing)"


@dataclass(frozen=True)
class Scored:
    """A score of some rows. low, high: the 95 % interval. All are None where they cannot be computed."""

    rows: int
    score: float | None
    low: float | None
    high: float | None


def with_interval(score: Scorer, metric: str, truth: Array, predictions: Array, seed: int) -> Scored:
    """A model's score on these rows.

    Args:
        score: truth, predictions -> the metric; `metrics.scorer` makes one.
        metric: its name. Accuracy has Wilson's interval, which holds for few rows too; any other a bootstrap of rows.
        truth: codes or values, (rows,).
        predictions: (rows, classes) or (rows,).
        seed: of the bootstrap.

    Source: Wilson 1927, "Probable inference"; Efron and Tibshirani 1993, the percentile interval.
    """
    rows = len(truth)
    value = score(truth, predictions) if rows else math.nan
    if not math.isfinite(value):
        return Scored(rows, None, None, None)
    if metric == "accuracy":
        return Scored(rows, value, *wilson(value, rows))
    if rows < FEWEST_ROWS:
        return Scored(rows, value, None, None)
    draws, found = np.random.default_rng(seed), []
    for _ in range(min(RESAMPLES, max(FEWEST_RESAMPLES, RESAMPLED_ROWS // rows))):
        at = draws.integers(0, rows, rows)
        found.append(score(truth[at], predictions[at]))
    known = np.array(found)[np.isfinite(found)]
    if not len(known):
        return Scored(rows, value, None, None)
    low, high = (float(bound) for bound in np.percentile(known, [2.5, 97.5]))
    return Scored(rows, value, low, high)


def wilson(share: float, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share of rows."""
    z2 = NORMAL_95**2
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = NORMAL_95 / (1 + z2 / rows) * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def levels_of(cells: pd.Series[Any]) -> dict[str, npt.NDArray[np.bool_]]:
    """Level -> the rows that have it, (rows,): the levels of a column, of numbers with many values its quarters.

    Args:
        cells: raw cells, (rows,).
    """
    missing = cells.isna().to_numpy() | (cells.astype(str).str.strip() == "").to_numpy()
    known = cells[~missing]
    if pd.api.types.is_numeric_dtype(known) and known.nunique() > MOST_LEVELS:
        found = _quarters(cells.to_numpy(dtype=np.float64, na_value=math.nan))
    else:
        found = _named(cells.map(_text), missing)
    return found | ({MISSING: missing} if missing.any() else {})


def _named(cells: pd.Series[str], missing: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.bool_]]:
    counts = cells[~missing].value_counts()
    most = len(counts) if len(counts) <= MOST_LEVELS else MOST_LEVELS - 1
    found = {str(level): (cells == level).to_numpy() & ~missing for level in counts.index[:most]}
    rest = ~missing & ~np.logical_or.reduce([*found.values(), np.zeros(len(cells), dtype=bool)])
    return found | ({OTHERS: rest} if rest.any() else {})


def _quarters(values: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.bool_]]:
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, QUARTERS + 1)))
    found = {}
    for place, (low, high) in enumerate(pairwise(edges)):
        last = place == len(edges) - 2
        inside = (values >= low) & ((values <= high) if last else (values < high))
        found[f"{shown(low)} to {'' if last else 'below '}{shown(high)}"] = inside
    return found


def _text(cell: Any) -> str:
    return shown(cell, digits=6) if isinstance(cell, float) else str(cell).strip()
