"""Dates as numbers: their parts, plain or on a circle, where December is next to January."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Moments = npt.NDArray[np.datetime64]


def _count(moments: Moments, unit: Literal["Y", "M", "D"]) -> npt.NDArray[np.int64]:
    """Years, months or days since the beginning of 1970."""
    return moments.astype(f"datetime64[{unit}]").astype(np.int64)


def _hour(moments: Moments) -> npt.NDArray[Any]:
    return np.asarray((moments - moments.astype("datetime64[D]")) / np.timedelta64(1, "h"))


# name -> a function from moments (rows,) to the part, and its period
PARTS: dict[str, tuple[Callable[[Moments], npt.NDArray[Any]], float]] = {
    "year": (lambda moments: _count(moments, "Y") + 1970, np.inf),
    "month": (lambda moments: _count(moments, "M") % 12 + 1, 12.0),
    "weekday": (lambda moments: (_count(moments, "D") + 3) % 7, 7.0),  # Monday is 0, and 1970 began on a Thursday
    "hour": (_hour, 24.0),
}


@dataclass(frozen=True)
class Date:
    """A date column as its parts: a number each, or a sine and a cosine if `cyclic` and the part has a period."""

    name: str
    parts: tuple[str, ...]
    cyclic: bool

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the numbers."""
        return tuple(f"{self.name} {part}{end}" for part in self.parts for end in self._ends(part))

    def numbers(self, moments: Moments) -> Floats:
        """Moments (rows,) as numbers (rows, features), nan where the moment is missing."""
        columns: list[npt.NDArray[Any]] = []
        for part in self.parts:
            part_of, period = PARTS[part]
            values = part_of(moments)
            angles = 2.0 * np.pi * values / period
            columns += [np.sin(angles), np.cos(angles)] if len(self._ends(part)) == 2 else [values]
        numbers = np.column_stack(columns).astype(np.float64)
        numbers[np.isnat(moments)] = np.nan
        return numbers

    def _ends(self, part: str) -> tuple[str, ...]:
        return (" sine", " cosine") if self.cyclic and np.isfinite(PARTS[part][1]) else ("",)


def fit_date(name: str, moments: Moments, kind: Literal["parts", "cyclic"]) -> Date:
    """Fit the parts on training rows (rows,): the hour is one only if a row has a time of day."""
    known = moments[~np.isnat(moments)]
    timed = bool((known != known.astype("datetime64[D]")).any())
    return Date(name, tuple(part for part in PARTS if part != "hour" or timed), kind == "cyclic")
