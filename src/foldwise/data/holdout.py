"""The holdout: rows set aside first and scored once at the end. A row never changes sides as the data grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.cells import shown
from foldwise.data.given_folds import TEST, TRAIN
from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.spec.data import HashHoldout, HoldoutSpec, NoHoldout, TimeHoldout
from foldwise.spec.folds import A_FEW, FOR_A_FEW
from foldwise.spec.images import GivenImages
from foldwise.spec.study import DataSpec

Positions = npt.NDArray[np.int64]
HoldoutRecord = Mapping[str, Any]

ALL = ""  # the name of the cut-off if classes share one
BY_COLUMN = "column"  # the kind of the record if the rows themselves say which are the holdout


def set_holdout(
    table: Table, holdout: HoldoutSpec | GivenImages, data: DataSpec, frozen: HoldoutRecord | None = None
) -> tuple[Positions, Positions, HoldoutRecord]:
    """Set rows aside by their cells alone, independent of label, chance and seed.

    `hash` sets a row aside if the hash of its key columns (data.group, else data.row_key, else all columns except the
    target and data.drop; of an image its pixels) is below a cut-off. Each class has its own cut-off, so that about `share`
    of the class is below it. `time` sets the newest rows aside. `given` sets none aside: the rows come from a file. `none` sets
    none aside either.

    Of rows that come with a split (`folds=given`) those marked test are set aside, and no others; if none is, some of the
    training rows are, by these rules.

    Args:
        table: the rows.
        holdout: the kind and its share.
        data: names the key columns.
        frozen: the record of an earlier call, whose columns and cut-offs are used again.

    Returns:
        development positions, holdout positions, and a record for JSON.

    Raises:
        ConfigError: a side would have no rows or lack a class, or `time` has no data.time.
        DataError: a column of the frozen record is missing.
    """
    every = np.arange(len(table), dtype=np.int64)
    if table.sides is not None:
        return _beside_sides(table, table.sides, holdout, data, frozen)
    if holdout.kind == "given" or isinstance(holdout, NoHoldout):
        return every, every[:0], {"kind": holdout.kind}
    if frozen is not None and frozen.get("kind") != holdout.kind:
        raise ConfigError("data.holdout.kind", f"the study set rows aside by {frozen.get('kind')}; keep that kind")
    if isinstance(holdout, TimeHoldout):
        aside, record = _newest(table, holdout, frozen)
    else:
        aside, record = _lowest_hashes(table, holdout, data, frozen)
    development, rows = every[~aside], every[aside]
    _check(table, development, rows)
    return development, rows, record


def _beside_sides(
    table: Table, sides: npt.NDArray[np.str_], holdout: HoldoutSpec | GivenImages, data: DataSpec, frozen: HoldoutRecord | None
) -> tuple[Positions, Positions, HoldoutRecord]:
    """The rows marked test, else the rows of `holdout` among those that train."""
    marked = np.flatnonzero(sides == TEST)
    if len(marked):
        if holdout.kind != "hash":
            rule = f"folds.column marks {len(marked)} rows as test, and they are the holdout, so it cannot be {holdout.kind}"
            raise ConfigError("data.holdout.kind", f"{rule}; leave data.holdout as it is, or mark these rows otherwise")
        return np.flatnonzero(sides != TEST), marked, {"kind": BY_COLUMN}
    trains = np.flatnonzero(sides == TRAIN)
    development, rows, record = set_holdout(replace(table.take(trains), sides=None), holdout, data, frozen)
    return np.sort(np.concatenate([trains[development], np.flatnonzero(sides != TRAIN)])), trains[rows], record


def _lowest_hashes(
    table: Table, holdout: HashHoldout, data: DataSpec, frozen: HoldoutRecord | None
) -> tuple[npt.NDArray[np.bool_], HoldoutRecord]:
    columns = tuple(frozen["columns"]) if frozen else _key_columns(table, data)
    hashes = table.row_hashes(columns, data.reading.decimal)
    by_class = bool(table.labels) and (ALL not in frozen["cutoffs"] if frozen else data.group is None)
    names = table.labels if by_class else (ALL,)
    members = [table.target == code for code in range(len(names))] if by_class else [np.ones(len(table), dtype=bool)]
    if frozen:
        # a new class has no cut-off yet: the share is the one to expect
        cutoffs = {name: float(frozen["cutoffs"].get(name, holdout.share)) for name in names}
    else:
        cutoffs = {name: _cutoff(hashes[mine], holdout.share) for name, mine in zip(names, members, strict=True)}
    aside = np.zeros(len(table), dtype=bool)
    for name, mine in zip(names, members, strict=True):
        aside |= mine & (hashes < cutoffs[name])
    return aside, {"kind": "hash", "columns": list(columns), "cutoffs": {**(frozen["cutoffs"] if frozen else {}), **cutoffs}}


def _key_columns(table: Table, data: DataSpec) -> tuple[str, ...]:
    if data.group is not None:  # before row_key, so that no group is split
        return (data.group,)
    return data.row_key or tuple(str(name) for name in table.raw.columns if name not in data.drop)


def _cutoff(hashes: npt.NDArray[np.float64], share: float) -> float:
    """The cut-off between two neighbouring hashes with a share below it that is nearest to `share`; both sides have rows."""
    different, counts = np.unique(hashes, return_counts=True)
    if len(different) < 2:
        return 0.0
    below = np.cumsum(counts)[:-1] / len(hashes)
    best = int(np.abs(below - share).argmin())
    return float((different[best] + different[best + 1]) / 2)


def _newest(table: Table, holdout: TimeHoldout, frozen: HoldoutRecord | None) -> tuple[npt.NDArray[np.bool_], HoldoutRecord]:
    if table.times is None:
        raise ConfigError("data.holdout.kind", "time needs data.time, the column with the time of each row; or use hash")
    if frozen:
        start = np.datetime64(frozen["from"], "us") if isinstance(frozen["from"], str) else float(frozen["from"])
        return table.times >= start, dict(frozen)
    moments, counts = np.unique(table.times, return_counts=True)
    newer = np.cumsum(counts[::-1])[::-1] / len(table)  # the share of rows since each moment
    if len(moments) < 2:
        raise ConfigError("data.holdout.kind", "all rows have the same data.time; use hash")
    start = moments[1:][int(np.abs(newer[1:] - holdout.share).argmin())]
    written = str(start) if table.times.dtype.kind == "M" else float(start)
    return table.times >= start, {"kind": "time", "from": written}


def _check(table: Table, development: Positions, rows: Positions) -> None:
    proposal = (
        "change data.holdout.share, name the columns that identify a row as data.row_key, "
        "or give a file with data.holdout.kind=given"
    )
    if len(table) <= A_FEW:
        proposal = FOR_A_FEW
    for side, mine in (("development", development), ("holdout", rows)):
        if not len(mine):
            raise ConfigError("data.holdout", f"no {side} row would be left of {len(table)} rows; {proposal}")
        if table.labels:
            lacking = np.flatnonzero(np.bincount(table.target[mine], minlength=len(table.labels)) == 0)
            if len(lacking):
                label = table.labels[int(lacking[0])]
                total = int((table.target == lacking[0]).sum())
                rule = f"no {side} row would be of class {shown(label)} ({total} rows in all)"
                raise ConfigError("data.holdout", f"{rule}; {proposal}, or merge or drop that class")
