"""A parameter along an axis: its ends, its ticks, and the positions of its values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import LogLocator, MaxNLocator

from foldwise.report.figures.names import begun
from foldwise.system.numbers import shown
from foldwise.tuning.columns import Column

BESIDE = 0.3  # largest offset within a category, as a share of the distance to the next
ABSENT = -0.14  # below an axis from 0 to 1: the place of a trial without the parameter
# Roberts, "The unreasonable effectiveness of quasirandom sequences" (2018): steps that fill a square evenly
STEPS = (0.7548776662466927, 0.5698402909980532)


def ends(column: Column) -> tuple[float, float]:
    """The ends of its axis, in the units of `spread`."""
    known = column.spread[column.present]
    if column.levels is not None:
        return 0.0, max(1.0, len(column.levels) - 1.0)
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def unit(column: Column) -> npt.NDArray[np.float64]:
    """The values from 0 to 1 along their axis, (trials,); ABSENT for a trial without the parameter."""
    low, high = ends(column)
    return np.where(column.present, (column.spread - low) / (high - low), ABSENT)


def apart(column: Column, up: bool = False) -> npt.NDArray[np.float64]:
    """The values as positions on an axis, (trials,), with the trials of one category spread around its place.

    The offset of a trial within its category follows from its index, and has no meaning.
    """
    if column.levels is None:
        return column.values
    steps = (np.arange(len(column.values)) * STEPS[up]) % 1.0
    return column.values + BESIDE * (2 * steps - 1)


def ticks(column: Column, most: int = 5, letters: int = 14) -> tuple[list[float], list[str]]:
    """Round values along its axis, in the units of `spread`, and their labels."""
    if column.levels is not None:
        step = -(-len(column.levels) // (4 * most))
        places = range(0, len(column.levels), step)
        return [float(place) for place in places], [begun(column.levels[place], letters) for place in places]
    low, high = ends(column)
    if column.log:
        kept = powers(10**low, 10**high, most)
        return [float(np.log10(value)) for value in kept], [shown(value, digits=3) for value in kept]
    whole = bool(np.all(column.values[column.present] % 1 == 0))
    values = MaxNLocator(most, steps=[1, 2, 5, 10] if whole else [1, 2, 2.5, 5, 10], integer=whole).tick_values(low, high)
    margin = 0.01 * (high - low)  # keeps a tick at the end of a range that no trial quite reached
    inside = [float(v) for v in values if low - margin <= v <= high + margin]
    return inside, [shown(v) for v in inside]


def powers(low: float, high: float, most: int) -> list[float]:
    """At most `most` round values of a logarithmic axis: several per decade, or else some of the decades."""
    for within in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        values = [float(value) for value in LogLocator(subs=within, numticks=100).tick_values(low, high)]
        inside = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) <= most:
            break
    inside = inside[:: -(-len(inside) // most)] if inside else inside
    return inside if len(inside) > 1 else [low, high]
