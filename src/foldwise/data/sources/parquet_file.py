"""Parquet files, read into cells that mean the same as those of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from foldwise.errors import DataError

if TYPE_CHECKING:  # names are checked before pandas is imported
    import pandas as pd


def read_parquet(
    file: BufferedReader, path: Path, marks: frozenset[str], size: int
) -> tuple[tuple[str, ...], Iterator[pd.DataFrame]]:
    """The column names of an open file, and its rows, `size` at a time, indexed by their place in the file.

    Args:
        file: at its beginning.
        path: for messages.
        marks: text that means missing; it becomes None. Other text is stripped.
        size: rows in a chunk.

    Raises:
        DataError: it is not a Parquet file, has no rows, or names a column twice.
    """
    opened = _opened(file, path)
    names = tuple(str(name) for name in opened.schema_arrow.names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the file has two columns {twice[0]}; rename one")
    if not opened.metadata.num_rows:
        raise DataError(f"{path}: the file has no rows; add rows")
    return names, _chunks(opened, marks, size)


def count_rows(path: Path) -> int:
    """The number of rows in the footer of a Parquet file."""
    with path.open("rb") as file:
        return int(_opened(file, path).metadata.num_rows)


def _opened(file: BufferedReader, path: Path) -> Any:
    try:
        return parquet.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        first = str(error).split(".", maxsplit=1)[0]
        raise DataError(f"{path}: is not a readable Parquet file ({first}); write the file again") from None


def _chunks(opened: Any, marks: frozenset[str], size: int) -> Iterator[pd.DataFrame]:
    import pandas as pd

    start = 0
    for batch in opened.iter_batches(batch_size=size):
        index = pd.RangeIndex(start, start + batch.num_rows)
        columns = zip(batch.schema.names, batch.schema.types, batch.columns, strict=True)
        yield pd.DataFrame({str(name): _cells(kind, values, marks).set_axis(index) for name, kind, values in columns})
        start += batch.num_rows


def _cells(kind: Any, values: Any, marks: frozenset[str]) -> pd.Series[Any]:
    import pandas as pd

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
    if pa.types.is_nested(kind):
        return pd.Series([_text(cell, marks) for cell in cells], dtype=object)
    known = {cell: _text(cell, marks) for cell in set(cells)}  # equal cells share their memory
    return pd.Series([known[cell] for cell in cells], dtype=object)


def _text(cell: Any, marks: frozenset[str]) -> str | None:
    if cell is None:
        return None
    text = cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
    return None if text.strip() in marks else text.strip()
