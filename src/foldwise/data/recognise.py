"""How each column of a source is written, found before its kind: dates in any one format, numbers with one affix."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

import pandas as pd

from foldwise.data.cells import NUMBER, listed, moment_in, shown
from foldwise.data.kinds import NEARLY_ALL
from foldwise.data.option import option
from foldwise.data.written import FORMATS, amount_in, compact_format, date_formats, moment_by, number_shape, plain_cells
from foldwise.errors import DataError
from foldwise.spec.data import ColumnKind

SAMPLE = 30  # cells that tell whether a column may be written in one way
WHOLE = re.compile(r"[1-9]\d*", re.ASCII)


def way_of_writing(
    cells: pd.Series[Any], kind: ColumnKind | None, given: str | None = None, decimal: str = "."
) -> tuple[str, tuple[str, ...]]:
    """How a column's cells are written, '' if plainly or not in one way; and notes about it.

    Args:
        cells: (rows,), None where missing.
        kind: the kind that the user set.
        given: the format of data.dates.
        decimal: the decimal mark.

    Raises:
        DataError: nearly all cells are dates and some are not, their format is not clear, or they do not fit `given`.
    """
    name = str(cells.name)
    if given is not None:
        _check_given(cells, given)
        return given, ()
    if kind not in (None, "number", "date"):
        return "", ()
    if cells.dtype.kind not in "Oiuf":
        return "", ()
    sample = list(dict.fromkeys(islice((cell for cell in cells.array if not pd.isna(cell)), SAMPLE)))
    if not sample or any(isinstance(level, bool | date) for level in sample):
        return "", ()
    if compact_format(_digits(sample), 1):
        levels = Counter(cells[cells.notna()].to_list())
        form = compact_format(_digits(levels)) if kind != "number" else None
        return (form, (_date_note(name, next(iter(_digits(levels))), form, "number"),)) if form else ("", ())
    if not all(isinstance(level, str) for level in sample) or all(map(NUMBER.fullmatch, sample)):
        return "", ()
    amounts = kind != "date" and all(amount_in(level, decimal) is not None for level in sample)
    # trying every format on all levels would be slow
    dates = kind != "number" and sum(_is_date(level) for level in sample) >= len(sample) / 2
    if not amounts and not dates:
        return "", ()
    levels = Counter(cells[cells.notna()].to_list())
    if not all(isinstance(level, str) for level in levels):
        return "", ()
    if amounts and len(levels) > 2 and (shape := number_shape(list(levels), decimal)):
        keep = option("data.kinds", "category", name)
        return shape, (f"{name} is read as a number written like {shape}; {keep} keeps its cells as levels",)
    return _dates(name, cells, levels) if dates else ("", ())


def plain_frame(frame: pd.DataFrame, written: Mapping[str, str], decimal: str) -> pd.DataFrame:
    """A frame (rows, columns) whose columns are written plainly; the given one is not changed."""
    plain = {name: plain_cells(frame[name], way, decimal) for name, way in written.items() if way and name in frame}
    return frame.assign(**plain) if plain else frame


def _digits(levels: Iterable[Any]) -> list[str]:
    """The levels as digits, if all are whole numbers without sign or leading zero; else nothing."""
    digits = [str(int(level)) if isinstance(level, float) and level.is_integer() else str(level) for level in levels]
    return digits if all(map(WHOLE.fullmatch, digits)) else []


def _dates(name: str, cells: pd.Series[Any], levels: Counter[Any]) -> tuple[str, tuple[str, ...]]:
    if all(moment_in(level) is not None for level in levels):
        return "", _zone_notes(name, levels)
    formats = date_formats(list(levels))
    if len(formats) == 1:
        return formats[0], (_date_note(name, next(iter(levels)), formats[0], "category"),)
    if formats:
        either = listed([option("data.dates", form, name) for form in formats], "or")
        differing = next(level for level in levels if len({moment_by(level, form) for form in formats}) > 1)
        where = f"column {name}, row {_row(cells, differing)}"
        raise DataError(
            f"{where}: {shown(differing)} is a date that can be read in {len(formats)} ways, and so can all others; "
            f"set {either}, else {option('data.kinds', 'category', name)} if it is a category"
        )
    _refuse_nearly_dates(name, cells, levels)
    return "", ()


def _refuse_nearly_dates(name: str, cells: pd.Series[Any], levels: Counter[Any]) -> None:
    """Refuse a column in which nearly all cells are dates."""
    dates = {level: n for level, n in levels.items() if _is_date(level)}
    if sum(dates.values()) < NEARLY_ALL * levels.total():
        return
    proposal = f"else set {option('data.kinds', 'category', name)} if it is a category"
    if odd := [level for level in levels if level not in dates]:
        count = sum(levels[level] for level in odd)
        rule = f"column {name} holds dates such as {shown(next(iter(dates)))}, but {count} of {levels.total()} cells are not"
        missing = option("data.missing", ["", *odd[:1]])
        where = f"{shown(odd[0])} first, in row {_row(cells, odd[0])}"
        raise DataError(f"{rule} ({where}); fix them, or set {missing} if that means missing, {proposal}")
    forms = Counter({form: sum(levels[level] for level in levels if _fits(level, form)) for form in _forms(list(levels))})
    common = forms.most_common(1)[0][0]
    first = next(level for level in levels if _fits(level, common))
    other = next(level for level in levels if not _fits(level, common))
    raise DataError(
        f"column {name} holds dates in several formats: {shown(first)} in row {_row(cells, first)}, {shown(other)} in row "
        f"{_row(cells, other)}; write all in one, such as 2020-12-31, {proposal}"
    )


def _check_given(cells: pd.Series[Any], form: str) -> None:
    for level in dict.fromkeys(cells[cells.notna()].to_list()):
        if not isinstance(level, date) and moment_in(level) is None and moment_by(_whole(level), form) is None:
            raise DataError(
                f"column {cells.name}, row {_row(cells, level)}: {shown(level)} is not a date written like {form}, as "
                f"{option('data.dates', form, str(cells.name))} asks; fix it, or list it in data.missing if it means missing"
            )


def _whole(level: Any) -> Any:
    return int(level) if isinstance(level, float) and level.is_integer() else level


def _is_date(level: Any) -> bool:
    return moment_in(level) is not None or any(moment_by(level, form) is not None for form in _likely(level))


def _likely(level: Any) -> Sequence[str]:
    """The formats worth trying: a date has digits, is short, and is not a number."""
    may = isinstance(level, str) and 5 <= len(level) <= 40 and re.search(r"\d\d", level) and not NUMBER.fullmatch(level)
    return FORMATS if may else ()


def _forms(levels: list[Any]) -> list[str]:
    """The formats that fit a level, '' for ISO 8601."""
    return ["", *(form for form in FORMATS if any(moment_by(level, form) is not None for level in levels))]


def _fits(level: Any, form: str) -> bool:
    return (moment_by(level, form) if form else moment_in(level)) is not None


def _zone_notes(name: str, levels: Counter[Any]) -> tuple[str, ...]:
    zones = dict.fromkeys(_zone_in(level) for level in levels)
    if len(zones) < 2:
        return ()
    listed_zones = listed([zone or "none" for zone in zones])
    return (f"{name} has times in different zones ({listed_zones}); all are read in UTC, as are those without a zone",)


def _zone_in(level: Any) -> str:
    if isinstance(level, datetime):
        return str(level.tzinfo or "")
    match = re.search(r"(?:Z|[+-]\d\d:?\d\d)$", str(level)[10:].strip())  # behind the day
    return match.group(0) if match else ""


def _date_note(name: str, example: Any, form: str, otherwise: ColumnKind) -> str:
    keep = option("data.kinds", otherwise, name)
    return f"{name} is read as dates written like {form}, such as {shown(example)}; {keep} if they are none"


def _row(cells: pd.Series[Any], cell: Any) -> int:
    return int(cells.index[cells == cell][0]) + 1
