"""CSV files, read strictly: a line that is not certain to be right is refused. Nothing heavy is imported."""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from foldwise.data.option import option
from foldwise.data.sources.csv_header import DELIMITERS, check_delimiter, check_first, comment_mark, looks_like_row, some_of
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import WHITESPACE, Reading
from foldwise.system.command import quoted

BLOCK = 2**20
PEEK = 50  # rows that are compared with the first line
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # how Excel names the delimiter

Records = Iterator[tuple[int, list[str]]]


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
        reading: the delimiter, the encoding, and the lines that are not rows.
        target: the column that shows whether the delimiter or the header is wrong.

    Raises:
        ConfigError: the encoding is unknown, or the delimiter cannot separate cells.
        DataError: the file is empty or has only a header, names a column twice, has another line than the first as its header,
            or was written with another delimiter. While rows are read: a row has more or fewer cells, a quote is not closed,
            or bytes do not fit the encoding.
    """
    notes: list[str] = []
    records = _without_end(_records(file, path, reading, notes), reading.skip_end)
    line, cells = next(records, (0, []))
    if not cells:
        if reading.skip or reading.skip_end:
            left_out = f"data.skip={reading.skip} and data.skip_end={reading.skip_end}"
            raise DataError(f"{path}: no line is left after {left_out}; lower them")
        raise DataError(f"{path}: the file is empty; a CSV file begins with a line of column names")
    if not reading.header:
        names = tuple(f"column_{place}" for place in range(1, len(cells) + 1))
        rows = _rows(chain([(line, cells)], records), path, reading, len(cells))
        return Header(names, tuple(notes)), rows
    peek = list(islice(records, PEEK))
    check_delimiter(path, cells, reading.delimiter, target, [row for _, row in peek])
    check_first(path, line, cells, peek, target)
    header = _header(path, cells, [row for _, row in peek])
    if not peek:
        raise DataError(f"{path}: the file has a header and no rows; add rows")
    if looks_like_row(cells, [row for _, row in peek]):
        notes.append(
            f"line {line} looks like a row, not like column names ({some_of(cells)}); if it is one set data.header=false"
        )
    return Header(header.names, (*notes, *header.notes)), _rows(chain(peek, records), path, reading, len(header.names))


def count_lines(path: Path) -> int:
    """The number of line breaks in a file; its text is not decoded."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _rows(records: Records, path: Path, reading: Reading, width: int) -> Iterator[list[str]]:
    for line, cells in records:
        if len(cells) == width:
            yield cells
        elif len(cells) == 1 and not cells[0]:
            continue
        elif reading.ragged == "fill" and not any(cells[width:]):
            yield (cells + [""] * width)[:width]
        else:
            raise _wrong_width(path, line, cells, records, reading, width)


def _wrong_width(path: Path, line: int, cells: Sequence[str], records: Records, reading: Reading, width: int) -> DataError:
    """The error for a row with more or fewer cells, with the option that fits what it looks like."""
    more = "more" if len(cells) > width else "fewer"
    rule = (
        f"{path}, line {line}: {len(cells)} cells, {more} than the {width} of the {'header' if reading.header else 'first row'}"
    )
    after = [row for _, row in islice(records, PEEK)]
    if mark := comment_mark(cells):
        return DataError(f"{rule}; if it is a comment set {option('data.comment', mark)}")
    if len(cells) < width and len(after) < PEEK and all(len(row) < width for row in after):
        number = reading.skip_end + 1 + len(after)
        return DataError(
            f"{rule}; if the file ends with lines that are not rows set data.skip_end={number}, "
            "or data.ragged=fill if it lacks its last, empty cells"
        )
    if len(cells) < width or not any(cells[width:]):
        why = " if rows lack their last, empty cells" if len(cells) < width else ", which drops empty ones"
        proposal = f"data.ragged=fill{why}"
        return DataError(f"{rule}; give every row all cells, or set {proposal}")
    return DataError(f"{rule}; quote cells that hold a {DELIMITERS.get(reading.delimiter, reading.delimiter)}")


def _without_end(records: Records, count: int) -> Records:
    """All records but the last `count`."""
    held: deque[tuple[int, list[str]]] = deque()
    for record in records:
        held.append(record)
        if len(held) > count:
            yield held.popleft()


def _records(file: BufferedReader, path: Path, reading: Reading, notes: list[str]) -> Records:
    """Each record with the number of its first line; notes on skipped lines are added."""
    spaced = reading.delimiter == WHITESPACE
    delimiter = " " if spaced else reading.delimiter
    if delimiter in '\r\n"':
        raise ConfigError("data.delimiter", f"{delimiter!r} cannot separate cells; use ',', ';', '|' or a tab")
    try:
        with TextIOWrapper(file, encoding=_encoding(file, path, reading.encoding), newline="") as text:
            place = _Place()
            lines = _lines(text, path, reading, notes, place)
            reader = csv.reader(
                (" ".join(line.split("\t")).rstrip() + "\n" for line in lines) if spaced else lines,
                delimiter=delimiter,
                strict=True,
                skipinitialspace=spaced or delimiter != " ",
            )
            while True:
                place.first = 0
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise _broken_quotes(path, place.first, place.last, error) from None
                if cells:
                    yield place.first, [cell.strip() for cell in cells]
    except UnicodeError as error:
        raise _wrong_encoding(path, reading.encoding, error) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


@dataclass
class _Place:
    """The numbers of the first and the last line of the record that is read; first is 0 before it begins."""

    first: int = 0
    last: int = 0


def _lines(handle: TextIO, path: Path, reading: Reading, notes: list[str], place: _Place) -> Iterator[str]:
    for number, line in enumerate(handle, 1):
        if "\0" in line:
            raise DataError(f"{path}, line {number}: holds a NUL byte; if the file is UTF-16 set data.encoding=utf-16")
        if number <= reading.skip:
            continue
        if not place.first and reading.comment is not None and line.lstrip().startswith(reading.comment):
            continue
        if number == 1 and (found := _SEP_LINE.fullmatch(line)):
            mark = found.group(1)
            if mark != reading.delimiter:
                proposal = f"set data.delimiter={DELIMITERS.get(mark, quoted(mark))}"
                raise DataError(f"{path}, line 1: {line.strip()} says that {mark!r} separates cells; {proposal}")
            notes.append(f"line 1 ({line.strip()}) names the delimiter and is skipped")
            continue
        place.first, place.last = place.first or number, number
        yield line


def _encoding(file: BufferedReader, path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ConfigError("data.encoding", f"{encoding!r} is not an encoding; use utf-8, latin-1 or utf-16") from None
    if name != "utf-8":
        return name
    begin = file.read(4)
    file.seek(0)
    if begin in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise DataError(f"{path}: byte 0 begins the mark of UTF-32, not {encoding}; set data.encoding=utf-32")
    if begin[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
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


def _header(path: Path, cells: Sequence[str], rows: Sequence[Sequence[str]]) -> Header:
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
            headless = ", or set data.header=false if line 1 is a row" if looks_like_row(cells, rows) else ""
            raise DataError(f"{path}: the header names the column {name} twice; rename one{headless}")
        names.append(name)
    return Header(tuple(names), tuple(notes))
