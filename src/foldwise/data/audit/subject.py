"""The input of the audit: the rows, their folds, and a sample of them for checks of single columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.seeds import Purpose, generator

Positions = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEW_ROWS = 30  # with fewer, any finding of a single column may be chance
IMAGES_AT_ONCE = 4096
TRAIN_ROWS, VALID_ROWS, ALL_FOLDS, MANY_FOLDS = 4000, 1000, 2000, 2


@dataclass(frozen=True, eq=False)
class Subject:
    """A table, its development rows (positions), their folds, and the holdout, of which only cells are compared."""

    table: Table
    rows: Positions
    splits: Sequence[Split]
    holdout: Table | None = None

    @property
    def outputs(self) -> int:
        """The number of classes; 0 for regression."""
        return len(self.table.labels)

    @cached_property
    def answers(self) -> npt.NDArray[Any]:
        """Class codes, else ranks in (0, 1] among the development rows, (rows of table,).

        Ranks show a copy of the target on any scale, and are robust to outliers.
        """
        if self.outputs:
            return self.table.target
        ranks = np.zeros(len(self.table))
        ranks[self.rows] = pd.Series(self.table.target[self.rows]).rank(pct=True).to_numpy()
        return ranks

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The feature columns."""
        return self.table.schema.names

    def values(self, column: str) -> Floats:
        """A feature as sortable numbers, (rows of table,): a category as codes, infinity where missing."""
        cells = self.table.frame[column]
        if cells.dtype.kind == "M":
            return ticks(cells.to_numpy())
        if column in self.numbers:
            known: Floats = cells.to_numpy(np.float64)
            return np.where(np.isnan(known), np.inf, known) + 0.0
        return codes(cells)

    def gaps(self, column: str) -> npt.NDArray[np.bool_]:
        """Whether the cells of a feature are missing, (rows of table,)."""
        return self.table.frame[column].isna().to_numpy()

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The feature columns that are numbers."""
        return frozenset(self.table.schema.of_kind("number"))

    @cached_property
    def features_hash(self) -> npt.NDArray[np.uint64]:
        """A hash of each row's features, (rows of table,)."""
        return table_hashes(self.table)

    @cached_property
    def rows_hash(self) -> npt.NDArray[np.uint64]:
        """A hash of each row's features and target, (rows of table,)."""
        return self.features_hash * np.uint64(0x9E3779B97F4A7C15) + target_hashes(self.table)

    @cached_property
    def folds(self) -> tuple[Split, ...]:
        """The folds without duplicate rows; for many rows the first and the last fold with a sample of their rows."""
        _, first = np.unique(self.rows_hash[self.rows], return_index=True)
        distinct = np.zeros(len(self.table), dtype=np.bool_)
        distinct[self.rows[first]] = True
        many = len(self.rows) > ALL_FOLDS
        splits = [self.splits[0], self.splits[-1]][: len(self.splits)] if many else self.splits
        draw = generator(Purpose.AUDIT, 0)

        def some(rows: Positions, most: int) -> Positions:
            rows = rows[distinct[rows]]
            return np.sort(draw.choice(rows, most, replace=False)) if len(rows) > most else rows

        return tuple(Split(some(split.train, TRAIN_ROWS), some(split.valid, VALID_ROWS)) for split in splits)


def ticks(times: npt.NDArray[Any]) -> Floats:
    """Moments or numbers as numbers, (rows,), infinity where missing."""
    known = ~np.isnat(times) if times.dtype.kind == "M" else np.isfinite(times)
    values = np.full(len(times), np.inf)
    values[known] = times[known].astype(np.int64 if times.dtype.kind == "M" else np.float64).astype(np.float64)
    return values


def codes(cells: pd.Series[Any]) -> Floats:
    """Levels as numbers in the order of their names, (rows,), infinity where missing."""
    known = cells.notna().to_numpy()
    values = np.full(len(cells), np.inf)
    values[known], _ = pd.factorize(cells[known].map(str), sort=True)
    return values


def table_hashes(table: Table) -> npt.NDArray[np.uint64]:
    """A hash of each row's features, (rows,)."""
    return hashes(table.frame) if table.images is None else image_hashes(table.images)


def target_hashes(table: Table) -> npt.NDArray[np.uint64]:
    """A hash of each row's target, (rows,)."""
    if not table.classes:
        return pd.util.hash_array(table.target)
    return image_hashes(np.ascontiguousarray(table.target).view(np.uint8).reshape(len(table), -1))


def image_hashes(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """A hash of each image, (rows,): words of eight pixels, each mixed with its place, then summed.

    Source: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators (2014): the mixing of a word.
    """
    flat = images.reshape(len(images), -1)
    words = -(-flat.shape[1] // 8)
    places = np.arange(1, words + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    out = np.empty(len(flat), dtype=np.uint64)
    for start in range(0, len(flat), IMAGES_AT_ONCE):
        block = flat[start : start + IMAGES_AT_ONCE]
        padded = np.zeros((len(block), words * 8), dtype=np.uint8)
        padded[:, : block.shape[1]] = block
        mixed = padded.view("<u8").astype(np.uint64) + places
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out[start : start + IMAGES_AT_ONCE] = (mixed ^ (mixed >> np.uint64(31))).sum(axis=1, dtype=np.uint64)
    return out


def hashes(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """A hash of each row, (rows,): equal for equal cells, and with 64 bits different for others."""
    out = np.zeros(len(frame), dtype=np.uint64)
    for name in frame.columns:
        cells = frame[name].to_numpy()
        if cells.dtype.kind == "f":
            cells = np.where(np.isnan(cells), np.nan, cells) + 0.0
        out = out * np.uint64(0x9E3779B97F4A7C15) + pd.util.hash_array(cells)
    return out
