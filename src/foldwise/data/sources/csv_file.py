"""CSV files, read strictly: what cannot be read with certainty is refused with its line. Nothing heavy is imported."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import CsvData

BLOCK = 2**20
_DELIMITERS = {";": "';'", "\t": "tab", "|": "'|'", ",": "','"}


@dataclass(frozen=True)
class Header:
    """The first line: column names, and sentences about what was read into them."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


def read_header(path: Path, options: CsvData) -> Header:
    """The column names of a CSV file.

    Raises:
        ConfigError: the encoding or the delimiter of `options` is none.
        DataError: the file is empty or holds a header only, names a column twice, or was written with another delimiter.
    """
    records = _records(path, options)
    _, cells = next(records, (0, []))
    if not cells:
        raise DataError(f"{path}: the file is empty; a CSV file begins with a line of column names")
    _check_delimiter(path, cells, options)
    names, notes = _names(path, cells)
    if next(records, None) is None:
        raise DataError(f"{path}: the file holds a header and no row")
    return Header(names, notes)


def read_rows(path: Path, options: CsvData, width: int) -> Iterator[list[str]]:
    """The rows below the header as stripped cells, `width` in each; blank lines are passed over.

    Raises:
        DataError: a row has more or fewer cells, a quote is not closed, or bytes are not of the encoding.
    """
    records = _records(path, options)
    next(records, None)
    for line, cells in records:
        if len(cells) != width:
            if len(cells) == 1 and not cells[0]:
                continue
            more = "more" if len(cells) > width else "fewer"
            raise DataError(
                f"{path}, line {line}: {len(cells)} cells, {more} than the {width} of the header; "
                f"quote cells that hold a {_DELIMITERS.get(options.delimiter, options.delimiter)} and give every row all cells"
            )
        yield cells


def count_lines(path: Path) -> int:
    """How many line breaks a file has; none of its text is read."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _records(path: Path, options: CsvData) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of the line that each begins in."""
    if options.delimiter in '\r\n"':
        raise ConfigError("data.delimiter", f"{options.delimiter!r} cannot separate cells; use ',', ';', '|' or a tab")
    encoding = _encoding(path, options.encoding)
    try:
        with path.open(encoding=encoding, newline="") as handle:
            reader = csv.reader(
                _lines(handle, path),
                delimiter=options.delimiter,
                strict=True,
                skipinitialspace=options.delimiter != " ",
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
        raise _wrong_encoding(path, options.encoding, error) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _lines(handle: TextIO, path: Path) -> Iterator[str]:
    for number, line in enumerate(handle, 1):
        if "\0" in line:
            raise DataError(f"{path}, line {number}: holds a NUL byte; if the file is UTF-16 set data.encoding=utf-16")
        yield line


def _encoding(path: Path, asked: str) -> str:
    try:
        name = codecs.lookup(asked).name
    except LookupError:
        raise ConfigError("data.encoding", f"{asked!r} is no encoding; use utf-8, latin-1 or utf-16") from None
    if name == "utf-8":
        with path.open("rb") as handle:
            if handle.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError(f"{path}: begins with the mark of UTF-16 at byte 0, not {asked}; set data.encoding=utf-16")
        return "utf-8-sig"  # the same, less a byte order mark
    return name


def _wrong_encoding(path: Path, asked: str, error: UnicodeError) -> DataError:
    content = path.read_bytes()  # the error knows its place in a block only
    try:
        content.decode(asked)
    except UnicodeDecodeError as found:
        line = content.count(b"\n", 0, found.start) + 1
        other = "latin-1" if codecs.lookup(asked).name == "utf-8" else "utf-8"
        byte = content[found.start]
        return DataError(f"{path}: byte {found.start} (0x{byte:02x}, line {line}) is not {asked}; try data.encoding={other}")
    except UnicodeError:
        pass
    return DataError(f"{path}: is not {asked} ({error}); try data.encoding=utf-8")


def _broken_quotes(path: Path, first: int, last: int, error: csv.Error) -> DataError:
    if last > first or "unexpected end" in str(error):
        return DataError(f"{path}, line {first}: a quote is opened and not closed up to line {last}; close or double it")
    return DataError(f"{path}, line {first}: {error}; double a quote that belongs to a cell, and let cells begin with theirs")


def _check_delimiter(path: Path, cells: Sequence[str], options: CsvData) -> None:
    joined = options.delimiter.join(cells)
    for mark, name in _DELIMITERS.items():
        if mark == options.delimiter or mark not in joined:
            continue
        would_have_target = options.target not in cells and options.target in [c.strip(' "') for c in joined.split(mark)]
        if len(cells) == 1 or would_have_target:
            raise DataError(f"{path}: the header looks separated by {mark!r}; set data.delimiter={name}")


def _names(path: Path, cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
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
            raise DataError(f"{path}: the column {name} stands in the header twice; rename one")
        names.append(name)
    return tuple(names), tuple(notes)
