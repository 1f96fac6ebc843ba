"""Text that a spreadsheet would run as a formula, and its harmless form with a leading quote."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from foldwise.data.cells import number_in

if TYPE_CHECKING:
    import pandas as pd

QUOTE = "'"
# = + - @ and their full-width forms, which some spreadsheets read as the plain ones; tab, line feed and return
_SIGNS = frozenset("=+-@\t\n\r\uff1d\uff0b\uff0d\uff20")


def is_formula(cell: Any) -> bool:
    """Whether a spreadsheet could run a cell: text behind a sign. A number and a lone sign are not formulas."""
    return isinstance(cell, str) and len(cell) > 1 and cell[0] in _SIGNS and number_in(cell) is None


def escaped(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with a quote before every cell that is a formula."""
    texts = {name: cells for name, cells in frame.items() if cells.dtype.kind not in "iufb"}
    return frame.assign(**{str(name): [_quoted(cell) for cell in cells] for name, cells in texts.items()})


def unescaped(text: str, known: Container[str]) -> str:
    """The text as it was before `escaped`, if that is known and the text is not."""
    bare = text.removeprefix(QUOTE)
    return bare if text not in known and is_formula(bare) and bare in known else text


def _quoted(cell: Any) -> Any:
    return QUOTE + cell if is_formula(cell) else cell
