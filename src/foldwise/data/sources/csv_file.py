"""CSV files, read strictly: a line that is not certain to be right is refused. Nothing heavy is imported."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import TextIO

from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import Reading

BLOCK = 2**20
_DELIMITERS = {";": "';'", "\t": "tab", "|": "'|'", ",": "','"}


@dataclass(frozen=True)
class Header:
    """The column names, and notes on columns that had to be named."""

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_csv(file: BufferedReader, path: Path, reading: Reading, target: str) -> tuple[Header, Iterator[list[str]]]:
    """The header of an open file, and the rows below it as stripped cells, one for each name; blank lines are skipped.

    Args:
        file: at its beginning.
        path: for messages.
        reading: delimiter and encoding.
        target: the column that shows whether the delimiter is wrong.

    Raises:
        ConfigError: the encoding is unknown, or the delimiter cannot separate cells.
        DataError: the file is empty or has only a header, names a column twice, or was written with another delimiter. While
            rows are read: a row has more or fewer cells, a quote is not closed, or bytes do not fit the encoding.
    """
    records = _records(file, path, reading)
    _, cells = next(records, (0, []))
    if not cells:
        raise DataError(f"{path}: the file is empty; a CSV file begins with a line of column names")
    _check_delimiter(path, cells, reading.delimiter, target)
    header = _header(path, cells)
    first = next(records, None)
    if first is None:
        raise DataError(f"{path}: the file has a header and no rows; add rows")
    return header, _rows(chain([first], records), path, reading.delimiter, len(header.names))


def count_lines(path: Path) -> int:
    """The number of line breaks in a file; its text is not decoded."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _rows(records: Iterator[tuple[int, list[str]]], path: Path, delimiter: str, width: int) -> Iterator[list[str]]:
    for line, cells in records:
        if len(cells) != width:
            if len(cells) == 1 and not cells[0]:
                continue
            more = "more" if len(cells) > width else "fewer"
            raise DataError(
                f"{path}, line {line}: {len(cells)} cells, {more} than the {width} of the header; "
                f"quote cells that hold a {_DELIMITERS.get(delimiter, delimiter)} and give every row all cells"
            )
        yield cells


def _records(file: BufferedReader, path: Path, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line."""
    if reading.delimiter in '\r\n"':
        raise ConfigError("data.delimiter", f"{reading.delimiter!r} cannot separate cells; use ',', ';', '|' or a tab")
    try:
        with TextIOWrapper(file, encoding=_encoding(file, path, reading.encoding), newline="") as text:
            reader = csv.reader(
                _lines(text, path), delimiter=reading.delimiter, strict=True, skipinitialspace=reading.delimiter != " "
            )
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise _broken_quotes(path, line, reader.line_num, error) from None
                if cells:
                    yield line, [cell.strip() for cell in cells]
    except UnicodeError as error:
        raise _wrong_encoding(path, reading.encoding, error) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _lines(handle: TextIO, path: Path) -> Iterator[str]:
    for number, line in enumerate(handle, 1):
        if "\0" in line:
            raise DataError(f"{path}, line {number}: holds a NUL byte; if the file is UTF-16 set data.encoding=utf-16")
        yield line


def _encoding(file: BufferedReader, path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ConfigError("data.encoding", f"{encoding!r} is not an encoding; use utf-8, latin-1 or utf-16") from None
    if name != "utf-8":
        return name
    begin = file.read(2)
    file.seek(0)
    if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise DataError(f"{path}: byte 0 begins the mark of UTF-16, not {encoding}; set data.encoding=utf-16")
    return "utf-8-sig"  # utf-8 without a byte order mark


def _wrong_encoding(path: Path, encoding: str, error: UnicodeError) -> DataError:
    content = path.read_bytes()  # the error knows only its place in a block
    try:
        content.decode(encoding)
    except UnicodeDecodeError as found:
        line = content.count(b"\n", 0, found.start) + 1
        other = "latin-1" if codecs.lookup(encoding).name == "utf-8" else "utf-8"
        byte = content[found.start]
        return DataError(f"{path}: byte {found.start} (0x{byte:02x}, line {line}) is not {encoding}; try data.encoding={other}")
    except UnicodeError:
        pass
    return DataError(f"{path}: is not {encoding} ({error}); try data.encoding=utf-8")


def _broken_quotes(path: Path, first: int, last: int, error: csv.Error) -> DataError:
    if last > first or "unexpected end" in str(error):
        return DataError(f"{path}, line {first}: a quote is opened and not closed by line {last}; close or double it")
    return DataError(f"{path}, line {first}: {error}; double a quote inside a cell, and put the quotes of a cell at its ends")


def _check_delimiter(path: Path, cells: Sequence[str], delimiter: str, target: str) -> None:
    joined = delimiter.join(cells)
    for mark, name in _DELIMITERS.items():
        if mark == delimiter or mark not in joined:
            continue
        would_have_target = target not in cells and target in [cell.strip(' "') for cell in joined.split(mark)]
        if len(cells) == 1 or would_have_target:
            raise DataError(f"{path}: the header looks separated by {mark!r}; set data.delimiter={name}")


def _header(path: Path, cells: Sequence[str]) -> Header:
    names: list[str] = []
    notes: list[str] = []
    for place, cell in enumerate(cells, 1):
        name = cell
        if not name:
            name = f"column_{place}"
            while name in cells:
                name += "_"
            notes.append(f"column {place} has no name and is called {name}")
        if name in names:
            raise DataError(f"{path}: the header names the column {name} twice; rename one")
        names.append(name)
    return Header(tuple(names), tuple(notes))
