"""How the cells of a column are written, if not plainly: `$1,234.00`, `12 cm`, 31.12.2020.

A way of writing is one text, kept with the model, so that later rows are read as the training rows were: `$#,###` for
numbers, `%d.%m.%Y` for dates. Cells that are plain already stay as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import pandas as pd

from foldwise.data.cells import moment_in, number_in

CURRENCIES = frozenset(
    ("$", "€", "£", "¥", "₹", "₩", "₽", "₺", "US$", "R$", "A$", "C$", "Rs", "Rs.", "kr", "kr.", "zł", "Kč", "Fr.")
) | {"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "INR", "CNY", "SEK", "NOK", "DKK", "PLN", "BRL"}

_MARKS = {".": ",' \u00a0\u202f", ",": ".' \u00a0\u202f"}  # decimal mark -> possible thousands separators
_UNIT = re.compile(
    r"(?:[a-zµ]{0,2}m|ft|in|yd|mi)\^?[23]|(?:[%‰°€£¥$₹₩₽]|[^\W\d_])[^\d,;:#]{0,14}"  # m2, %, km/h
)
_CELL = re.compile(
    r"(?P<open>\()?(?P<sign>[+-]?)\s*(?P<before>[^\d\s,()+#-]{0,4}?)\s*(?P<inner>[+-]?)"
    r"(?P<number>\d[\d.,'  \u00a0\u202f]*|[.,]\d+)(?P<after>[^()]*)(?P<close>\))?"
)
_TEMPLATE = re.compile(r"(?P<before>[^#]*)#(?:(?P<mark>.)###)?(?P<after>[^#]*)")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG = ("january", "february", "march", "april", "may", "june", "july", "august")
_NAMES = "|".join((*_LONG, "september", "october", "november", "december"))
_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "b": rf"(?P<b>{'|'.join(_MONTHS)}|sept)",
    "B": rf"(?P<b>{_NAMES})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})",
    "f": r"(?P<f>\d{1,6})",
    "p": r"(?P<p>[ap])\.?m\.?",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
}
_DAYS = (
    *("%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%m.%d.%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d"),
    *("%m/%d/%y", "%d/%m/%y", "%m-%d-%y", "%d-%m-%y", "%d.%m.%y", "%d-%b-%y", "%d-%b-%Y", "%d/%b/%Y", "%d %b %Y", "%d %B %Y"),
    *("%d. %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d-%B-%Y", "%d %b %y", "%Y %b %d", "%Y-%b-%d"),
    *("%b-%y", "%b-%Y", "%b %Y", "%B %Y", "%B-%Y", "%m/%Y", "%Y/%m", "%Y-%m"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", "T%H:%M:%S")
FORMATS = tuple(day + time + zone for day in _DAYS for time in _TIMES for zone in (("", " %z") if time else ("",)))
COMPACT = {6: "%Y%m", 8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}  # digits -> the format of dates without separators
FEWEST = 3  # distinct values before digits count as dates


@dataclass(frozen=True)
class Amount:
    """A cell that is a number with something before or after it; `plain` is the number as text, with a decimal point."""

    before: str
    after: str
    mark: str
    plain: str
    certain: bool  # whether a mark between digits can only separate thousands


def amount_in(cell: Any, decimal: str = ".") -> Amount | None:
    """The number in a text with an affix or with thousands separators, or None."""
    if not isinstance(cell, str) or not (match := _CELL.fullmatch(cell.strip())):
        return None
    before, after, digits = match["before"] or "", match["after"].strip(), match["number"].rstrip()
    if before and before not in CURRENCIES:
        return None
    if (
        (after and not _UNIT.fullmatch(after))
        or bool(match["open"]) != bool(match["close"])
        or (match["sign"] and match["inner"])
    ):
        return None
    mark = next((mark for mark in _MARKS[decimal] if mark in digits), "")
    grouped = rf"\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+" if mark else r"\d*"
    if not re.fullmatch(rf"{grouped}(?:{re.escape(decimal)}\d*)?", digits):
        return None
    certain = digits.count(mark) > 1 or decimal in digits or mark in "'  \u00a0\u202f" if mark else True
    sign = "-" if match["open"] or "-" in (match["sign"], match["inner"]) else ""
    plain = sign + digits.replace(mark, "") if mark else sign + digits
    return Amount(
        before, after, mark, plain.replace(decimal, "."), certain or before in CURRENCIES - {""} or after in CURRENCIES
    )


def shape_of(before: str, after: str, mark: str, sample: str = "") -> str:
    """The template of amounts, such as `$#,###` or `# cm`."""
    number = f"#{mark}###" if mark else "#"
    space = " " if after and re.search(r"\d\s+" + re.escape(after) + r"\s*$", sample) else ""
    return f"{before}{number}{space}{after}"


def number_shape(levels: Sequence[Any], decimal: str = ".") -> str | None:
    """The template that all levels of a column follow: the same affixes, and one thousands separator at most; or None."""
    found = [amount_in(level, decimal) for level in levels]
    amounts = [amount for amount in found if amount is not None]
    if len(amounts) < len(found) or len({(amount.before, amount.after) for amount in amounts}) != 1:
        return None
    marks = {amount.mark for amount in amounts} - {""}
    first = amounts[0]
    if (
        not (first.before or first.after)
        or len(marks) > 1
        or (marks and not any(amount.certain and amount.mark for amount in amounts))
    ):
        return None
    return shape_of(first.before, first.after, next(iter(marks), ""), str(levels[0]))


def moment_by(cell: Any, form: str) -> datetime | None:
    """The moment of a cell in a format of dates (in UTC where it names a zone), or None."""
    match = _pattern(form).fullmatch(str(cell).strip())
    if match is None:
        return None
    part = {name: text for name, text in match.groupdict().items() if text is not None}
    year = int(part["Y"]) if "Y" in part else int(part["y"]) + (1900 if int(part["y"]) > 68 else 2000)  # as POSIX reads %y
    month = _MONTHS.index(part["b"].lower()[:3]) + 1 if "b" in part else int(part.get("m", 1))
    hour = int(part.get("H", 0))
    if "I" in part:
        hour = int(part["I"]) % 12 + 12 * (part["p"].lower() == "p") if 1 <= int(part["I"]) <= 12 else 99
    try:
        moment = datetime(year, month, int(part.get("d", 1)), hour, int(part.get("M", 0)), int(part.get("S", 0)))
    except ValueError:  # the 31st of February
        return None
    moment += timedelta(microseconds=int(part.get("f", "0").ljust(6, "0")))
    return moment if "z" not in part else moment.replace(tzinfo=_zone(part["z"])).astimezone(UTC).replace(tzinfo=None)


def date_formats(levels: Sequence[Any], formats: Sequence[str] = FORMATS) -> list[str]:
    """The formats that fit all levels; those that mean the same moments count once."""
    left = list(formats)
    for level in levels:
        left = [form for form in left if moment_by(level, form) is not None]
        if not left:
            return []
    return _distinct(levels, left)


def compact_format(levels: Sequence[Any], fewest: int = FEWEST) -> str | None:
    """The format of whole numbers that are all dates without separators, such as 20240131; None below `fewest` levels."""
    if len(levels) < fewest:
        return None
    form = COMPACT.get(len(str(levels[0])))
    if form is None or not all(len(str(level)) == len(str(levels[0])) for level in levels):
        return None
    moments = [moment_by(level, form) for level in levels]
    return form if all(moment is not None and 1900 <= moment.year <= 2100 for moment in moments) else None


def plain_cells(cells: pd.Series[Any], written: str, decimal: str = ".") -> pd.Series[Any]:
    """Cells (rows,) that are written in this way as plain ones: numbers with the decimal mark, dates as ISO 8601.

    Cells that are plain already, and those that are written otherwise, stay as they are.
    """
    if not written:
        return cells
    plain = _plain_date(written) if "%" in written and "#" not in written else _plain_number(written, decimal)
    if cells.dtype.kind in "iu" and "#" not in written:
        cells = cells.astype(object)
    if cells.dtype != object and not pd.api.types.is_string_dtype(cells):
        return cells
    known: dict[Any, Any] = {cell: plain(cell) for cell in set(filter(_hashable, cells.to_list()))}
    values = [known.get(cell, cell) if _hashable(cell) and not isinstance(cell, bool) else cell for cell in cells.to_list()]
    return pd.Series(values, cells.index, dtype=object, name=cells.name)


def counted_units(words: Iterable[tuple[str, int]], decimal: str = ".") -> Counter[tuple[str, str]]:
    """The affixes of the cells that are amounts with one, and how many cells have each. words: texts and their counts."""
    found: Counter[tuple[str, str]] = Counter()
    for word, count in words:
        amount = amount_in(word, decimal)
        if amount is not None and (amount.before or amount.after):
            found[amount.before, amount.after] += count
    return found


def _hashable(cell: Any) -> bool:
    return isinstance(cell, str | int | float) and not isinstance(cell, bool)


def _plain_number(written: str, decimal: str) -> Callable[[Any], Any]:
    match = _TEMPLATE.fullmatch(written)
    if match is None:
        return lambda cell: cell
    before, after, mark = match["before"], match["after"].strip(), match["mark"] or ""

    def plain(cell: Any) -> Any:
        if not isinstance(cell, str) or number_in(cell, decimal) is not None:
            return cell
        amount = amount_in(cell, decimal)
        if amount is None or (amount.before, amount.after) != (before, after) or amount.mark not in ("", mark):
            return cell
        return amount.plain.replace(".", decimal)

    return plain


def _plain_date(form: str) -> Callable[[Any], Any]:
    def plain(cell: Any) -> Any:
        if isinstance(cell, float):
            cell = int(cell) if cell.is_integer() else cell
        moment = None if moment_in(cell) is not None else moment_by(cell, form)
        return cell if moment is None else moment.isoformat().removesuffix("T00:00:00")

    return plain


@lru_cache(maxsize=1024)
def _pattern(form: str) -> re.Pattern[str]:
    words = re.split(r"%(.)", form)  # text, directive, text, ...
    fixed = "%m%d" in form or form == COMPACT[6]  # without separators every part has all its digits
    parts = [re.escape(word) if place % 2 == 0 else _DIRECTIVES[word] for place, word in enumerate(words)]
    pattern = "".join(parts).replace(r"\ ", r"\s+")
    return re.compile(pattern.replace("{1,2}", "{2}") if fixed else pattern, re.IGNORECASE | re.ASCII)


def _distinct(levels: Sequence[Any], formats: Sequence[str]) -> list[str]:
    meanings: dict[tuple[datetime | None, ...], str] = {}
    for form in formats:
        meanings.setdefault(tuple(moment_by(level, form) for level in levels), form)
    return list(meanings.values())


def _zone(text: str) -> timezone:
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
