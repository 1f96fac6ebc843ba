"""Which columns the answers of a study's model rest on, as its summary keeps it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from foldwise.system.numbers import counted, shown

NAMED = 5  # in a sentence
TOGETHER = 3  # columns of a group in a sentence


@dataclass(frozen=True)
class ColumnImportance:
    """How much worse the goal's metric gets where a column is shuffled, with its 95 % interval.

    low, high: None for a single fold. group: the place of its group among the groups, None if it has none.
    """

    name: str
    importance: float
    low: float | None
    high: float | None
    group: int | None = None


@dataclass(frozen=True)
class GroupImportance:
    """The same for columns that say nearly the same and are shuffled together."""

    columns: tuple[str, ...]
    importance: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Permutation importance out of fold.

    metric: the goal's. rows, repeats: how many rows, and how often each column was shuffled.
    of: the number of columns of the table; fewer are measured if it has many.
    columns, groups: the most important first.
    """

    metric: str
    rows: int
    repeats: int
    of: int
    columns: tuple[ColumnImportance, ...]
    groups: tuple[GroupImportance, ...] = ()

    @property
    def ranked(self) -> list[GroupImportance]:
        """Groups, and columns without one, the most important first."""
        alone = [GroupImportance((one.name,), one.importance, one.low, one.high) for one in self.columns if one.group is None]
        return sorted([*self.groups, *alone], key=lambda one: -one.importance)

    @property
    def mattering(self) -> list[GroupImportance]:
        """Those of them whose interval is above 0."""
        return [one for one in self.ranked if (one.importance if one.low is None else one.low) > 0]

    @property
    def sentence(self) -> str:
        """What the screen says."""
        found, rest = self.mattering, len(self.ranked) - len(self.mattering)
        if not found:
            return f"no column is seen to matter: shuffling one changes {self.metric} by no more than the noise between folds"
        how = f"how much worse {self.metric} gets where they are shuffled, out of fold"
        named = ", ".join(f"{together(one.columns)} {shown(one.importance, digits=2)}" for one in found[:NAMED])
        more = f", and {len(found) - NAMED} more" if len(found) > NAMED else ""
        others = f"; {counted(rest, 'other')} not seen to matter" if rest else ""
        return f"columns that matter most: {named}{more} ({how}){others}"


def together(columns: Sequence[str]) -> str:
    """The names of columns that are shuffled together: `age`, `age (with years)`."""
    first, *rest = columns
    others = rest[: TOGETHER - 1]
    more = f" and {len(rest) - len(others)} more" if len(rest) > len(others) else ""
    return first + (f" (with {', '.join(others)}{more})" if rest else "")


def known(value: float) -> float | None:
    """The value; None if it is not finite."""
    return value if math.isfinite(value) else None
