"""A table as everything after it sees it: typed feature columns, encoded target, and what was left out and why."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import listed, moment_in, number_in, shown
from foldwise.data.kinds import MISSING_WORDS, NETWORK_KINDS, Judgement, check_text, judge, look_at
from foldwise.data.schema import Column, Schema, conform, levels_of, row_number
from foldwise.data.sources.read import Data, Source, decimal_mark, find_file, missing_marks, read_file, read_source
from foldwise.data.target import Target, known_target, read_target
from foldwise.errors import DataError
from foldwise.spec.data import ColumnKind, FeatureKind
from foldwise.spec.goal import Task
from foldwise.spec.places import Paths

__all__ = ["Column", "Schema", "Table", "conform", "read_given_holdout", "read_table"]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with a known target.

    frame: (rows, columns of schema); a number is float64 with nan, a date datetime64[us] with NaT, else object of str or None.
    raw: (rows, all source columns but the target), numbers as float64, all else as read.
    target: (rows,), int64 codes into labels, or float64 for regression.
    labels: () for regression; of two, labels[1] is the positive one.
    rows: (rows,), zero-based position in the source; rows with a missing target are not here.
    groups, times: (rows,), of data.group and data.time (datetime64 in UTC, or float64).
    left_out: column -> why it is no feature.
    images: (rows, height, width, channels), where rows are images; then there are no columns, and frame and raw are empty.
    hashes: of the rows by these columns, (rows,), where they were asked for (see holdout.row_hashes).
    """

    frame: pd.DataFrame
    schema: Schema
    raw: pd.DataFrame
    target: npt.NDArray[Any]
    labels: tuple[str, ...]
    task: Task
    target_name: str
    rows: npt.NDArray[np.int64]
    groups: npt.NDArray[Any] | None = None
    times: npt.NDArray[Any] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    images: npt.NDArray[np.uint8] | None = None
    hashes: dict[tuple[str, ...], npt.NDArray[np.float64]] = field(init=False, repr=False, default_factory=dict)

    def __len__(self) -> int:
        return len(self.target)

    def take(self, index: npt.ArrayLike) -> Table:
        """The table of the rows at these positions, in their order."""
        at = np.asarray(index, dtype=np.int64)
        return Table(
            frame=self.frame.iloc[at].reset_index(drop=True),
            schema=self.schema,
            raw=self.raw.iloc[at].reset_index(drop=True),
            target=self.target[at],
            labels=self.labels,
            task=self.task,
            target_name=self.target_name,
            rows=self.rows[at],
            groups=None if self.groups is None else self.groups[at],
            times=None if self.times is None else self.times[at],
            left_out=self.left_out,
            notes=self.notes,
            images=None if self.images is None else self.images[at],
        )

    @property
    def as_read(self) -> pd.DataFrame | npt.NDArray[np.uint8]:
        """The rows as a model that serves would be given them: raw cells, or images."""
        return self.raw if self.images is None else self.images

    def inputs(self, index: npt.NDArray[np.int64] | slice = slice(None)) -> Any:
        """What a fitted preparation transforms, of the rows at these positions: typed cells, or images."""
        return self.frame.iloc[index] if self.images is None else self.images[index]

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 over columns, kinds, values and target: equal for equal tables, whatever file they came from."""
        digest = hashlib.sha256(repr((self.schema, self.labels, self.task, self.target_name)).encode())
        for column in self.schema.columns:
            cells = self.frame[column.name]
            if column.kind == "number":
                values = cells.to_numpy(np.float64) + 0.0  # one zero, and below one nan
                digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
            else:
                digest.update(repr(cells.to_list()).encode("utf-8", "surrogatepass"))
        digest.update(self.target.tobytes())
        if self.images is not None:
            digest.update(repr(self.images.shape).encode())
            digest.update(np.ascontiguousarray(self.images).data)
        return digest.hexdigest()


def read_table(data: Data, paths: Paths | None = None, pixels: bool = False, used: Set[FeatureKind] = NETWORK_KINDS) -> Table:
    """Read rows, infer what each column is and what the task is, and say so in `notes` and `left_out`.

    Args:
        data: the source and how it is read.
        paths: where data sets are looked for.
        pixels: whether rows are images, of which each number is a feature also where it never changes.
        used: the kinds of columns that can become features; dates and text elsewhere are left out.

    Raises:
        ConfigError: a key of `data` does not fit the table.
        DataError: the table cannot be read or learnt from; one sentence with column, row and a proposal.
    """
    source = read_source(data, paths)
    target = read_target(source.frame[data.target], _said_task(source, data))
    features = source.frame.drop(columns=[data.target])[target.kept]
    judged = {name: _judge(name, features[name], data, pixels, used, source.kinds.get(name)) for name in features.columns}
    left_out = {name: found.left_out for name, found in judged.items() if found.left_out}
    usable = [(name, found.kind) for name, found in judged.items() if not found.left_out]
    schema = Schema(tuple(Column(name, kind) for name, kind in usable if kind != "identifier"))
    if not schema.columns:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "there is none but the target"
        proposal = "say what a column is with data.kinds.<column>=number or category"
        raise DataError(f"{source.place}: no usable feature column is left ({reasons}); {proposal}")
    notes = [*source.notes, *target.notes, *(found.note for found in judged.values() if found.note)]
    table = _table(source, features, schema, target, data)
    notes += _suspicious_levels(table, data)
    return replace(table, left_out=left_out, notes=tuple(notes))


def read_given_holdout(data: Data, path: str, table: Table, paths: Paths | None = None) -> Table:
    """The rows of a test file, typed and encoded as the training rows in `table` are.

    Raises:
        DataError: the file lacks a column, or a row holds an unknown label or a word where a number is due.
    """
    found = find_file(path, getattr(data, "name", None), paths or Paths(), "data.holdout.path")
    source = read_file(found, data, needed=(data.target, *table.schema.names))
    target = known_target(source.frame[data.target], data, table.labels)
    if not target.kept.any():
        raise DataError(f"{found}: the target {data.target} is missing in all rows")
    features = source.frame.drop(columns=[data.target])[target.kept]
    return _table(source, features, table.schema, target, data)


def _said_task(source: Source, data: Data) -> Data:
    """`data`, with a task for classes where the source itself says that its target is one of some."""
    if data.task != "auto" or source.kinds.get(data.target) != "category":
        return data
    return data.model_copy(update={"task": "binary" if source.frame[data.target].nunique() == 2 else "multiclass"})


def _judge(
    name: str, cells: pd.Series[Any], data: Data, pixels: bool, used: Set[FeatureKind], said: ColumnKind | None = None
) -> Judgement:
    if name in data.drop:
        return Judgement("text", "dropped by data.drop")
    asked = data.kinds.get(name)
    if asked is None and name == data.group:
        return Judgement("identifier", "the group, by data.group")
    if asked is None and name == data.time:
        return Judgement("date", "the time, by data.time")
    asked = asked or said
    look = look_at(cells, decimal_mark(data))
    if asked is None:
        check_text(name, cells, look, decimal_mark(data), missing_marks(data))
    return judge(name, look, asked, pixels, used)


def _table(source: Source, features: pd.DataFrame, schema: Schema, target: Target, data: Data) -> Table:
    frame = conform(features, schema, decimal=decimal_mark(data), missing=missing_marks(data))
    raw = features.copy(deep=False)
    for column in schema.columns:
        if column.kind == "number":
            raw[column.name] = frame[column.name]
    return Table(
        frame=frame.reset_index(drop=True),
        schema=schema,
        raw=raw.reset_index(drop=True),
        target=target.values,
        labels=target.labels,
        task=target.task,
        target_name=data.target,
        rows=features.index.to_numpy(np.int64),
        groups=_groups(features, data),
        times=_times(features, data),
    )


def _groups(features: pd.DataFrame, data: Data) -> npt.NDArray[Any] | None:
    if data.group is None or data.group not in features:
        return None
    levels = levels_of(features[data.group], decimal_mark(data), frozenset(missing_marks(data)))
    _refuse_gaps(pd.Series(levels, features.index, dtype=object, name=data.group), "data.group")
    return levels


def _times(features: pd.DataFrame, data: Data) -> npt.NDArray[Any] | None:
    if data.time is None or data.time not in features:
        return None
    cells = features[data.time]
    _refuse_gaps(cells, "data.time")
    numbers = [number_in(cell, decimal_mark(data)) for cell in cells]
    if None not in numbers:
        return np.array(numbers, dtype=np.float64)
    moments = [moment_in(cell) for cell in cells]
    if None in moments:
        place = moments.index(None)
        where = f"column {data.time}, row {row_number(cells, place)}: {shown(cells.iloc[place])}"
        raise DataError(
            f"{where} is no date as 2020-12-31 or 2020-12-31T23:59:00, as data.time needs; write them so, or as numbers"
        )
    return np.array(moments, dtype="datetime64[us]")


def _refuse_gaps(cells: pd.Series[Any], key: str) -> None:
    gaps = np.flatnonzero(cells.isna().to_numpy())
    if len(gaps):
        where = f"column {cells.name}, row {row_number(cells, int(gaps[0]))}"
        raise DataError(f"{where}: is missing, and {key} must be known in every row; fill it in or drop the row")


def _suspicious_levels(table: Table, data: Data) -> list[str]:
    """One sentence for each word that often means missing and stands among the levels."""
    notes = []
    categories = table.schema.of_kind("category")
    levels = {name: set(table.frame[name]) for name in categories}
    for word in MISSING_WORDS:
        columns = [name for name in categories if word in levels[name]]
        if columns:
            marks = ",".join(f"'{mark}'" for mark in (*missing_marks(data), word))
            where = f"{shown(word)} is a level of {listed(columns)}"
            notes.append(f'{where}; if it means missing set "data.missing=[{marks}]"')
    return notes
