"""Levels of a category as codes, and codes as columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from foldwise.data.cells import truth_aliases

UNKNOWN = -1
MISSING = "(missing)"
RARE = "(rare)"


@dataclass(frozen=True)
class Levels:
    """The levels of a category column in its training rows. None is the level of missing cells.

    own: levels with a column of their own. rare: levels that share one more column. fill: the level that replaces missing
    cells.
    """

    name: str
    own: tuple[str | None, ...]
    rare: tuple[str | None, ...] = ()
    fill: str | None = None
    drop_first: bool = False

    @cached_property
    def code(self) -> dict[str | None, int]:
        """The code of each level, and of other spellings of true and false; rare levels share the last one."""
        codes: dict[str | None, int] = {level: number for number, level in enumerate(self.own)}
        codes |= dict.fromkeys(self.rare, len(self.own))
        if self.fill is not None:
            codes[None] = codes[self.fill]
        for spelling, level in truth_aliases((*self.own, *self.rare)).items():
            codes.setdefault(spelling, codes[level])
        return codes

    @property
    def width(self) -> int:
        """The number of codes."""
        return len(self.own) + bool(self.rare)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the one-hot columns."""
        names = [MISSING if level is None else level for level in self.own] + ([RARE] if self.rare else [])
        return tuple(f"{self.name}={name}" for name in names)[self.drop_first :]

    def ordinal(self, cells: Iterable[str | None]) -> npt.NDArray[np.int32]:
        """Codes (rows,) from 0; a level never seen in training is UNKNOWN."""
        code = self.code
        return np.array([code.get(cell, UNKNOWN) for cell in cells], dtype=np.int32)


def one_hot(codes: npt.NDArray[np.int32], drop_first: bool, out: npt.NDArray[np.float32]) -> None:
    """Write a one for each code (rows,) into `out`, zeros of shape (rows, columns); UNKNOWN leaves zeros."""
    columns = codes - drop_first
    known = np.flatnonzero(columns >= 0)
    out[known, columns[known]] = 1.0
