"""Whether the first line of a text table is its header: what it looks like instead, and the options that help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from foldwise.data.option import option
from foldwise.errors import DataError
from foldwise.spec.data import WHITESPACE

DELIMITERS = {";": "';'", "\t": "tab", "|": "'|'", ",": "','"}
_COMMENTS = ("#", "%", "//", "--", ";", "!")

_NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


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


def check_delimiter(path: Path, cells: Sequence[str], delimiter: str, target: str, after: Sequence[Sequence[str]]) -> None:
    """Refuse a header that another delimiter would separate: one that gives the target, or any if no later line names it."""
    if target in cells or (len(cells) == 1 and any(target in row for row in after)):
        return
    joined = delimiter.join(cells)
    for mark in _marks_in(joined) if len(cells) == 1 else DELIMITERS:
        if mark != delimiter and _has(joined, mark, target):
            raise DataError(f"{path}: the header looks separated by {mark!r}; set {_delimiter_option(mark)}")
    if len(cells) > 1:
        return
    if target in joined.split():
        raise DataError(f"{path}: the header looks separated by blanks; set data.delimiter={WHITESPACE}")
    for mark in DELIMITERS:
        if mark != delimiter and mark in joined:
            raise DataError(f"{path}: the header looks separated by {mark!r}; set {_delimiter_option(mark)}")


def check_first(path: Path, line: int, cells: Sequence[str], after: Sequence[tuple[int, list[str]]], target: str) -> None:
    """Refuse a first line that does not name the target and cannot be the header, with the option that helps.

    Rows to be answered need no target, so a header without it that fits the next row passes.
    """
    if target in cells:
        return
    where = f"{path}, line {line}: {shown(', '.join(cells))}"
    others = [(number, row) for number, row in after if len(row) != len(cells)]
    if (mark := comment_mark(cells)) and others:
        rule = "begins like a comment and does not name the columns"
        raise DataError(f"{where} {rule}; set {option('data.comment', mark)} to leave such lines out")
    if header := next((number for number, row in others if target in row), None):
        rule = f"does not name the columns, but line {header} has {target!r}"
        raise DataError(f"{where} {rule}; set data.skip={header - 1} to leave out the lines before it")
    for number, row in after if len(cells) == 1 else ():
        for mark in DELIMITERS if len(row) == 1 else ():
            if _has(row[0], mark, target):
                rule = f"does not name the columns, but line {number} has {target!r}, separated by {mark!r}"
                raise DataError(f"{where} {rule}; set data.skip={number - 1} {_delimiter_option(mark)}")


def explain_missing(names: Sequence[str], notes: Sequence[str]) -> str:
    """The rest of a sentence about a missing target: what to do if the file has no header."""
    if not any("looks like a row" in note for note in notes):
        return ""
    row = f"line 1 looks like a row ({some_of(names)})"
    return f"; {row}: without a header set data.header=false and data.target=-1, the last column"


def comment_mark(cells: Sequence[str]) -> str | None:
    """The sign of a comment with which a line begins, or None."""
    return next((mark for mark in _COMMENTS if cells and cells[0].startswith(mark)), None)


def some_of(cells: Sequence[str]) -> str:
    """The first cells, quoted for a sentence."""
    return ", ".join(map(shown, cells[:4])) + (", ..." if len(cells) > 4 else "")


def _marks_in(text: str) -> list[str]:
    """The signs of a line that may separate cells, the usual ones first."""
    others = [mark for mark in dict.fromkeys(text) if not (mark.isalnum() or mark.isspace() or mark in "_\"'.-")]
    return [*DELIMITERS, *others]


def _has(text: str, mark: str, target: str) -> bool:
    """Whether the target is a cell of a line, if this sign separates them."""
    return mark in text and target in [cell.strip(' "') for cell in text.split(mark)]


def _delimiter_option(mark: str) -> str:
    return f"data.delimiter={DELIMITERS[mark]}" if mark in DELIMITERS else option("data.delimiter", mark)
