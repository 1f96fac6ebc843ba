"""Text columns that were meant as numbers are refused with a proposal, because they would be left out or become levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from foldwise.data.cells import INFINITE, listed, number_in, shown
from foldwise.data.kinds import MISSING_WORDS, NEARLY_ALL, THOUSANDS, Look, looks_like_text
from foldwise.data.option import option
from foldwise.data.written import amount_in, counted_units, number_shape
from foldwise.errors import DataError

FEW = 5  # this many different words, or units, are listed and can be exceptions


@dataclass(frozen=True)
class Role:
    """What a column is for, which decides the advice.

    is_target: the target becomes classes by data.task, a feature a category by data.kinds. file: whether its rows come from a
    text file, whose end can be left out. elsewhere: another column's name, a number in it that has the present decimal mark,
    and its row; None if there is none.
    """

    is_target: bool = False
    file: bool = False
    elsewhere: Callable[[], tuple[str, str, int] | None] = lambda: None

    def else_category(self, name: str) -> str:
        """The alternative to numbers."""
        if self.is_target:
            return "data.task=multiclass (or binary) if it names classes"
        return f"{option('data.kinds', 'category', name)} if it is one"


FEATURE = Role()


@dataclass(frozen=True)
class _Words:
    """The cells of a column that are not numbers: the words with their counts, among `known` cells that have a value."""

    name: str
    cells: pd.Series[Any]
    look: Look
    words: Mapping[str, int]
    decimal: str
    marks: Sequence[str]
    role: Role

    @property
    def known(self) -> int:
        return self.look.rows - self.look.missing

    @property
    def odd(self) -> int:
        return sum(self.words.values())

    @property
    def what(self) -> str:
        return f"the target {self.name}" if self.role.is_target else f"column {self.name}"

    @property
    def numbers(self) -> list[Any]:
        """The levels that are numbers."""
        return [level for level in self.look.levels if level not in self.words]

    def mostly(self, fits: Callable[[str], object]) -> str | None:
        """An example, if most words fit, and nearly all cells fit or are numbers."""
        fitting = [word for word in self.words if fits(word)]
        count = sum(self.words[word] for word in fitting)
        nearly = self.known - self.odd + count >= NEARLY_ALL * self.known
        return fitting[0] if count > self.odd / 2 and nearly else None

    def row(self, word: Any) -> int:
        """The row in which a word is first."""
        return int(self.cells.index[self.cells == word][0]) + 1

    def missing_with(self, words: Sequence[str]) -> str:
        return option("data.missing", list(dict.fromkeys([*self.marks, *words])))


def check_text(name: str, cells: pd.Series[Any], look: Look, decimal: str, marks: Sequence[str], role: Role = FEATURE) -> None:
    """Refuse a text column that is nearly a number column, with a proposal that makes it one.

    Raises:
        DataError: some of its cells are words and the others numbers, or nearly all cells are infinite, have a unit, decimal
            commas or thousands separators.
    """
    if look.numeric or not look.levels or any(isinstance(level, bool | date) for level in look.levels):
        return
    words = {level: n for level, n in look.levels.items() if isinstance(level, str) and look.numbers[level] is None}
    found = _Words(name, cells, look, words, decimal, marks, role)
    for check in (_infinite, _two_marks, _one_word, _units, _thousands, _other_mark, _several_words):
        if sentence := check(found):
            raise DataError(sentence)


def _infinite(found: _Words) -> str | None:
    if not (word := found.mostly(INFINITE.fullmatch)):
        return None
    where = f"{found.what}, row {found.row(word)}"
    return f"{where}: {shown(word)} is not finite; fix or drop such rows, or set {found.role.else_category(found.name)}"


def _two_marks(found: _Words) -> str | None:
    other = "," if found.decimal == "." else "."
    commas = [word for word in found.words if number_in(word, other) is not None]
    points = [level for level in found.numbers if isinstance(level, str) and found.decimal in level]
    if not commas or len(commas) < len(found.words) or not points or all(map(THOUSANDS.fullmatch, commas)):
        return None
    both = f"{shown(points[0])} in row {found.row(points[0])} and {shown(commas[0])} in row {found.row(commas[0])}"
    return (
        f"{found.what} has two decimal marks: {both}; write all numbers with one mark, "
        f"else set {found.role.else_category(found.name)}"
    )


def _one_word(found: _Words) -> str | None:
    if len(found.words) != 1 or found.odd > found.known / 2:
        return None
    word = next(iter(found.words))
    if THOUSANDS.fullmatch(word):
        return None
    return (
        f"{found.what} holds numbers, but the word {shown(word)} in {found.odd} of {found.look.rows} rows (first in row "
        f"{found.row(word)}); if it means missing set {found.missing_with([word])}, "
        f"{_footer(found)}else {found.role.else_category(found.name)}"
    )


def _units(found: _Words) -> str | None:
    units = counted_units(found.words.items(), found.decimal)
    if not units or len(units) > FEW or units.total() < NEARLY_ALL * found.known:
        return None
    examples = {unit: _first_with(found, unit) for unit in units}
    if len(units) > 1:
        if not looks_like_text(found.look):
            return None  # few levels, such as 10a and 10b, are a category
        shown_units = listed([f"{shown(word)} in row {found.row(word)}" for word in examples.values()])
        return (
            f"{found.what} is text that looks numeric, but with different units: {shown_units}; convert all to one unit, "
            f"else set {found.role.else_category(found.name)}"
        )
    example = next(iter(examples.values()))
    others = [level for level in found.look.levels if amount_in(level, found.decimal) is None or level in found.numbers]
    if not others:
        if number_shape(list(found.look.levels), found.decimal):
            return None  # few levels, such as 5% and 10%, which stay levels unless data.kinds says number
        return (
            f"{found.what} is text that looks numeric: {shown(example)}, where the mark can separate thousands or decimals; "
            f"write the numbers without separators, else set {found.role.else_category(found.name)}"
        )
    count = sum(found.look.levels[level] for level in others)
    words = len(others) <= FEW and all(level in found.words for level in others)
    missing = (
        f"set {found.missing_with(others)} if they mean missing" if words else "list words that mean missing in data.missing"
    )
    return (
        f"{found.what} is text that looks numeric: {shown(example)}, but {count} of {found.known} cells are written otherwise "
        f"({shown(others[0])} first, in row {found.row(others[0])}); write all alike, {missing}, "
        f"else set {found.role.else_category(found.name)}"
    )


def _thousands(found: _Words) -> str | None:
    if not (example := found.mostly(THOUSANDS.fullmatch)):
        return None
    other = "," if found.decimal == "." else "."
    may_be_decimal = all(number_in(word, other) is not None for word in found.words if THOUSANDS.fullmatch(word))
    proposal = (
        f" (or set data.decimal='{other}' if that is the decimal mark)" if may_be_decimal and not found.role.elsewhere() else ""
    )
    return (
        f"{found.what} is text that looks numeric: {shown(example)} seems to have thousands separators; write the "
        f"numbers without them{proposal}, else set {found.role.else_category(found.name)}"
    )


def _other_mark(found: _Words) -> str | None:
    other = "," if found.decimal == "." else "."
    example = found.mostly(lambda word: number_in(word, other) is not None)
    if not example:
        return None
    if elsewhere := found.role.elsewhere():
        column, cell, row = elsewhere
        return (
            f"{found.what} has the decimal mark {shown(other)} ({shown(example)} in row {found.row(example)}), but column "
            f"{column} has {shown(found.decimal)} ({shown(cell)} in row {row}); write all numbers of the file with one mark "
            f"(data.decimal='{other}' if it is that one), else set {found.role.else_category(found.name)}"
        )
    return (
        f"{found.what} is text that looks numeric: {shown(example)}; if {shown(other)} is the decimal mark set "
        f"data.decimal='{other}', else {found.role.else_category(found.name)}"
    )


def _several_words(found: _Words) -> str | None:
    known, odd, words = found.known, found.odd, found.words
    few = len(words) <= FEW and odd <= known / 2
    if not words or not (few or odd <= (1 - NEARLY_ALL) * known):
        return None
    if len(found.numbers) <= len(words) and not all(word in MISSING_WORDS for word in words):
        return None  # levels of which some are numbers
    most = listed([shown(word) for word in words], most=FEW)
    rule = f"{found.what} holds numbers in {known - odd} of {known} cells, but {len(words)} different words in {odd}: {most}"
    first = min(found.row(word) for word in words)
    missing = f"set {found.missing_with(list(words))}" if few else "list them in data.missing"
    return (
        f"{rule} (first in row {first}); fix them, or {missing} if they mean missing, "
        f"{_footer(found)}else set {found.role.else_category(found.name)}"
    )


def _footer(found: _Words) -> str:
    """The proposal for words that stand only at the end of a file, such as totals."""
    last = found.cells.index[-found.odd :]
    if not found.role.file or found.odd > FEW or not all(found.cells[row] in found.words for row in last):
        return ""
    return f"if they are not rows set data.skip_end={found.odd}, "


def _first_with(found: _Words, unit: tuple[str, str]) -> str:
    """The first word with an affix."""

    def has(word: str) -> bool:
        amount = amount_in(word, found.decimal)
        return amount is not None and (amount.before, amount.after) == unit

    return next(word for word in found.words if has(word))
