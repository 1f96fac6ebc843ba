"""Names of labels, columns and layers as a picture can hold them: short, on one line, in characters that its font has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from matplotlib.font_manager import FontProperties, findfont, get_font

from foldwise.report.figures.style import DPI

MISSING = "\u25af"  # stands for a character that the font does not have


def drawable(name: str, length: int) -> str:
    """The name on one line; of a longer one its beginning and its end."""
    text = " ".join("".join(sign if _has(sign) else MISSING for sign in word) for word in name.split())
    if len(text) <= length:
        return text
    tail = (length - 1) // 3
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


def fitted(name: str, inches: float, points: float) -> str:
    """The name as drawable, cut until it is no wider than so many inches in letters of so many points."""
    length = max(1, len(name))
    while length > 1 and width_of(drawable(name, length), points) > inches:
        length -= 1 + length // 8
    return drawable(name, length)


def width_of(text: str, points: float) -> float:
    """How many inches a text is wide."""
    font = _font()
    font.set_size(points, DPI)  # letters are moved to whole dots, so their number matters
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64.0 / DPI


def told_apart(labels: Sequence[str], length: int) -> list[str]:
    """Labels as drawable names; those that would read alike, or cannot be read, begin with their position."""
    names = [drawable(label, length) for label in labels]
    count = Counter(names)
    unclear = [count[name] > 1 or MISSING in name or not name for name in names]
    return [f"{place}: {name}" if doubt else name for place, (name, doubt) in enumerate(zip(names, unclear, strict=True))]


def shown(number: float) -> str:
    """A number with four digits that count; a large one with all before the point."""
    return f"{number:,.0f}" if 1000 <= abs(number) < 1e15 else f"{number:.4g}"


def percent(share: float) -> str:
    """A share in whole percent; what is neither nothing nor all is never said to be."""
    said = f"{share:.0%}"
    if said == "0%" and share > 0:
        return "<1%"
    return ">99%" if said == "100%" and share < 1 else said


def counted(number: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


@cache
def _font() -> Any:
    return get_font(findfont(FontProperties()))


def _has(sign: str) -> bool:
    return bool(_font().get_char_index(ord(sign)))
