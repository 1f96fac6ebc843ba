"""The rows that are set aside before anything else and scored once at the end. A row never changes side as the data grow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.cells import hashable_text, shown
from foldwise.data.sources.read import Labelled, decimal_mark
from foldwise.data.table import Table
from foldwise.errors import ConfigError, DataError, did_you_mean
from foldwise.spec.data import GivenHoldout, HashHoldout, HoldoutSpec, TimeHoldout
from foldwise.spec.images import GivenImages

Positions = npt.NDArray[np.int64]
HoldoutRecord = Mapping[str, Any]

ALL = ""  # the name of the one cut-off where classes do not have their own


def set_holdout(
    table: Table, holdout: HoldoutSpec | GivenImages, data: Labelled, frozen: HoldoutRecord | None = None
) -> tuple[Positions, Positions, HoldoutRecord]:
    """Set rows aside by what they are, never by their label, by chance or by the study's seed.

    `hash` puts a row aside where the hash of its key columns (data.group, else data.row_key, else all columns but the
    target and data.drop; of an image its pixels) is below a cut-off; each class has its own, so that about `share` of it
    is below. `time` puts the newest rows aside. `given` puts none aside: the rows come from a file.

    Args:
        table: the rows.
        holdout: the kind and its share.
        data: names the key columns.
        frozen: the record of an earlier call; its columns and cut-offs are used as they are.

    Returns:
        development positions, holdout positions, and the record, which is JSON-able.

    Raises:
        ConfigError: a side would be without rows or without a class, or `time` has no data.time.
        DataError: the frozen record belongs to other columns.
    """
    everyone = np.arange(len(table), dtype=np.int64)
    if isinstance(holdout, GivenHoldout | GivenImages):
        return everyone, everyone[:0], {"kind": "given"}
    if frozen is not None and frozen.get("kind") != holdout.kind:
        raise ConfigError("data.holdout.kind", f"the study's rows were set aside by {frozen.get('kind')}; keep that kind")
    if isinstance(holdout, TimeHoldout):
        aside, record = _newest(table, holdout, frozen)
    else:
        aside, record = _lowest_hashes(table, holdout, data, frozen)
    development, rows = everyone[~aside], everyone[aside]
    _check(table, development, rows)
    return development, rows, record


def row_hashes(table: Table, columns: tuple[str, ...], decimal: str = ".") -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each row, (rows,), that follows from its cells in these columns alone; a table keeps its own.

    Raises:
        DataError: a column is not there.
    """
    if columns not in table.hashes:
        table.hashes[columns] = _row_hashes(table, columns, decimal)
    return table.hashes[columns]


def _row_hashes(table: Table, columns: tuple[str, ...], decimal: str) -> npt.NDArray[np.float64]:
    if table.images is not None:
        return np.array([_hash(image.tobytes()) for image in table.images])
    texts = []
    for name in columns:
        if name not in table.raw.columns:
            raise DataError(
                f"column {name} decided which rows are held out, and is missing{did_you_mean(name, table.raw.columns)}"
            )
        cells = table.raw[name]
        absent = cells.isna().to_numpy()
        known = {cell: hashable_text(cell, decimal) for cell in set(cells[~absent])}
        texts.append(["" if gone else known[cell] for cell, gone in zip(cells, absent, strict=True)])
    return np.array([_hash("\x1f".join(row).encode("utf-8", "surrogatepass")) for row in zip(*texts, strict=True)])


def _lowest_hashes(
    table: Table, holdout: HashHoldout, data: Labelled, frozen: HoldoutRecord | None
) -> tuple[npt.NDArray[np.bool_], HoldoutRecord]:
    columns = tuple(frozen["columns"]) if frozen else _key_columns(table, data)
    hashes = row_hashes(table, columns, decimal_mark(data))
    by_class = bool(table.labels) and (ALL not in frozen["cutoffs"] if frozen else data.group is None)
    names = table.labels if by_class else (ALL,)
    members = [table.target == code for code in range(len(names))] if by_class else [np.ones(len(table), dtype=bool)]
    if frozen:
        # a class that came later has no cut-off of its own: its expected one is the share
        cutoffs = {name: float(frozen["cutoffs"].get(name, holdout.share)) for name in names}
    else:
        cutoffs = {name: _cutoff(hashes[mine], holdout.share) for name, mine in zip(names, members, strict=True)}
    aside = np.zeros(len(table), dtype=bool)
    for name, mine in zip(names, members, strict=True):
        aside |= mine & (hashes < cutoffs[name])
    return aside, {"kind": "hash", "columns": list(columns), "cutoffs": {**(frozen["cutoffs"] if frozen else {}), **cutoffs}}


def _key_columns(table: Table, data: Labelled) -> tuple[str, ...]:
    if data.group is not None:  # before row_key: a group that is torn apart is no holdout
        return (data.group,)
    return data.row_key or tuple(str(name) for name in table.raw.columns if name not in data.drop)


def _cutoff(hashes: npt.NDArray[np.float64], share: float) -> float:
    """Halfway between two neighbouring hashes, so that as near to `share` as can be is below it and both sides have rows."""
    different, counts = np.unique(hashes, return_counts=True)
    if len(different) < 2:
        return 0.0
    below = np.cumsum(counts)[:-1] / len(hashes)
    best = int(np.abs(below - share).argmin())
    return float((different[best] + different[best + 1]) / 2)


def _hash(content: bytes) -> float:
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def _newest(table: Table, holdout: TimeHoldout, frozen: HoldoutRecord | None) -> tuple[npt.NDArray[np.bool_], HoldoutRecord]:
    if table.times is None:
        raise ConfigError("data.holdout.kind", "time needs data.time, the column that says when a row was; or use hash")
    if frozen:
        start = np.datetime64(frozen["from"], "us") if isinstance(frozen["from"], str) else float(frozen["from"])
        return table.times >= start, dict(frozen)
    moments, counts = np.unique(table.times, return_counts=True)
    newer = np.cumsum(counts[::-1])[::-1] / len(table)  # the share of rows from each moment on
    if len(moments) < 2:
        raise ConfigError("data.holdout.kind", "all rows have the same data.time; use hash")
    start = moments[1:][int(np.abs(newer[1:] - holdout.share).argmin())]
    written = str(start) if table.times.dtype.kind == "M" else float(start)
    return table.times >= start, {"kind": "time", "from": written}


def _check(table: Table, development: Positions, rows: Positions) -> None:
    proposal = (
        "change data.holdout.share, name the columns that tell rows apart as data.row_key, "
        "or give a file with data.holdout.kind=given"
    )
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
