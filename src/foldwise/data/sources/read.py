"""Raw rows of a table: from scikit-learn, OpenML, a rule, a file, a database or a frame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.data.sources import csv_file, database
from foldwise.data.sources.csv_file import Header
from foldwise.data.sources.csv_header import explain_missing
from foldwise.data.sources.find_file import find_file
from foldwise.data.sources.fingerprint import file_mark, library_mark
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import ROW, ColumnKind, CsvData, GivenHoldout, ParquetData, RawTable, SklearnData, TableSpec
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.places import Paths
from foldwise.spec.sources import FrameData, MadeData, OpenmlData, OtherTable, SqlData
from foldwise.system.known_words import did_you_mean

if TYPE_CHECKING:  # pandas takes two seconds, and a misspelt column is reported before that
    import pandas as pd

Data = TableSpec | OtherTable
File = CsvData | ParquetData

ROWS_AT_ONCE = 100_000

# the kind that a user wants for a target -> what to set instead
_ROLES_OF_TARGETS = {
    "number": "set data.task=regression instead",
    "category": "set data.task=multiclass (or binary) instead",
}


@dataclass(frozen=True, eq=False)
class Source:
    """Raw rows.

    frame: (rows, all columns), indexed by the zero-based row; text is stripped, and cells in `data.missing` are None.
    place: its name in messages.
    kinds: the kinds that the source itself declares.
    mark: the mark of these rows (see fingerprint.py), None without one.
    """

    frame: pd.DataFrame
    place: str
    notes: tuple[str, ...] = ()
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    mark: str | None = None


def check_source(data: Data, paths: Paths | None = None, folds: FoldsSpec | None = None) -> None:
    """Check the paths and headers of files, without importing pandas; with `folds`, also the file that it names.

    Raises:
        ConfigError, DataError: as `read_source`.
    """
    paths = paths or Paths()
    if isinstance(data, FrameData):
        _check_frame(data)
    elif isinstance(data, File):
        path = find_file(data.path, data.name, paths, "data.path")
        with _opened(path) as file:
            header, _ = _open_rows(file, path, data)
        _check_columns(header.names, with_target_name(data, header.names), path, notes=header.notes)
    if isinstance(data, SqlData):
        _database_file(data, paths)
        database.password_of(data)
    if isinstance(data.holdout, GivenHoldout):
        find_file(data.holdout.path, data.name, paths, "data.holdout.path")
    if folds is not None and folds.path is not None:
        find_file(folds.path, data.name, paths, "folds.path")


def read_source(data: Data, paths: Paths | None = None) -> Source:
    """All rows of `data`, after its column names are checked.

    Raises:
        ConfigError: two options contradict each other.
        DataError: the file or one of its columns does not fit `data`.
    """
    paths = paths or Paths()
    if isinstance(data, SklearnData):
        return _from_sklearn(data)
    if isinstance(data, MadeData):
        return _made(data)
    if isinstance(data, FrameData):
        return _from_frame(data)
    if isinstance(data, SqlData):
        return _from_query(data, paths)
    if isinstance(data, OpenmlData):
        return _from_openml(data, paths)
    return read_file(find_file(data.path, data.name, paths, "data.path"), data)


def read_file(path: Path, data: Data, needed: Sequence[str] | None = None) -> Source:
    """All rows of a file: Parquet by the ending of its name or by `data`, else CSV with the options of `data`.

    needed: columns that must be there; by default those that `data` names.

    Raises:
        DataError: as `read_source`.
    """
    import pandas as pd

    with _opened(path) as file:
        mark = file_mark(file)  # before the rows: a file that changes in between is read anew the next time
        header, chunks = _open_rows(file, path, data)
        _check_columns(header.names, with_target_name(data, header.names), path, needed, header.notes)
        frames = list(chunks)
    frame = frames[0] if len(frames) == 1 else pd.concat(frames)
    return Source(frame, str(path), header.notes, mark=mark)


def read_chunks(path: Path, data: Data, size: int = 10_000) -> Iterator[pd.DataFrame]:
    """Raw rows of a file with or without a target, `size` at a time, indexed by their place in the file.

    Raises:
        DataError: the file cannot be read by the options of `data`.
    """
    with _opened(path) as file:
        _open_rows(file, path, data)  # refuses the file before the first chunk is asked for
    return _chunks(path, data, size)


def count_rows(path: Path, data: Data) -> int:
    """A quick estimate of a file's rows: in a CSV file line breaks within cells count too."""
    if _is_parquet(path, data):
        from foldwise.data.sources import parquet_file

        return parquet_file.count_rows(path)
    return csv_file.count_lines(path) - 1


def _chunks(path: Path, data: Data, size: int) -> Iterator[pd.DataFrame]:
    with _opened(path) as file:
        yield from _open_rows(file, path, data, size)[1]


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    if not path.is_file():
        raise DataError(f"file not found: {path}")
    try:
        file = path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    with file:
        yield file


def _open_rows(file: BufferedReader, path: Path, data: Data, size: int = ROWS_AT_ONCE) -> tuple[Header, Iterator[pd.DataFrame]]:
    """The header, and the rows below it, `size` at a time; no row is read before it is asked for."""
    marks = frozenset(data.reading.missing)
    if _is_parquet(path, data):
        from foldwise.data.sources import parquet_file

        names, chunks = parquet_file.read_parquet(file, path, marks, size)
        return Header(names), chunks
    header, rows = csv_file.read_csv(file, path, data.reading, data.targets[0])
    return header, _text_frames(header.names, rows, marks, size)


def _text_frames(names: Sequence[str], rows: Iterator[list[str]], marks: frozenset[str], size: int) -> Iterator[pd.DataFrame]:
    import pandas as pd

    start = 0
    while block := list(islice(rows, size)):
        index = pd.RangeIndex(start, start + len(block))
        cells = (_cells(column, marks) for column in zip(*block, strict=True))
        columns = zip(names, cells, strict=True)
        yield pd.DataFrame({name: pd.Series(column, index, dtype=object) for name, column in columns})
        start += len(block)


def _cells(column: Sequence[str], marks: frozenset[str]) -> list[str | None]:
    """The cells of a column, None where missing; equal ones share their memory, as the levels of a category do."""
    known: dict[str, str] = {}
    return [None if cell in marks else cell for cell in map(known.setdefault, column, column)]


def _is_parquet(path: Path, data: Data) -> bool:
    return path.suffix.lower() in (".parquet", ".pq") or (isinstance(data, ParquetData) and path.suffix.lower() != ".csv")


def with_target_name(data: Data, names: Sequence[str]) -> Data:
    """`data`, where targets of a file without a header are named by their place from the end: -1 is the last column."""
    if not isinstance(data, CsvData) or data.header:
        return data
    found = []
    for name in data.targets:
        at_end = re.fullmatch(r"-[1-9]\d*", name) is not None
        if at_end and int(name) < -len(names):
            raise DataError(f"data.target: the file has {len(names)} columns, not {name[1:]}; -1 is the last")
        found.append(names[int(name)] if at_end else name)
    if len(set(found)) < len(found):
        raise DataError(f"data.target: names the column {found[0]} twice; name each column once")
    return data.model_copy(update={"target": found[0] if len(found) == 1 else tuple(found)})


def _check_columns(
    names: Sequence[str], data: Data, place: Path | str, needed: Sequence[str] | None = None, notes: Sequence[str] = ()
) -> None:
    """Refuse names that the table does not have, and a target that has a second role."""
    named = _named_columns(data, names) if needed is None else [("", name) for name in needed]
    for key, name in named:
        if name not in names:
            proposal = explain_missing(names, notes) or did_you_mean(name, names)
            raise DataError(f"{key and f'{key}: '}{place} has no column {name!r}{proposal}")
    for key, name in named[len(data.targets) :] if needed is None else ():
        if name in data.targets:
            roles = _ROLES_OF_TARGETS if len(data.targets) == 1 else {"number": "leave it out, it is one"}
            rule = roles.get(data.kinds.get(name, ""), "name another column")
            raise ConfigError(key, f"{name!r} is the target; {rule if key.startswith('data.kinds') else 'name another column'}")


def _named_columns(data: Data, names: Sequence[str]) -> list[tuple[str, str]]:
    """The key of each option that names a column, and the name; targets come first."""
    named = [("data.target", name) for name in data.targets]
    named += [(f"data.kinds.{name}", name) for name in data.kinds]
    if isinstance(data, RawTable):
        named += [(f"data.dates.{name}", name) for name in data.dates if name not in data.targets]
    named += [("data.drop", name) for name in data.drop] + [("data.row_key", name) for name in data.row_key]
    named += [("data.group", data.group)] if data.group is not None else []
    row_number = data.time == ROW and not isinstance(data, SqlData)  # a database promises no order
    return named + ([("data.time", data.time)] if data.time is not None and not (row_number and ROW not in names) else [])


def _from_sklearn(data: SklearnData) -> Source:
    from sklearn import datasets

    bunch: Any = getattr(datasets, f"load_{data.name}")(as_frame=True)
    frame: pd.DataFrame = bunch.frame.copy()
    _check_columns(list(frame.columns), data, f"sklearn's {data.name}")
    if "target_names" in bunch:
        frame["target"] = frame["target"].map(dict(enumerate(str(name) for name in bunch.target_names))).astype(object)
    return Source(frame, f"sklearn's {data.name}", mark=library_mark())


def _made(data: MadeData) -> Source:
    from foldwise.data.sources.made import make

    frame, place = make(data), f"the made table {data.name}"
    _check_columns(list(frame.columns), data, place)
    return Source(frame, place, mark=library_mark())


def _check_frame(data: FrameData) -> None:
    from foldwise.data.sources import frame

    _check_columns(frame.read_names(data.given.frame), data, frame.PLACE)


def _from_frame(data: FrameData) -> Source:
    from foldwise.data.sources import frame

    _check_frame(data)
    given = data.given.frame
    rows = frame.read_rows(given, frozenset(data.missing))
    return Source(rows, frame.PLACE, frame.notes_on(given), frame.declared_kinds(given))


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
