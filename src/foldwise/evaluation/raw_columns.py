"""Columns as trees take them: nothing is scaled or filled, and a category is a code. Fitted on training rows only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.preparation.dates import Date, fit_date
from foldwise.data.preparation.encode import UNKNOWN, Levels
from foldwise.data.preparation.text import Hashed
from foldwise.data.table import Table
from foldwise.spec.prep import HashText


@dataclass(frozen=True)
class RawColumns:
    """The columns of a table, fitted."""

    numbers: tuple[str, ...]
    dates: tuple[Date, ...]
    texts: tuple[Hashed, ...]
    categories: tuple[Levels, ...]

    def matrix(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Conformed rows as numbers, parts of dates, counts of words and codes of categories, in this order.

        Returns:
            (rows, columns); nan where a cell is missing, or a level was not in the training rows.
        """
        parts = [frame[name].to_numpy(np.float64)[:, None] for name in self.numbers]
        parts += [date.numbers(frame[date.name].to_numpy()) for date in self.dates]
        parts += [text.counts(frame[text.name].to_list()) for text in self.texts]
        for levels in self.categories:
            codes = levels.ordinal(frame[levels.name].to_list())
            parts.append(np.where(codes == UNKNOWN, np.nan, codes)[:, None])
        return np.column_stack([np.empty((len(frame), 0)), *parts])

    @property
    def categorical(self) -> npt.NDArray[np.bool_]:
        """Which columns of the matrix are codes, (columns,)."""
        others = len(self.numbers) + sum(len(date.features) for date in self.dates) + sum(text.width for text in self.texts)
        return np.arange(others + len(self.categories)) >= others

    @property
    def joined(self) -> tuple[str, ...]:
        """The categories whose rarest levels share a code."""
        return tuple(levels.name for levels in self.categories if levels.rare)


def fit_raw(table: Table, rows: npt.NDArray[np.int64], most_levels: int | None = None) -> RawColumns:
    """Fit levels and parts of dates on training rows.

    Args:
        table: the data.
        rows: positions of the training rows in it, (rows,).
        most_levels: of a category with more, the rarest share the last code; None for any number.
    """
    frame, schema = table.frame.iloc[rows], table.schema
    return RawColumns(
        schema.of_kind("number"),
        tuple(fit_date(name, frame[name].to_numpy(), "parts") for name in schema.of_kind("date")),
        tuple(Hashed(name, HashText().width) for name in schema.of_kind("text")),
        tuple(_levels(name, frame[name].to_list(), most_levels) for name in schema.of_kind("category")),
    )


def _levels(name: str, cells: Iterable[str | None], most: int | None) -> Levels:
    counts = Counter(cell for cell in cells if cell is not None)
    ranked = sorted(counts, key=lambda level: (-counts[level], level))
    own = len(ranked) if most is None or len(ranked) <= most else most - 1
    return Levels(name, tuple(sorted(ranked[:own])), tuple(ranked[own:]))
