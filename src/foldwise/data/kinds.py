"""The kind of a column: a number, a category, or something that no network should see. Every guess is reported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from foldwise.data.cells import EXACT, WHOLE, moment_in, numbers_in, shown
from foldwise.data.option import option
from foldwise.spec.data import ColumnKind, FeatureKind

ID_NAME = re.compile(r"(?i:id|index|uuid|guid|key)|.*(?:_(?i:id|key|uuid)|[a-z](?:Id|ID))")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[,. '\u00a0\u202f\u2009\u2019]\d{3})+(?:[.,]\d+)?", re.ASCII)
MISSING_WORDS = (
    *("?", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "nan", "NaN", "NAN", "null", "NULL", "Null", "None", "none", "NONE"),
    *("-", "--", "---", ".", "..", "missing", "Missing", "MISSING", "#NULL!", "#DIV/0!", "#VALUE!", "\\N"),
)

LEADING_ZERO = re.compile(r"[+-]?0\d+", re.ASCII)

NEARLY_ALL = 0.8
MANY = 20  # a column with more levels than this, most of them seen once, is text
LONG_WORD = 40

NETWORK_KINDS: frozenset[FeatureKind] = frozenset(("number", "category"))  # kinds that every preparation takes


@dataclass(frozen=True)
class Look:
    """A column at a glance.

    levels: its distinct values and their counts, without missing cells.
    whole: whether all are written as whole numbers: 3, not 3.0.
    numbers: each text as a number, None where it is not one.
    """

    rows: int
    missing: int
    levels: Counter[Any]
    numeric: bool
    whole: bool
    numbers: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def share_distinct(self) -> float:
        """The distinct values as a share of the known cells."""
        return len(self.levels) / max(self.rows - self.missing, 1)

    @property
    def unique(self) -> bool:
        """Whether every row has a value that no other row has."""
        return not self.missing and len(self.levels) == self.rows


@dataclass(frozen=True)
class Judgement:
    """The kind of a column, with the reason where it is left out, and a note for the user."""

    kind: ColumnKind
    left_out: str | None = None
    note: str | None = None


def look_at(cells: pd.Series[Any], decimal: str = ".") -> Look:
    """Count a column's values and find out whether they are numbers."""
    known = cells[cells.notna()]
    missing = len(cells) - len(known)
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        whole = pd.api.types.is_integer_dtype(cells)
        return Look(len(cells), missing, Counter(known.to_numpy().tolist()), numeric=True, whole=whole)
    levels = Counter(known.to_list())
    parsed = numbers_in(list(levels), decimal)
    numeric = bool(levels) and None not in parsed
    numbers = {level: number for level, number in zip(levels, parsed, strict=True) if isinstance(level, str)}
    whole = numeric and all(_is_whole(level) for level in levels)
    return Look(len(cells), missing, levels, numeric, whole, numbers)


def judge(
    name: str, look: Look, given: ColumnKind | None, pixels: bool = False, used: Set[FeatureKind] = NETWORK_KINDS
) -> Judgement:
    """The kind of a feature column, or `given` where the user set it. Dates and text are left out unless they are `used`.

    Where columns are `pixels`, a number is kept even if it is constant: an image needs its black corners to keep its shape.
    """
    if not look.levels:
        return Judgement("category", "all missing")
    if len(look.levels) == 1 and not look.missing and not (pixels and look.numeric):
        return Judgement(given or "category", f"constant, always {shown(next(iter(look.levels)))}")
    if given:
        reasons: dict[ColumnKind, str] = {"date": "date", "text": "free text", "identifier": "identifier"}
        judgement = Judgement(given, f"{reasons[given]}, by data.kinds" if given in reasons else None)
    else:
        judgement = _judge_numbers(name, look) if look.numeric else _judge_words(look)
        if pixels and look.numeric and not judgement.left_out:
            return Judgement("number")
    return replace(judgement, left_out=None) if judgement.kind in used else judgement


def looks_like_text(look: Look) -> bool:
    """Whether there are too many levels, each too rare, for classes."""
    return look.share_distinct > 0.5 and len(look.levels) > MANY


def _judge_numbers(name: str, look: Look) -> Judgement:
    levels = look.levels
    if look.whole:
        if code := next((level for level in levels if isinstance(level, str) and LEADING_ZERO.fullmatch(level)), None):
            note = f"{name} holds codes with leading zeros ({shown(code)}), which are kept as text; {_as_number(name)}"
            return Judgement("identifier", "identifier", note) if look.unique else Judgement("category", None, note)
        numbers = [int(level) for level in levels]
        if max(abs(number) for number in numbers) >= EXACT:
            size = "holds whole numbers beyond 2^53, which are kept as exact text"
            if look.unique:
                return Judgement("identifier", "identifier", f"{name} {size} and is treated as an identifier")
            if looks_like_text(look):
                return Judgement("text", "free text", f"{name} {size} and is treated as text")
            return Judgement("category", None, f"{name} {size} and is treated as a category")
        if look.unique and max(numbers) - min(numbers) == look.rows - 1:
            return Judgement("identifier", "identifier (counts the rows)")
        if look.unique and ID_NAME.fullmatch(name):
            return Judgement("identifier", "identifier")
        if len(levels) == 2 and not look.missing:
            return Judgement("category")
    if len(levels) == 1:  # value and missing are two levels; imputing would merge them
        return Judgement("category", None, f"{name} holds one value or is missing, and is treated as a category")
    return Judgement("number")


def _as_number(name: str) -> str:
    return f"{option('data.kinds', 'number', name)} if they are numbers"


def _judge_words(look: Look) -> Judgement:
    if all(moment_in(level) is not None for level in look.levels):
        return Judgement("date", "date")
    if looks_like_text(look):
        words = [str(level) for level in look.levels]
        short = all(len(word) <= LONG_WORD and not re.search(r"\s", word) for word in words)
        return Judgement("identifier", "identifier") if look.unique and short else Judgement("text", "free text")
    return Judgement("category")


def _is_whole(level: Any) -> bool:
    return bool(WHOLE.fullmatch(level)) if isinstance(level, str) else isinstance(level, int | np.integer)
