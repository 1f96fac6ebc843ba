"""Parquet files, read into cells that mean the same as those of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from foldwise.errors import DataError


def read_names(path: Path) -> tuple[str, ...]:
    """The column names of a Parquet file.

    Raises:
        DataError: it is no Parquet file, holds no row, or names a column twice.
    """
    file = _open(path)
    names = tuple(str(name) for name in file.schema_arrow.names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the column {twice[0]} is there twice; rename one")
    if not file.metadata.num_rows:
        raise DataError(f"{path}: the file holds no row")
    return names


def read_chunks(path: Path, marks: frozenset[str], size: int) -> Iterator[pd.DataFrame]:
    """Rows, `size` at a time, indexed by their place in the file; text is stripped and marks are None."""
    start = 0
    for batch in _open(path).iter_batches(batch_size=size):
        index = pd.RangeIndex(start, start + batch.num_rows)
        columns = zip(batch.schema.names, batch.schema.types, batch.columns, strict=True)
        yield pd.DataFrame({str(name): _cells(kind, values, marks).set_axis(index) for name, kind, values in columns})
        start += batch.num_rows


def count_rows(path: Path) -> int:
    """How many rows a Parquet file says it has."""
    return int(_open(path).metadata.num_rows)


def _open(path: Path) -> Any:
    try:
        return parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        first = str(error).split(".", maxsplit=1)[0]
        raise DataError(f"{path}: is no Parquet file that can be read ({first})") from None


def _cells(kind: Any, values: Any, marks: frozenset[str]) -> pd.Series[Any]:
    if pa.types.is_dictionary(kind):
        values, kind = values.dictionary_decode(), kind.value_type
    if pa.types.is_integer(kind) and not values.null_count:
        return pd.Series(values.to_numpy(zero_copy_only=False))
    if pa.types.is_floating(kind):
        return pd.Series(values.to_numpy(zero_copy_only=False).astype("float64"))
    if pa.types.is_decimal(kind):
        return pd.Series([None if cell is None else float(cell) for cell in values.to_pylist()], dtype="float64")
    cells = values.to_pylist()  # whole numbers with gaps, truth values, dates, text: Python's own, None where missing
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pd.Series(cells, dtype=object)
    return pd.Series([_text(cell, marks) for cell in cells], dtype=object)


def _text(cell: Any, marks: frozenset[str]) -> str | None:
    if cell is None:
        return None
    text = cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
    return None if text.strip() in marks else text.strip()
