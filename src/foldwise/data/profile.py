"""Profiles of the columns of training rows, to compare new rows with, in serving and before a retraining."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import truth_aliases
from foldwise.data.schema import Schema
from foldwise.spec.data import FeatureKind

BINS = 10
MOST_LEVELS = 100

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ColumnProfile:
    """The profile of a column, plain values only.

    missing: the share of rows without a value; all other shares are of the rows with one.
    low, high: the range of a number, or of a date in seconds since 1970 UTC; None if all are missing.
    edges: ascending borders between bins, at most 9; a border belongs to the upper bin.
    shares: the shares of the bins, one more than edges; () without numbers.
    levels: the shares of a category's most frequent levels, at most 100, the most frequent first.
    """

    name: str
    kind: FeatureKind
    missing: float
    low: float | None = None
    high: float | None = None
    edges: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    levels: Mapping[str, float] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[float, ...]:
        """The shares to compare with `binned`: of the bins, or of the levels and of all other levels together."""
        if self.kind != "category":
            return self.shares
        return (*self.levels.values(), max(0.0, 1.0 - sum(self.levels.values())))


def profile_of(frame: pd.DataFrame, schema: Schema) -> tuple[ColumnProfile, ...]:
    """The profile of each column of conformed rows, (rows, columns of schema)."""
    return tuple(_profile(column.name, column.kind, frame[column.name]) for column in schema.columns)


def binned(profile: ColumnProfile, cells: pd.Series[Any]) -> tuple[float, ...]:
    """The shares of new conformed cells (rows,) in the bins or levels of a profile, to compare with its `parts`.

    A number outside the range is in the first or last bin; True, TRUE and true are one level, as for the model. All
    shares are 0 if every cell is missing; a text column has none.
    """
    if profile.kind == "category":
        aliases = truth_aliases(profile.levels)
        counts = Counter(aliases.get(cell, cell) for cell in cells.to_list() if cell is not None)
        known = [counts[level] for level in profile.levels]
        return _shares([*known, counts.total() - sum(known)])
    if profile.kind == "text" or not profile.shares:
        return ()
    return _shares(_counts(seconds_or_numbers(cells), profile.edges))


def as_numbers(cells: pd.Series[Any]) -> Floats:
    """A conformed number or date column as numbers (rows,), nan if missing; moments in seconds since 1970 UTC."""
    values = cells.to_numpy()
    if values.dtype.kind == "M":
        return np.where(np.isnat(values), np.nan, values.astype("datetime64[us]").astype(np.int64) / 1e6)
    return np.asarray(values, dtype=np.float64)


def seconds_or_numbers(cells: pd.Series[Any]) -> Floats:
    """The known cells of a number or date column as numbers."""
    values = as_numbers(cells)
    return values[~np.isnan(values)]


def _profile(name: str, kind: FeatureKind, cells: pd.Series[Any]) -> ColumnProfile:
    missing = float(cells.isna().mean()) if len(cells) else 0.0
    if kind == "category":
        counts = Counter(cell for cell in cells.to_list() if cell is not None)
        often = sorted(counts, key=lambda level: (-counts[level], level))[:MOST_LEVELS]
        return ColumnProfile(name, kind, missing, levels={level: counts[level] / counts.total() for level in often})
    values = seconds_or_numbers(cells) if kind in ("number", "date") else np.empty(0)
    if not len(values):
        return ColumnProfile(name, kind, missing)
    edges = _edges(values)
    low, high = float(values.min()), float(values.max())
    return ColumnProfile(name, kind, missing, low, high, edges, _shares(_counts(values, edges)))


def _edges(values: Floats) -> tuple[float, ...]:
    """The distinct deciles; a value that fills several gets a bin of its own, ended by the next greater value."""
    distinct = np.unique(values)
    edges: list[float] = []
    last = float(distinct[0])
    for decile in np.quantile(values, np.arange(1, BINS) / BINS, method="inverted_cdf"):
        edge = float(decile)
        if edge == last:
            place = int(np.searchsorted(distinct, last, side="right"))
            edge = float(distinct[place]) if place < len(distinct) else last
        if edge > last:
            edges.append(edge)
            last = edge
    return tuple(edges)


def _counts(values: Floats, edges: Sequence[float]) -> list[int]:
    places = np.searchsorted(np.array(edges, dtype=np.float64), values, side="right")
    counts: list[int] = np.bincount(places, minlength=len(edges) + 1).tolist()
    return counts


def _shares(counts: Sequence[int]) -> tuple[float, ...]:
    total = max(sum(counts), 1)
    return tuple(count / total for count in counts)
