"""How far new rows have moved from those that a model knows: the population stability index of each column."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from foldwise.data.cells import listed
from foldwise.data.table import Table
from foldwise.errors import DataError

BINS, LEVELS = 10, 20
# The usual reading of the index; below 0.1 nothing has moved.
MOVED, MOVED_FAR = 0.1, 0.25
# A share of no rows would be infinitely far; half a row is what is counted for it.
HALF_A_ROW = 0.5


@dataclass(frozen=True)
class Drift:
    """What became of a column.

    psi: population stability index between earlier and later rows. p_value: of the Kolmogorov-Smirnov test for numbers, of the
    chi-squared test for levels; None where there is nothing to test. missing: shares before and after.
    """

    column: str
    psi: float
    p_value: float | None
    missing: tuple[float, float]

    @property
    def record(self) -> dict[str, Any]:
        """As a summary keeps it."""
        return asdict(self)


def drifts(table: Table, earlier: npt.NDArray[np.int64], later: npt.NDArray[np.int64]) -> tuple[Drift, ...]:
    """Of the target and each number, date and category column, the farthest first; none where one side has no rows.

    Args:
        table: the rows.
        earlier, later: positions of the rows that the model knows, and of those that are new.

    Source: Siddiqi, Credit Risk Scorecards (2006), for the index and how it is read.
    """
    if not len(earlier) or not len(later):
        return ()
    found = [_drift(table.target_name, _target(table), earlier, later)]
    for column in table.schema.columns:
        if column.kind in ("number", "date", "category"):
            cells = table.frame[column.name].to_numpy()
            found.append(_drift(column.name, _moments(cells) if column.kind == "date" else cells, earlier, later))
    return tuple(sorted(found, key=lambda drift: -drift.psi))


def psi(before: npt.ArrayLike, after: npt.ArrayLike) -> float:
    """The population stability index of two rows of counts, (bins,): sum of (q - p) ln(q / p) over their shares p and q."""
    counts = [np.asarray(counts, dtype=np.float64) for counts in (before, after)]
    p, q = (np.maximum(each, HALF_A_ROW) / max(each.sum(), 1.0) for each in counts)
    return float(((q - p) * np.log(q / p)).sum())


def check_missing(found: Sequence[Drift], most: float) -> None:
    """Whether columns came as full as before.

    Raises:
        DataError: the share of missing cells among the new rows rose by more than `most`.
    """
    emptied = [drift for drift in found if drift.missing[1] - drift.missing[0] > most]
    if emptied:
        first = emptied[0]
        named = listed([drift.column for drift in emptied])
        shares = f"{first.column}: {first.missing[0]:.0%} before, {first.missing[1]:.0%} now"
        raise DataError(f"cells of {named} are missing among the new rows ({shares}); mend the source, or raise checks.missing")


def check_drift(found: Sequence[Drift], most: float | None) -> None:
    """Whether no column moved farther than is allowed.

    Raises:
        DataError: one did.
    """
    if most is not None and found and found[0].psi > most:
        rule = f"{found[0].column} has moved by a PSI of {found[0].psi:.2f}, more than checks.drift={most:g}"
        raise DataError(f"{rule}; look at the new rows, or raise it")


def _drift(name: str, cells: npt.NDArray[Any], earlier: npt.NDArray[np.int64], later: npt.NDArray[np.int64]) -> Drift:
    gone = pd.isna(cells)
    missing = float(gone[earlier].mean()), float(gone[later].mean())
    sides = [cells[at][~gone[at]] for at in (earlier, later)]
    if not len(sides[0]) or not len(sides[1]):
        return Drift(name, 0.0, None, missing)
    if cells.dtype.kind == "f":
        numbers = [side.astype(np.float64) for side in sides]
        edges = np.unique(np.quantile(numbers[0], np.linspace(0, 1, BINS + 1)[1:-1]))
        counts = [np.bincount(np.searchsorted(edges, side, side="left"), minlength=len(edges) + 1) for side in numbers]
        return Drift(name, psi(*counts), float(stats.ks_2samp(*numbers).pvalue), missing)
    both = [Counter(side.tolist()) for side in sides]
    named = [level for level, _ in both[0].most_common(LEVELS)]
    table = np.array([[*(c[level] for level in named), sum(n for level, n in c.items() if level not in named)] for c in both])
    table = table[:, table.sum(axis=0) > 0]
    p_value = float(stats.chi2_contingency(table).pvalue) if table.shape[1] > 1 else None
    return Drift(name, psi(*table), p_value if p_value is None or math.isfinite(p_value) else None, missing)


def _target(table: Table) -> npt.NDArray[Any]:
    return np.array(table.labels, dtype=object)[table.target] if table.labels else table.target


def _moments(cells: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.where(np.isnat(cells), np.nan, cells.astype("datetime64[us]").astype(np.float64))
