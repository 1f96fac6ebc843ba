"""A plane through a table: two number columns vary over a grid, every other column keeps its usual value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.preparation.fold import Preparation
from foldwise.seeds import Purpose, generator

STEPS = 100  # of a side; a picture shows no more
SHUFFLED = 200  # rows that measure the importance of a column
MOST_ANSWERS = 20_000  # over all columns; a wide table gets fewer rows a column
FEWEST = 20
OUTER = (1.0, 99.0)  # percentiles; far values beyond them would push all other rows into a corner
AIR = 0.15  # of the distance between these percentiles, on each side
EDGE = 0.05  # of the whole range, on each side

# Typed rows -> class probabilities (rows, classes) or values (rows,)
Predict = Callable[[pd.DataFrame], npt.NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Plane:
    """A grid over two number columns.

    across, up: the columns. x, y: their values, (steps,) each.
    rows: the grid as typed rows, (steps * steps, columns); row `i * steps + j` has y[i] and x[j].
    held: the other columns, which stay at their median or at their most frequent value (None is missing).
    """

    across: str
    up: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    rows: pd.DataFrame
    held: Mapping[str, Any]


def used(frame: pd.DataFrame, preparation: Preparation) -> pd.DataFrame:
    """The columns that a preparation uses."""
    return frame[[name for name in frame.columns if name in preparation.columns]]


def plane_through(frame: pd.DataFrame, numbers: Sequence[str], predict: Predict, seed: int, steps: int = STEPS) -> Plane | None:
    """The plane through the two most important number columns; None if there are fewer than two.

    Args:
        frame: typed rows, as the model was trained on.
        numbers: the number columns that the model uses.
        predict: the model.
        seed: of the shuffling that measures importance.
        steps: of each side.
    """
    varied = [name for name in numbers if np.unique(_known(frame[name])).size > 1]
    if len(varied) < 2:
        return None
    if len(varied) > 2:
        moved = importance(frame, varied, predict, seed)
        first = sorted(varied, key=lambda name: -moved[name])[:2]
        varied = [name for name in varied if name in first]
    across, up = varied
    x, y = (_ticks(_known(frame[name]), steps) for name in (across, up))
    cells = {
        name: np.tile(x, steps) if name == across else np.repeat(y, steps) if name == up else _usual(frame[name], steps**2)
        for name in frame.columns
    }
    rows = pd.DataFrame(cells, columns=frame.columns)
    return Plane(across, up, x, y, rows, {name: rows[name].iloc[0] for name in rows.columns if name not in varied})


def held_at(held: Mapping[str, Any]) -> str:
    """The values of the columns that do not vary, in words; empty if there are none."""
    if not held:
        return ""
    return f"at the median or most frequent value: {', '.join(f'{name} = {_word(value)}' for name, value in held.items())}"


def _word(value: Any) -> str:
    return "missing" if pd.isna(value) else f"{value:.4g}" if isinstance(value, float) else str(value)


def importance(frame: pd.DataFrame, numbers: Sequence[str], predict: Predict, seed: int) -> dict[str, float]:
    """How far the predictions move, on average, when a column's cells are shuffled among the rows.

    Source: Breiman, Random Forests (2001), with the move of the predictions in place of the loss of accuracy.
    """
    chance = generator(Purpose.IMPORTANCE, seed)
    count = min(len(frame), SHUFFLED, max(FEWEST, MOST_ANSWERS // len(numbers)))
    sample = frame.iloc[np.sort(chance.permutation(len(frame))[:count])].reset_index(drop=True)
    before = predict(sample)
    found = {}
    for name in numbers:
        shuffled = sample.assign(**{name: sample[name].to_numpy()[chance.permutation(count)]})
        found[name] = float(np.abs(predict(shuffled) - before).mean())
    return found


def _known(cells: pd.Series[Any]) -> npt.NDArray[np.float64]:
    values = cells.to_numpy(np.float64)
    known: npt.NDArray[np.float64] = values[np.isfinite(values)]
    return known


def _ticks(values: npt.NDArray[np.float64], steps: int) -> npt.NDArray[np.float64]:
    """Equal steps over nearly all values: far ones at either end are left out."""
    (low, high), (least, most) = np.percentile(values, OUTER), (values.min(), values.max())
    air, edge = (high - low) * AIR, (most - least) * EDGE
    if high == low:
        air = np.inf
    return np.linspace(max(low - air, least - edge), min(high + air, most + edge), steps)


def _usual(cells: pd.Series[Any], count: int) -> Any:
    """The median of numbers and dates, the most frequent of other values, `count` times."""
    if cells.dtype.kind == "f":
        known = _known(cells)
        return np.full(count, np.median(known) if len(known) else np.nan)
    if cells.dtype.kind == "M":
        known = np.sort(cells.dropna().to_numpy())
        return pd.Series([known[len(known) // 2] if len(known) else pd.NaT] * count, dtype=cells.dtype)
    counts = Counter(cells.to_list())
    most = max(counts.values())
    usual = min((level for level, number in counts.items() if number == most), key=lambda level: (level is None, str(level)))
    return pd.Series([usual] * count, dtype=object)
