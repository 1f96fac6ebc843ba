"""Drift of new rows from the rows that a model knows: the population stability index of each column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from foldwise.data.cells import listed, shown
from foldwise.data.holdout import Positions
from foldwise.data.profile import ColumnProfile, binned, profile_of, seconds_or_numbers
from foldwise.data.schema import Column, Schema
from foldwise.data.table import Table
from foldwise.errors import DataError

HALF_A_ROW = 0.5
FEW_ROWS = 10
LONGER_RUN = 2


@dataclass(frozen=True)
class Drift:
    """The drift of a column.

    psi: population stability index between earlier and later rows.
    p_value: of the Kolmogorov-Smirnov test for numbers, of the chi-squared test for levels; None without cells to test.
    missing: shares of missing cells before and after.
    """

    column: str
    psi: float
    p_value: float | None
    missing: tuple[float, float]

    @property
    def record(self) -> dict[str, Any]:
        """The drift for JSON."""
        return asdict(self)


def drifts(table: Table, earlier: Positions, later: Positions, known: Sequence[ColumnProfile] = ()) -> tuple[Drift, ...]:
    """The drift of the target and of each number, date and category column, largest first; () without new rows.

    Args:
        table: the rows.
        earlier: positions of the rows that the model knows.
        later: positions of the new rows.
        known: profiles of the training rows, for a table that no longer has any of them.

    Source: Siddiqi, Credit Risk Scorecards (2006), for the index and its interpretation.
    """
    if not len(later) or table.images is not None:
        return ()
    if not len(earlier):
        columns = [(profile, None, table.frame[profile.name].iloc[later]) for profile in known]
        return _sorted(_drift(*column) for column in columns if column[0].kind != "text")
    numbers = [table.alone(place) for place in range(len(table.targets))]
    alone = [] if table.classes else [table]  # masks and boxes are neither labels nor numbers
    cells = [_target(one) for one in (*numbers, *alone)]
    cells += [(column, table.frame[column.name]) for column in table.schema.columns if column.kind != "text"]
    found = []
    for column, values in cells:
        before = values.iloc[earlier]
        (profile,) = profile_of(before.to_frame(column.name), Schema((column,)))
        found.append(_drift(profile, before, values.iloc[later]))
    return _sorted(found)


def psi(before: Sequence[float], after: Sequence[float], rows_before: int, rows_after: int) -> float:
    """The population stability index of two lists of shares, (bins,): sum of (q - p) ln(q / p).

    A share of 0 would make it infinite, so a share is at least half a row of `rows_before` or `rows_after`.
    """
    p = np.maximum(before, HALF_A_ROW / max(rows_before, 1))
    q = np.maximum(after, HALF_A_ROW / max(rows_after, 1))
    return float(((q - p) * np.log(q / p)).sum())


def _sorted(found: Iterable[Drift]) -> tuple[Drift, ...]:
    return tuple(sorted(found, key=lambda drift: -drift.psi))


def check_missing(found: Sequence[Drift], most: float) -> None:
    """Refuse new rows with more gaps than before.

    Raises:
        DataError: the share of missing cells of a column rose by more than `most`.
    """
    emptied = [drift for drift in found if drift.missing[1] - drift.missing[0] > most]
    if emptied:
        first = emptied[0]
        named = listed([drift.column for drift in emptied])
        shares = f"{first.column}: {first.missing[0]:.0%} before, {first.missing[1]:.0%} now"
        raise DataError(f"cells of {named} are missing in the new rows ({shares}); fix the source, or raise checks.missing")


def check_constant(table: Table, earlier: Positions, later: Positions) -> None:
    """Refuse new rows in which a column has stopped varying, such as a sensor that is stuck.

    A column that changes rarely, such as a month, may well have one value for a while: the new rows must be more than
    `LONGER_RUN` times as many as ever had one value in succession, in the order of the source.

    Raises:
        DataError: names the column, its value and the rows.
    """
    if len(later) < FEW_ROWS or not len(earlier) or table.images is not None:
        return
    for column in table.schema.columns:
        cells = table.frame[column.name]
        now = cells.iloc[later].dropna()
        if column.kind == "text" or len(now) < FEW_ROWS or now.nunique() > 1:
            continue
        before = cells.iloc[np.sort(earlier)].dropna().reset_index(drop=True)
        runs = (before != before.shift()).cumsum().value_counts()
        if len(runs) > 1 and len(now) > LONGER_RUN * int(runs.iloc[0]):
            value = shown(now.iloc[0]) if column.kind == "category" else f"{now.iloc[0]}"
            rule = f"column {column.name} is {value} in all {len(now)} new rows, and had {before.nunique()} values before"
            raise DataError(f"{rule}; fix the source, or set checks.constant=false if that is right")


def check_drift(found: Sequence[Drift], most: float | None) -> None:
    """Refuse new rows that drifted too far.

    Raises:
        DataError: the PSI of a column is more than `most`.
    """
    if most is not None and found and found[0].psi > most:
        rule = f"{found[0].column} has moved by a PSI of {found[0].psi:.2f}, more than checks.drift={most:g}"
        raise DataError(f"{rule}; check the new rows, or raise checks.drift")


def _drift(profile: ColumnProfile, before: pd.Series[Any] | None, after: pd.Series[Any]) -> Drift:
    """The drift of one column; `before` is None if only the profile of the earlier rows is left."""
    sides = None if before is None else (before.dropna(), after.dropna())
    missing = (profile.missing, float(after.isna().mean()))
    shares = binned(profile, after)
    if not profile.parts or not any(shares):
        return Drift(profile.name, 0.0, None, missing)
    index = psi(profile.parts, shares, len(after) if before is None else len(before), len(after))
    return Drift(profile.name, index, None if sides is None else _p_value(profile, *sides), missing)


def _p_value(profile: ColumnProfile, before: pd.Series[Any], after: pd.Series[Any]) -> float | None:
    from scipy import stats

    if profile.kind != "category":
        numbers = (seconds_or_numbers(before), seconds_or_numbers(after))
        return float(stats.ks_2samp(*numbers).pvalue) if len(numbers[0]) else None
    table = np.array([np.array(binned(profile, side)) * len(side) for side in (before, after)])
    table = table[:, table.sum(axis=0) > HALF_A_ROW]
    return float(stats.chi2_contingency(table).pvalue) if table.shape[1] > 1 and table.sum(axis=1).all() else None


def _target(table: Table) -> tuple[Column, pd.Series[Any]]:
    """The target as a column."""
    if table.labels:
        cells = pd.Series(np.array(table.labels, dtype=object)[table.target], dtype=object)
        return Column(table.target_name, "category"), cells
    return Column(table.target_name, "number"), pd.Series(table.target)
