"""Where raw rows come from: tables of scikit-learn and OpenML, tables made by a rule, files, databases, frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.data.sources import csv_file, database
from foldwise.errors import ConfigError, DataError, did_you_mean
from foldwise.spec.data import ColumnKind, CsvData, GivenHoldout, ParquetData, SklearnData, TableSpec
from foldwise.spec.images import ImageSpec
from foldwise.spec.places import Paths
from foldwise.spec.sources import FrameData, MadeData, OpenmlData, OtherTable, SqlData

if TYPE_CHECKING:  # pandas takes two seconds, and a misspelt column should be said before that
    import pandas as pd

Data = TableSpec | OtherTable
File = CsvData | ParquetData
Labelled = Data | ImageSpec  # whatever has a target


@dataclass(frozen=True, eq=False)
class Source:
    """Rows as they were found.

    frame: (rows, all columns), indexed by the zero-based row; text is stripped and what `data.missing` lists is None.
    place: what sentences call it.
    kinds: what the source itself says of its columns.
    """

    frame: pd.DataFrame
    place: str
    notes: tuple[str, ...] = ()
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)


def missing_marks(data: Labelled) -> tuple[str, ...]:
    """The cells that mean missing."""
    return getattr(data, "missing", ("",))


def decimal_mark(data: Labelled) -> str:
    """The decimal mark of numbers written as text."""
    return data.decimal if isinstance(data, CsvData) else "."


def check_source(data: Data, paths: Paths | None = None) -> None:
    """Say what is wrong with a file's header before anything heavy is imported; only files are looked at.

    Raises:
        ConfigError, DataError: as `read_source`.
    """
    if isinstance(data, FrameData):
        _check_frame(data)
    elif isinstance(data, File):
        path = find_file(data.path, data.name, paths or Paths(), "data.path")
        _check_columns(_header(path, data)[0], data, path)
    if isinstance(data, SqlData):
        _database_file(data, paths or Paths())
        database.password_of(data)
    if isinstance(data.holdout, GivenHoldout):
        find_file(data.holdout.path, getattr(data, "name", None), paths or Paths(), "data.holdout.path")


def read_source(data: Data, paths: Paths | None = None) -> Source:
    """All rows that `data` names, after its column names were checked.

    Raises:
        ConfigError: an option is wrong in itself.
        DataError: the file or one of its columns is not as `data` says.
    """
    if isinstance(data, SklearnData):
        return _from_sklearn(data)
    if isinstance(data, MadeData):
        return _made(data)
    if isinstance(data, FrameData):
        return _from_frame(data)
    if isinstance(data, SqlData):
        return _from_query(data, paths or Paths())
    if isinstance(data, OpenmlData):
        return _from_openml(data, paths or Paths())
    path = find_file(data.path, data.name, paths or Paths(), "data.path")
    return read_file(path, data)


def read_file(path: Path, data: Data, needed: Sequence[str] | None = None) -> Source:
    """All rows of a file: Parquet where the name ends so or `data` says so, else CSV by the options of `data`.

    needed: columns that must be there; by default all that `data` names.

    Raises:
        DataError: as `read_source`.
    """
    import pandas as pd

    names, notes = _header(path, data)
    _check_columns(names, data, path, needed)
    chunks = list(_chunks(path, data, names, size=100_000))
    frame = chunks[0] if len(chunks) == 1 else pd.concat(chunks)
    return Source(frame, str(path), notes)


def read_chunks(path: Path, data: Data, size: int = 10_000) -> Iterator[pd.DataFrame]:
    """Raw rows of a file of which the target may be absent, `size` at a time, indexed by their place in the file.

    Raises:
        DataError: the file cannot be read by the options of `data`.
    """
    names, _ = _header(path, data)
    return _chunks(path, data, names, size)


def count_rows(path: Path, data: Data) -> int:
    """About how many rows a file has, at a glance: in a CSV file line breaks within cells count too."""
    if _is_parquet(path, data):
        from foldwise.data.sources import parquet_file

        return parquet_file.count_rows(path)
    return csv_file.count_lines(path) - 1


def find_file(path: str, name: str | None, paths: Paths, key: str) -> Path:
    """The file that `key` means: as given, else in `paths.data`, else in the data set's own folder there.

    Raises:
        DataError: it is in none of these places.
    """
    folder = Path(paths.data)
    places = [Path(path).expanduser(), folder / path, *([folder / name / path] if name else [])]
    for place in places:
        if place.is_file():
            return place
    if places[0].is_dir():
        raise DataError(f"{key}: {path} is a folder, name a file in it")
    beside = places[0].parent
    near = did_you_mean(places[0].name, [p.name for p in beside.iterdir()]) if beside.is_dir() else ""
    if near.startswith(",") or places[0].is_absolute():
        raise DataError(f"{key}: there is no file {path}{near if near.startswith(',') else ''}")
    raise DataError(f"{key}: there is no file {path}; put it at {places[-1]}, or set paths.data to where data sets are")


def _header(path: Path, data: Data) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    if _is_parquet(path, data):
        from foldwise.data.sources import parquet_file

        return parquet_file.read_names(path), ()
    header = csv_file.read_header(path, _csv_options(data))
    return header.names, header.notes


def _chunks(path: Path, data: Data, names: Sequence[str], size: int) -> Iterator[pd.DataFrame]:
    marks = frozenset(missing_marks(data))
    if _is_parquet(path, data):
        from foldwise.data.sources import parquet_file

        yield from parquet_file.read_chunks(path, marks, size)
        return
    rows = csv_file.read_rows(path, _csv_options(data), len(names))
    start = 0
    while block := list(islice(rows, size)):
        yield _text_frame(names, block, marks, start)
        start += len(block)


def _text_frame(names: Sequence[str], rows: list[list[str]], marks: frozenset[str], start: int) -> pd.DataFrame:
    import pandas as pd

    index = pd.RangeIndex(start, start + len(rows))
    columns = zip(*rows, strict=True)
    cells = ([None if cell in marks else cell for cell in column] for column in columns)
    return pd.DataFrame({name: pd.Series(column, index, dtype=object) for name, column in zip(names, cells, strict=True)})


def _is_parquet(path: Path, data: Data) -> bool:
    return path.suffix.lower() in (".parquet", ".pq") or (isinstance(data, ParquetData) and path.suffix.lower() != ".csv")


def _csv_options(data: Data) -> CsvData:
    if isinstance(data, CsvData):
        return data
    return CsvData(kind="csv", path="", target=data.target, missing=missing_marks(data))


def _check_columns(names: Sequence[str], data: Data, place: Path | str, needed: Sequence[str] | None = None) -> None:
    """Refuse names that the table does not have, and roles that contradict each other."""
    if needed is not None:
        asked = [("a column of the training data", name) for name in needed]
    else:
        asked = [("data.target", data.target)]
        asked += [(f"data.kinds.{name}", name) for name in data.kinds]
        asked += [("data.drop", name) for name in data.drop] + [("data.row_key", name) for name in data.row_key]
        asked += [("data.group", data.group)] if data.group is not None else []
        asked += [("data.time", data.time)] if data.time is not None else []
    for key, name in asked:
        if name not in names:
            raise DataError(f"{key}: {place} has no column {name!r}{did_you_mean(name, names)}")
    for key, name in asked[1:] if needed is None else ():
        if name == data.target:
            rule = "set data.task instead" if key.startswith("data.kinds") else "name another column"
            raise ConfigError(key, f"{name!r} is the target; {rule}")


def _from_sklearn(data: SklearnData) -> Source:
    from sklearn import datasets

    bunch: Any = getattr(datasets, f"load_{data.name}")(as_frame=True)
    frame: pd.DataFrame = bunch.frame.copy()
    _check_columns(list(frame.columns), data, f"sklearn's {data.name}")
    if "target_names" in bunch:
        frame["target"] = frame["target"].map(dict(enumerate(str(name) for name in bunch.target_names))).astype(object)
    return Source(frame, f"sklearn's {data.name}")


def _made(data: MadeData) -> Source:
    from foldwise.data.sources.made import make

    frame, place = make(data), f"the made table {data.name}"
    _check_columns(list(frame.columns), data, place)
    return Source(frame, place)


def _check_frame(data: FrameData) -> None:
    from foldwise.data.sources import frame

    _check_columns(frame.read_names(data.given.frame), data, frame.PLACE)


def _from_frame(data: FrameData) -> Source:
    from foldwise.data.sources import frame

    _check_frame(data)
    given = data.given.frame
    rows = frame.read_rows(given, frozenset(missing_marks(data)))
    return Source(rows, frame.PLACE, frame.notes_on(given), frame.said_kinds(given))


def _database_file(data: SqlData, paths: Paths) -> Path | None:
    file = database.file_in(data.url)
    return None if file is None else find_file(file, data.name, paths, "data.url")


def _from_query(data: SqlData, paths: Paths) -> Source:
    from foldwise.data.sources.typed_cells import in_order

    frame, place = database.read_query(data, _database_file(data, paths))
    _check_columns(list(frame.columns), data, "the query's answer")
    return Source(in_order(frame, data.row_key), place)


def _from_openml(data: OpenmlData, paths: Paths) -> Source:
    from foldwise.data.sources import openml

    frame, place, notes = openml.fetch(data, Path(paths.data))
    _check_columns(list(frame.columns), data, place)
    return Source(frame, place, notes)
