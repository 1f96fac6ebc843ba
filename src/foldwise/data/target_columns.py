"""The columns of several numbers that are predicted together, and what makes their errors comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TargetColumn:
    """One of several numbers that each row has.

    name: its column. weight: how much it counts in the loss and in mean scores. unit: the standard deviation of the rows that
    a study may learn from; errors are averaged over numbers in it, as a mean of euros and metres means nothing. written: how
    its cells are written, if not plainly (see `written`).
    """

    name: str
    weight: float = 1.0
    unit: float = 1.0
    written: str = ""


def with_units(columns: Sequence[TargetColumn], values: npt.NDArray[np.float64]) -> tuple[TargetColumn, ...]:
    """The columns with the standard deviations of these values, (rows, columns); 1 where all are equal."""
    each = zip(columns, values.std(axis=0).tolist(), strict=True)
    return tuple(replace(column, unit=unit if unit > 0 else 1.0) for column, unit in each)


def weights_of(columns: Sequence[TargetColumn]) -> tuple[float, ...]:
    """The weights of the columns in the loss; () if all count alike."""
    weights = tuple(column.weight for column in columns)
    return weights if len(set(weights)) > 1 else ()
