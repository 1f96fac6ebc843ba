"""CSV files, read strictly: a line that is not certain to be right is refused. Nothing heavy is imported."""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TextIO

from foldwise.data.option import option, quoted
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import WHITESPACE, Reading

BLOCK = 2**20
PEEK = 50  # rows that are compared with the first line
_DELIMITERS = {";": "';'", "\t": "tab", "|": "'|'", ",": "','"}
_COMMENTS = ("#", "%", "//", "--", ";", "!")
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # how Excel names the delimiter

_NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

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
        reading: the delimiter, the encoding, and the lines that are no rows.
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
    _check_delimiter(path, cells, reading.delimiter, target, [row for _, row in peek])
    _check_first(path, line, cells, peek, target)
    header = _header(path, cells, [row for _, row in peek])
    if not peek:
        raise DataError(f"{path}: the file has a header and no rows; add rows")
    if looks_like_row(cells, [row for _, row in peek]):
        notes.append(
            f"line {line} looks like a row, not like column names ({_some(cells)}); if it is one set data.header=false"
        )
    return Header(header.names, (*notes, *header.notes)), _rows(chain(peek, records), path, reading, len(header.names))


def shown(cell: str) -> str:
    """A cell quoted for a sentence, about 40 characters at most."""
    return f"'{cell if len(cell) <= 40 else cell[:37] + '...'}'"


def looks_like_row(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first line has numbers exactly above numbers, or, in a table of words alone, words that occur below it."""
    columns = [[row[place] for row in rows if len(row) > place and row[place]] for place in range(len(cells))]
    numeric = [bool(column) and all(_NUMBER.fullmatch(cell) for cell in column) for column in columns]
    if not any(numeric):
        return all(cell in column for cell, column in zip(cells, columns, strict=True))
    above = [cell for cell, number in zip(cells, numeric, strict=True) if number and cell]
    if not above or not all(_NUMBER.fullmatch(cell) for cell in above):
        return False
    values = [float(cell.replace(",", ".")) for cell in above]
    return not (all(value.is_integer() for value in values) and all(a < b for a, b in pairwise(values)) and len(values) > 1)


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
    if mark := _comment_mark(cells):
        return DataError(f"{rule}; if it is a comment set {option('data.comment', mark)}")
    if len(cells) < width and len(after) < PEEK and all(len(row) < width for row in after):
        number = reading.skip_end + 1 + len(after)
        return DataError(
            f"{rule}; if the file ends with lines that are no rows set data.skip_end={number}, "
            "or data.ragged=fill if it lacks its last, empty cells"
        )
    if len(cells) < width or not any(cells[width:]):
        why = " if rows lack their last, empty cells" if len(cells) < width else ", which drops empty ones"
        proposal = f"data.ragged=fill{why}"
        return DataError(f"{rule}; give every row all cells, or set {proposal}")
    return DataError(f"{rule}; quote cells that hold a {_DELIMITERS.get(reading.delimiter, reading.delimiter)}")


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
                proposal = f"set data.delimiter={_DELIMITERS.get(mark, quoted(mark))}"
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


def _check_delimiter(path: Path, cells: Sequence[str], delimiter: str, target: str, after: Sequence[Sequence[str]]) -> None:
    """Refuse a header that another delimiter would separate: one that gives the target, or any if no later line names it."""
    if target in cells or (len(cells) == 1 and any(target in row for row in after)):
        return
    joined = delimiter.join(cells)
    for mark in _marks_in(joined) if len(cells) == 1 else _DELIMITERS:
        if mark != delimiter and _has(joined, mark, target):
            raise DataError(f"{path}: the header looks separated by {mark!r}; set {_delimiter_option(mark)}")
    if len(cells) > 1:
        return
    if target in joined.split():
        raise DataError(f"{path}: the header looks separated by blanks; set data.delimiter={WHITESPACE}")
    for mark in _DELIMITERS:
        if mark != delimiter and mark in joined:
            raise DataError(f"{path}: the header looks separated by {mark!r}; set {_delimiter_option(mark)}")


def _marks_in(text: str) -> list[str]:
    """The signs of a line that may separate cells, the usual ones first."""
    others = [mark for mark in dict.fromkeys(text) if not (mark.isalnum() or mark.isspace() or mark in "_\"'.-")]
    return [*_DELIMITERS, *others]


def _has(text: str, mark: str, target: str) -> bool:
    """Whether the target is a cell of a line, if this sign separates them."""
    return mark in text and target in [cell.strip(' "') for cell in text.split(mark)]


def _delimiter_option(mark: str) -> str:
    return f"data.delimiter={_DELIMITERS[mark]}" if mark in _DELIMITERS else option("data.delimiter", mark)


def _check_first(path: Path, line: int, cells: Sequence[str], after: Sequence[tuple[int, list[str]]], target: str) -> None:
    """Refuse a first line that does not name the target and cannot be the header, with the option that helps.

    Rows to be answered need no target, so a header without it that fits the next row passes.
    """
    if target in cells:
        return
    where = f"{path}, line {line}: {shown(', '.join(cells))}"
    others = [(number, row) for number, row in after if len(row) != len(cells)]
    if (mark := _comment_mark(cells)) and others:
        rule = "begins like a comment and does not name the columns"
        raise DataError(f"{where} {rule}; set {option('data.comment', mark)} to leave such lines out")
    if header := next((number for number, row in others if target in row), None):
        rule = f"does not name the columns, but line {header} has {target!r}"
        raise DataError(f"{where} {rule}; set data.skip={header - 1} to leave out the lines before it")
    for number, row in after if len(cells) == 1 else ():
        for mark in _DELIMITERS if len(row) == 1 else ():
            if _has(row[0], mark, target):
                rule = f"does not name the columns, but line {number} has {target!r}, separated by {mark!r}"
                raise DataError(f"{where} {rule}; set data.skip={number - 1} {_delimiter_option(mark)}")


def explain_missing(names: Sequence[str], notes: Sequence[str]) -> str:
    """The rest of a sentence about a missing target: what to do if the file has no header."""
    if not any("looks like a row" in note for note in notes):
        return ""
    row = f"line 1 looks like a row ({_some(names)})"
    return f"; {row}: without a header set data.header=false and data.target=-1, the last column"


def _comment_mark(cells: Sequence[str]) -> str | None:
    return next((mark for mark in _COMMENTS if cells and cells[0].startswith(mark)), None)


def _some(cells: Sequence[str]) -> str:
    return ", ".join(map(shown, cells[:4])) + (", ..." if len(cells) > 4 else "")


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
