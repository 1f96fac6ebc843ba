"""The meaning of a cell: a number, a date, a level. Text and typed cells of equal meaning give equal results."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
MINUS = "\u2212"  # as typeset tables and some spreadsheets have it
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
PLAIN = re.compile(r"-?(?:0|[1-9]\d*)\.\d+", re.ASCII)  # 3.0 is the level 3, but 007 stays 007
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)

TRUTH = {"true": ("True", "TRUE", "true"), "false": ("False", "FALSE", "false")}

EXACT = 2**53  # beyond, a float cannot hold every whole number
LARGEST = float(np.finfo(np.float32).max)


def number_in(cell: Any, decimal: str = ".") -> float | None:
    """The number that a cell holds, or None. nan, inf and True are not numbers."""
    if isinstance(cell, str):
        text = cell.strip()
        if decimal != ".":
            text = "" if "." in text else text.replace(decimal, ".")
        if text.startswith(MINUS):
            text = "-" + text[1:]
        return float(text) if NUMBER.fullmatch(text) else None
    if isinstance(cell, bool | np.bool_):
        return None
    if not isinstance(cell, int | float | np.integer | np.floating | Decimal):
        return None
    try:
        return float(cell)
    except OverflowError:  # a whole number of more than 308 digits; its text would become an infinity too
        return math.inf if cell > 0 else -math.inf


def numbers_in(cells: Sequence[Any], decimal: str = ".", known: Mapping[str, float | None] | None = None) -> list[float | None]:
    """`number_in` of each cell. Equal texts are parsed once, those in `known` not again."""
    numbers = dict(known or {})
    for cell in cells:
        if isinstance(cell, str) and cell not in numbers:
            numbers[cell] = number_in(cell, decimal)
    return [numbers[cell] if isinstance(cell, str) else number_in(cell, decimal) for cell in cells]


def level_in(cell: Any, decimal: str = ".") -> str:
    """The canonical name of a level: 3, 3.0, "3" and "3.0" are `3`; True is `True`; outer blanks are ignored."""
    if isinstance(cell, str):
        text = cell.strip()
        plain = text.replace(decimal, ".") if decimal != "." else text
        return _shortest(float(plain)) if PLAIN.fullmatch(plain) else text
    if isinstance(cell, float | np.floating):
        return _shortest(float(cell))
    if isinstance(cell, date):
        return _date_text(cell)
    return str(cell)


def folded(level: str) -> str:
    """A level without regard to case and to the length of its blanks."""
    return " ".join(level.split()).casefold()


def alike_levels(levels: Iterable[str | None]) -> str:
    """Levels that differ only by case or space, listed for a sentence; '' if there are none."""
    same: dict[str, list[str]] = {}
    for level in levels:
        if level is not None:
            same.setdefault(folded(level), []).append(level)
    groups = [listed([shown(level) for level in sorted(group)]) for group in same.values() if len(group) > 1]
    return "; ".join(groups[:3]) + "; ..." * (len(groups) > 3)


def truth_aliases(levels: Iterable[str | None]) -> dict[str, str]:
    """Other spellings of the truth values among levels: True, TRUE and true mean the one of them that is a level."""
    aliases: dict[str, str] = {}
    known = [level for level in levels if level is not None and level.lower() in TRUTH]
    for word, spellings in TRUTH.items():
        same = [level for level in known if level.lower() == word]
        if len(same) == 1:
            aliases |= {spelling: same[0] for spelling in spellings if spelling != same[0]}
    return aliases


def hashable_text(cell: Any, decimal: str = ".") -> str:
    """The text by which a cell is hashed: the same in a CSV file, in a Parquet file, and after the table has grown.

    It depends on the cell alone, never on its column. Case is ignored, so that True and TRUE agree.
    """
    number = number_in(cell, decimal)
    if number is not None:
        if math.isfinite(number) and abs(number) >= EXACT:
            exact = isinstance(cell, str) and WHOLE.fullmatch(cell.strip())
            return str(int(cell)) if exact or isinstance(cell, int | np.integer) else str(int(number))
        return repr(number + 0.0)  # -0.0 is 0.0
    if isinstance(cell, str):
        moment = moment_in(cell)
        return _date_text(moment) if moment else cell.strip().lower()
    if isinstance(cell, date):
        return _date_text(cell)
    return str(cell).lower()


def moment_in(cell: Any) -> datetime | None:
    """The moment of an ISO 8601 date or time (in UTC where it names a zone), or None."""
    if isinstance(cell, str):
        text = cell.strip()
        if not ISO_DATE.fullmatch(text):
            return None
        try:
            return _naive(datetime.fromisoformat(text))
        except ValueError:  # 2020-02-31
            return None
    if isinstance(cell, datetime):
        return _naive(cell)
    return datetime(cell.year, cell.month, cell.day) if isinstance(cell, date) else None


def listed(words: list[str], last: str = "and", most: int = 8) -> str:
    """Words listed for a sentence: `a, b and c`."""
    if len(words) > most:
        return f"{', '.join(words[:most])} {last} {len(words) - most} more"
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def shown(cell: Any) -> str:
    """A cell quoted for a sentence, about 40 characters at most."""
    text = str(cell)
    return f"'{text if len(text) <= 40 else text[:37] + '...'}'"


def _shortest(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _date_text(moment: date) -> str:
    text = (_naive(moment) if isinstance(moment, datetime) else moment).isoformat()
    return text.removesuffix("T00:00:00")
