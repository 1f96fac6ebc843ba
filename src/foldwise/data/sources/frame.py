"""pandas DataFrames, read into cells that mean the same as those of a CSV or Parquet file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from foldwise.data.cells import level_in
from foldwise.errors import DataError
from foldwise.spec.data import ColumnKind

PLACE = "the frame"

# the beginning of the name of a dtype that is not supported -> its meaning and the remedy
REFUSED = {
    "timedelta": "a duration; make it a number, as by .dt.total_seconds()",
    "duration": "a duration; make it a number, as by .dt.total_seconds()",
    "period": "a period; make it a date, as by .dt.to_timestamp()",
    "interval": "an interval; make it a category of text, as by .astype(str)",
    "complex": "complex; split it into .real and .imag",
}


def read_names(frame: pd.DataFrame) -> tuple[str, ...]:
    """The column names of a frame.

    Raises:
        DataError: it has no rows, several levels of columns, or a column name that is not text or occurs twice.
    """
    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(
            f"{PLACE}: its columns have {frame.columns.nlevels} levels; join them, "
            "as by frame.columns = ['_'.join(map(str, name)) for name in frame.columns]"
        )
    names = list(frame.columns)
    odd = [name for name in names if not isinstance(name, str) or not name.strip()]
    if odd:
        raise DataError(
            f"{PLACE}: the column name {odd[0]!r} is not text; rename it, as by frame.columns = frame.columns.map(str), "
            "and name the columns of rows to be predicted in the same way"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{PLACE}: the column {twice[0]} occurs twice; rename one")
    if not len(frame):
        raise DataError(f"{PLACE}: it has no rows; add rows")
    return tuple(names)


def read_rows(frame: pd.DataFrame, marks: frozenset[str]) -> pd.DataFrame:
    """All rows, indexed by their place; text is stripped, marks are None. The frame is not changed.

    Raises:
        DataError: as `read_names`, or a column has an unsupported dtype or cell.
    """
    columns = {name: _cells(name, frame[name], marks) for name in read_names(frame)}
    return pd.DataFrame({name: cells.set_axis(pd.RangeIndex(len(frame))) for name, cells in columns.items()})


def declared_kinds(frame: pd.DataFrame) -> Mapping[str, ColumnKind]:
    """The kinds that dtypes declare: a column of dtype category is a category, even where its levels are numbers."""
    return {str(name): "category" for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)}


def notes_on(frame: pd.DataFrame) -> tuple[str, ...]:
    """A note if the index has names, which are not read."""
    names = [str(name) for name in frame.index.names if name is not None]
    if not names:
        return ()
    rule = f"the frame's index ({', '.join(names)}) is not a column"
    return (f"{rule}; frame.reset_index() makes it one, as data.row_key, data.group or data.time may need",)


def _cells(name: str, cells: pd.Series[Any], marks: frozenset[str]) -> pd.Series[Any]:
    dtype: Any = cells.dtype
    if isinstance(dtype, pd.SparseDtype):
        cells = cells.astype(dtype.subtype)
        dtype = cells.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        levels = _cells(name, dtype.categories.to_series(), marks).to_list()
        words = [level if level is None or isinstance(level, str | date) else level_in(level) for level in levels]
        return pd.Series([None if code < 0 else words[code] for code in cells.cat.codes], dtype=object)
    for beginning, proposal in REFUSED.items():
        if str(dtype).lower().startswith(beginning):
            raise DataError(f"column {name} has dtype {dtype}, {proposal}")
    kind = pd.api.types
    if kind.is_integer_dtype(dtype) and not cells.hasnans and not cells.isna().any():
        return pd.Series(cells.to_numpy(np.uint64 if kind.is_unsigned_integer_dtype(dtype) else np.int64))
    if kind.is_float_dtype(dtype):
        return pd.Series(cells.to_numpy(np.float64, na_value=np.nan))
    values = cells.to_list()
    return pd.Series([_cell(name, row, value, marks) for row, value in enumerate(values, 1)], dtype=object)


def _cell(name: str, row: int, cell: Any, marks: frozenset[str]) -> Any:
    """A cell as Python's own text, number, truth value or moment, None if missing."""
    if isinstance(cell, str):
        return None if cell.strip() in marks else cell.strip()
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, pd.Timestamp):
        return cell.to_pydatetime(warn=False)
    if isinstance(cell, float):
        return None if math.isnan(cell) else cell
    if isinstance(cell, Decimal):
        return None if cell.is_nan() else float(cell)
    if isinstance(cell, bool | int | datetime | date):
        return cell
    raise DataError(
        f"column {name}, row {row}: holds a {type(cell).__name__}; give a number, text, a truth value or a date, "
        f"split it into columns, or leave it out of the frame"
    )
