"""Partial dependence: the mean answer to all rows, as one column takes each of a few values in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.preparation.fold import Preparation
from foldwise.data.table import Table
from foldwise.evaluation.column_importance import FoldRows

Array = npt.NDArray[Any]

POINTS, OUTER = 17, 0.02  # numbers are looked at from this quantile to its opposite
FEW = 12  # a number with at most this many values, and a category, is looked at its values; a category at the most frequent


@dataclass(frozen=True, eq=False)
class Grid:
    """Values of a column, in order.

    cells: (points,), as the table has them. rows: how many rows have each, () for quantiles.
    """

    column: str
    kind: str
    cells: Array
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Dependence:
    """The mean answers of each fold's network to its validation rows, (folds, points, outputs)."""

    grid: Grid
    answers: npt.NDArray[np.float64]


def grid_of(table: Table, rows: Array, column: str) -> Grid | None:
    """The values at which a column is looked at: quantiles of a number or date, levels of a category; None for a text.

    Args:
        table: the data.
        rows: positions of the rows that may be looked at, (rows,).
        column: its name.
    """
    kind = next(one.kind for one in table.schema.columns if one.name == column)
    cells = table.frame[column].iloc[rows]
    if kind == "text":
        return None
    counts = cells.value_counts()  # without missing cells
    if kind == "category" or len(counts) <= FEW:
        counts = _in_order(counts.iloc[:FEW]) if kind == "category" else counts.sort_index()
        return Grid(column, kind, counts.index.to_numpy(), tuple(int(n) for n in counts)) if len(counts) > 1 else None
    known = cells.dropna().to_numpy()
    at = np.quantile(known.astype(np.float64), np.linspace(OUTER, 1.0 - OUTER, POINTS), method="nearest")
    values = np.unique(at)
    return Grid(column, kind, values.astype(np.int64).astype(known.dtype) if kind == "date" else values)


def _in_order(counts: pd.Series[int]) -> pd.Series[int]:
    """Levels that are numbers by size, others as they are: the most frequent first."""
    numbers = pd.to_numeric(pd.Series(counts.index, dtype=object), errors="coerce").to_numpy(np.float64)
    return counts if np.isnan(numbers).any() else counts.iloc[np.argsort(numbers, kind="stable")]


def dependence(
    table: Table, grid: Grid, folds: Sequence[FoldRows], preparations: Sequence[Preparation]
) -> npt.NDArray[np.float64]:
    """The mean answers, (folds, points, outputs): probabilities of all classes, or one number.

    Args:
        table: the data; any row of it lends the cells of the other columns, which are not looked at.
        grid: the values.
        folds: rows and network of each fold.
        preparations: of each fold.

    Source: Friedman 2001, "Greedy function approximation: a gradient boosting machine".
    """
    lent = table.frame.iloc[np.zeros(len(grid.cells), dtype=np.int64)].reset_index(drop=True)
    lent[grid.column] = pd.Series(grid.cells, dtype=table.frame[grid.column].dtype)
    found = []
    for fold, preparation in zip(folds, preparations, strict=True):
        features = np.flatnonzero(np.isin(fold.columns, [grid.column]))
        points = preparation.transform(lent)[:, features]
        x = np.tile(fold.x, (len(points), 1))
        x[:, features] = np.repeat(points, len(fold.x), axis=0)
        found.append(fold.predict(x).reshape(len(points), len(fold.x), -1).mean(axis=1))
    return np.array(found, dtype=np.float64)
