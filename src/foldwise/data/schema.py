"""The columns that a model takes, and the one function that types raw rows for them, in training and in serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import LARGEST, folded, level_in, moment_in, number_in, numbers_in, shown
from foldwise.data.written import plain_cells
from foldwise.errors import DataError
from foldwise.spec.data import FeatureKind
from foldwise.system.known_words import did_you_mean

NESTED = (list, tuple, dict, set, np.ndarray)


@dataclass(frozen=True)
class Column:
    """A feature column. written: how its raw cells are written, if not plainly (see `written`)."""

    name: str
    kind: FeatureKind
    written: str = field(default="", repr=False)  # not in repr, as below: a table is the same however it is written


@dataclass(frozen=True)
class Schema:
    """The usable feature columns, in order; for images no columns, but their height, width and channels."""

    columns: tuple[Column, ...]
    image: tuple[int, int, int] | None = field(default=None, repr=False)  # not in repr, which table fingerprints hash

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(column.name for column in self.columns)

    def only(self, names: Set[str]) -> Schema:
        """The schema of these columns alone."""
        return replace(self, columns=tuple(column for column in self.columns if column.name in names))

    def of_kind(self, kind: FeatureKind) -> tuple[str, ...]:
        """The names of the columns of one kind."""
        return tuple(column.name for column in self.columns if column.kind == kind)


def conform(
    frame: pd.DataFrame, schema: Schema, *, decimal: str = ".", missing: Sequence[str] = ("",), join: bool = False
) -> pd.DataFrame:
    """Raw rows as the schema's columns: numbers float64 with nan, dates datetime64 with NaT, all else str or None.

    Columns are taken by name, in any order; others are ignored. `serving_rules` lists the rule for every case.

    Returns:
        (rows, columns of schema), with the index of `frame`.

    Raises:
        DataError: a column is missing or occurs twice, or as `conform_column`.
    """
    columns = {}
    for column in schema.columns:
        if column.name not in frame.columns:
            raise DataError(f"column {column.name} is missing{did_you_mean(column.name, map(str, frame.columns))}")
        cells = frame[column.name]
        if isinstance(cells, pd.DataFrame):
            raise DataError(f"column {column.name} occurs twice; rename one")
        plain = plain_cells(cells, column.written, decimal)
        try:
            columns[column.name] = conform_column(plain, column.kind, decimal, missing, join=join)
        except DataError as error:
            raise (
                DataError(f"{error} (training had cells written like {column.written})") if column.written else error
            ) from None
    return pd.DataFrame(columns, index=frame.index, copy=False)


def conform_column(
    cells: pd.Series[Any],
    kind: FeatureKind,
    decimal: str = ".",
    missing: Sequence[str] = ("",),
    known: Mapping[str, float | None] | None = None,
    join: bool = False,
) -> pd.Series[Any] | npt.NDArray[Any]:
    """One raw column, (rows,), typed.

    Args:
        cells: the raw cells.
        kind: the column's kind.
        decimal: the decimal mark of numbers in text.
        missing: text that means missing.
        known: texts that are parsed already, and their numbers.
        join: whether levels that differ only by case or space are one.

    Raises:
        DataError: a number column holds a word or a number that is not finite, a date column holds something else, or a
            cell is a list or a mapping.
    """
    marks = frozenset(missing)
    if kind == "number":
        return _numbers(cells, decimal, marks, known)
    if kind == "date":
        return _moments(cells, marks)
    # a Series: from an array of text pandas makes its own text type, with nan for None
    return pd.Series(levels_of(cells, decimal, marks, join), cells.index, dtype=object)


def _numbers(
    cells: pd.Series[Any], decimal: str, marks: frozenset[str], known: Mapping[str, float | None] | None
) -> npt.NDArray[np.float64]:
    if cells.dtype.kind in "iuf":
        values = cells.to_numpy(np.float64, na_value=np.nan)
    else:
        absent = cells.isna().to_numpy()
        parsed = numbers_in(cells.to_list(), decimal, known)
        numbers = [
            np.nan if gone or (isinstance(cell, str) and cell.strip() in marks) else value
            for cell, value, gone in zip(cells.to_list(), parsed, absent, strict=True)
        ]
        if None in numbers:
            place = numbers.index(None)
            where = f"column {cells.name}, row {row_number(cells, place)}"
            word = shown(cells.iloc[place])
            raise DataError(f"{where}: {word} is not a number; fix it, or list it in data.missing if it means missing")
        values = np.array(numbers, dtype=np.float64)
    if numeric_marks := [number for mark in marks if (number := number_in(mark, decimal)) is not None]:
        values = np.where(np.isin(values, numeric_marks), np.nan, values)
    beyond = np.flatnonzero(np.abs(values) > LARGEST)
    if len(beyond):
        where = f"column {cells.name}, row {row_number(cells, int(beyond[0]))}"
        also = f" (and in {len(beyond) - 1} more rows)" if len(beyond) > 1 else ""
        cell = cells.iloc[beyond[0]]
        value = shown(cell)[1:-1] if isinstance(cell, str) else values[beyond[0]]
        raise DataError(f"{where}: {value} is larger than a network can hold{also}; fix or drop the row")
    return values


def _moments(cells: pd.Series[Any], marks: frozenset[str]) -> npt.NDArray[np.datetime64]:
    absent = cells.isna().to_numpy()
    moments: list[datetime | None] = []
    for place, (cell, gone) in enumerate(zip(cells.to_list(), absent, strict=True)):
        missing = gone or (isinstance(cell, str) and cell.strip() in marks)
        moment = None if missing else moment_in(cell)
        if moment is None and not missing:
            where = f"column {cells.name}, row {row_number(cells, place)}: {shown(cell)}"
            raise DataError(
                f"{where} is not a date like 2020-12-31 or 2020-12-31T23:59:00; write it like that, set its format as "
                "data.dates.<column>, or list it in data.missing"
            )
        moments.append(moment)
    return np.array(moments, dtype="datetime64[us]")


def levels_of(cells: pd.Series[Any], decimal: str, marks: frozenset[str], join: bool = False) -> npt.NDArray[Any]:
    """Cells as canonical levels (rows,), None where missing; with `join` without regard to case and space."""
    absent = cells.isna().to_numpy()
    named: dict[tuple[type, Any], str | None] = {}  # by type too, because True == 1
    levels: list[str | None] = []
    for place, (cell, gone) in enumerate(zip(cells.to_list(), absent, strict=True)):
        if isinstance(cell, NESTED):
            where = f"column {cells.name}, row {row_number(cells, place)}"
            raise DataError(f"{where}: holds a {type(cell).__name__}; give a number, text, a truth value or a date")
        key = (cell.__class__, cell)
        if not gone and key not in named:
            name = level_in(cell, decimal)
            named[key] = None if name in marks else folded(name) if join else name
        levels.append(None if gone else named[key])
    return np.array(levels, dtype=object)


def row_number(cells: pd.Series[Any], place: int) -> int:
    """The row number, counted from 1; of the source, where the index has it."""
    label = cells.index[place]
    return int(label) + 1 if isinstance(label, int | np.integer) else place + 1
