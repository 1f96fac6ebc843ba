"""Measured numbers as people read them: on the screen, on pages, in pictures, in MLflow, in sentences."""

from __future__ import annotations

import math

TINY, HUGE = 1e-5, 1e15  # beyond these, plain digits are harder to read than an exponent
NOTHING = 1e-12  # of a score or a difference of scores, this is a rounding error
FEWEST = 2  # digits that a number keeps, however small it is


def shown(value: float | None, places: int | None = None, digits: int = 4, sign: bool = False) -> str:
    """A number in plain digits, `-` if it is None or not finite.

    A number smaller than its decimals can show keeps two digits: 0.00004 is not 0.0000. Below 0.00001 it has an exponent.

    Args:
        value: the number.
        places: decimals, for scores that stand below each other, where a rounding error is 0; None drops zeros at the end.
        digits: significant digits without `places`; digits before the point are all kept.
        sign: whether a positive number begins with +.
    """
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0 or (places is not None and abs(value) < NOTHING):
        value = 0.0  # never -0.000
    plus, size = "+" if sign else "", abs(value)
    if 0 < size < TINY or size >= HUGE:
        return f"{value:{plus}.3g}"
    exponent = math.floor(math.log10(size)) if size else 0
    if places is None:
        return _without_zeros(f"{value:{plus},.{max(0, digits - 1 - exponent)}f}", 0)
    return _without_zeros(f"{value:{plus},.{max(places, FEWEST - 1 - exponent)}f}", places)


def score(value: float | None) -> str:
    """A number as a column of scores shows it: four decimals, fewer from 10 on."""
    size = 0.0 if value is None else abs(value)
    return shown(value, 4 if size < 10 else 2 if size < 1000 else 1)


def _without_zeros(text: str, places: int) -> str:
    """The text without zeros at its end, but with this many decimals."""
    whole, _, decimals = text.partition(".")
    kept = decimals[:places] + decimals[places:].rstrip("0")
    return f"{whole}.{kept}" if kept else whole


def counted(number: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def duration(seconds: float) -> str:
    """A duration as people say it: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
