"""Names and numbers as text of a figure: short, on one line, in characters that the font has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from matplotlib.font_manager import FontProperties, findfont, get_font

from foldwise.report.figures.style import DPI

MISSING = "\u25af"  # replaces a character that the font does not have


def drawable(name: str, length: int) -> str:
    """The name on one line, cut to `length` characters in its middle."""
    text = " ".join("".join(sign if _has(sign) else MISSING for sign in word) for word in name.split())
    if len(text) <= length:
        return text
    tail = (length - 1) // 3
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


def short(name: str, most: int = 26) -> str:
    """A name cut to `most` characters at its beginning: the end of a dotted name is the most telling."""
    text = " ".join(name.split())
    return text if len(text) <= most else "…" + text[len(text) - most + 1 :]


def begun(text: str, most: int) -> str:
    """A text cut to `most` characters at its end: the beginning of a category is the most telling."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def fitted(name: str, inches: float, points: float) -> str:
    """The name cut until it is at most `inches` wide in letters of `points` points."""
    length = max(1, len(name))
    while length > 1 and width_of(drawable(name, length), points) > inches:
        length -= 1 + length // 8
    return drawable(name, length)


def width_of(text: str, points: float) -> float:
    """The width of a text in inches."""
    font = _font()
    font.set_size(points, DPI)  # letters are aligned to whole dots, so the resolution matters
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64.0 / DPI


def told_apart(labels: Sequence[str], length: int) -> list[str]:
    """Labels as drawable names. Names that would be equal or unreadable start with their position."""
    names = [drawable(label, length) for label in labels]
    count = Counter(names)
    unclear = [count[name] > 1 or MISSING in name or not name for name in names]
    return [f"{place}: {name}" if doubt else name for place, (name, doubt) in enumerate(zip(names, unclear, strict=True))]


def percent(share: float) -> str:
    """A share in whole percent; only exact 0 and 1 are shown as 0% and 100%."""
    text = f"{share:.0%}"
    if text == "0%" and share > 0:
        return "<1%"
    return ">99%" if text == "100%" and share < 1 else text


@cache
def _font() -> Any:
    return get_font(findfont(FontProperties()))


def _has(sign: str) -> bool:
    return bool(_font().get_char_index(ord(sign)))
