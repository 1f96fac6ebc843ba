"""Values of a database or a library, as cells that mean the same as those of a CSV file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from foldwise.data.cells import hashable_text, number_in


def typed_cells(values: Sequence[Any], marks: frozenset[str]) -> pd.Series[Any]:
    """A column (rows,): int64 or float64 if all are numbers, else Python's own values with stripped text, None if missing.

    marks: text that means missing. Bytes are read as UTF-8; any other value becomes text.
    """
    if values and all(type(value) is int for value in values):
        whole = pd.Series(values)  # object beyond int64, so that long identifiers stay exact
        return whole if whole.dtype == "int64" else pd.Series(values, dtype=object)
    if any(isinstance(value, float | Decimal) for value in values) and all(
        value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool)) for value in values
    ):
        return pd.Series([math.nan if value is None else float(value) for value in values], dtype="float64")
    return pd.Series([_cell(value, marks) for value in values], dtype=object)


def in_order(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The rows (rows, columns) sorted by `keys` and then by all other columns: numbers before text, missing values last.

    So the order does not depend on a database, which promises none.
    """
    columns = [frame[name].to_list() for name in (*keys, *(name for name in frame.columns if name not in keys))]
    places = sorted(range(len(frame)), key=lambda row: [_sortable(column[row]) for column in columns])
    return frame.iloc[places].reset_index(drop=True)


def _cell(value: Any, marks: frozenset[str]) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool | int | float | date):
        return value
    if isinstance(value, Decimal):
        return float(value)
    text = bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
    return None if text.strip() in marks else text.strip()


def _sortable(cell: Any) -> tuple[int, float, str]:
    if cell is None or cell != cell:  # noqa: PLR0124 true for nan
        return 2, 0.0, ""
    number = number_in(cell)
    return (1, 0.0, hashable_text(cell)) if number is None else (0, number, str(cell))
