"""A table: typed feature columns, an encoded target, and the columns left out with their reasons."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import alike_levels, listed, moment_in, number_in, numbers_in, shown
from foldwise.data.check_text import Role, check_text
from foldwise.data.given_folds import Sides, check_sides, with_sides
from foldwise.data.kinds import MISSING_WORDS, NETWORK_KINDS, Judgement, judge, look_at
from foldwise.data.option import option
from foldwise.data.recognise import plain_frame, way_of_writing
from foldwise.data.row_hashes import Hashes, hash_images, hash_of_rows, hash_rows
from foldwise.data.schema import Column, Schema, conform, conform_column, levels_of, row_number
from foldwise.data.sources.find_file import find_file
from foldwise.data.sources.read import Data, Source, read_file, read_source, with_target_name
from foldwise.data.target import Target, known_target, read_target
from foldwise.errors import DataError
from foldwise.spec.augment import Symmetry
from foldwise.spec.data import ROW, ColumnKind, CsvData, FeatureKind, RawTable, Reading
from foldwise.spec.folds import FoldsSpec
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
    rows: (rows,), zero-based position in the source; rows with a missing target are left out.
    groups, times: (rows,), of data.group and data.time (datetime64 in UTC, or float64; the row number for `row`).
    left_out: column -> the reason why it is not a feature.
    images: (rows, height, width, channels), if rows are images; then frame and raw have no columns.
    symmetries: data.symmetries of images; None if unknown.
    mark: the mark of the source (see sources/fingerprint.py), None without one.
    written: how the cells of columns and target are written, if not plainly (see `written`); raw has them plain.
    reading: how the cells of the source were read.
    sides: (rows,), train, validation or test, if the rows come with a split (see `given_folds`).
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
    symmetries: tuple[Symmetry, ...] | None = None
    mark: str | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    sides: Sides | None = None

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
            symmetries=self.symmetries,
            mark=self.mark,
            written=self.written,
            reading=self.reading,
            sides=None if self.sides is None else self.sides[at],
        )

    @property
    def as_read(self) -> pd.DataFrame | npt.NDArray[np.uint8]:
        """The rows in the form that a served model takes: raw cells, or images."""
        return self.raw if self.images is None else self.images

    def inputs(self, index: npt.NDArray[np.int64] | slice = slice(None)) -> Any:
        """The rows at these positions in the form that a fitted preparation takes: typed cells, or images."""
        return self.frame.iloc[index] if self.images is None else self.images[index]

    def row_hashes(self, columns: tuple[str, ...], decimal: str = ".") -> Hashes:
        """A number in [0, 1) for each row, (rows,), from its cells in these columns; of an image from its pixels.

        Raises:
            DataError: a column is missing.
        """
        if columns not in self._hashed:
            self._hashed[columns] = hash_rows(self.raw, columns, decimal) if self.images is None else hash_images(self.images)
        return self._hashed[columns]

    @cached_property
    def _hashed(self) -> dict[tuple[str, ...], Hashes]:
        """Hashes by columns, kept because a retraining needs the same ones several times."""
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 over columns, kinds, values and target: equal for equal tables from any file."""
        digest = hashlib.sha256(repr((self.schema, self.labels, self.task, self.target_name)).encode())
        for column in self.schema.columns:
            cells = self.frame[column.name]
            if column.kind == "number":
                values = cells.to_numpy(np.float64) + 0.0  # one zero, and below one nan
                digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
            else:
                digest.update(repr(cells.to_list()).encode("utf-8", "surrogatepass"))
        digest.update(self.target.tobytes())
        if self.sides is not None:
            digest.update("".join(side[0] for side in self.sides).encode())
        if self.images is not None:
            digest.update(repr(self.images.shape).encode())
            digest.update(np.ascontiguousarray(self.images).data)
        return digest.hexdigest()

    @cached_property
    def rows_fingerprint(self) -> str:
        """A sha256 that is equal for equal tables whatever the order of their rows and columns."""
        columns = sorted(self.schema.columns, key=lambda column: column.name)
        about = (columns, self.schema.image, self.labels, self.task, self.target_name)
        cells = [self.frame[column.name].to_numpy() for column in columns]
        others = [values for values in (self.groups, self.times, self.images, self.sides) if values is not None]
        return hashlib.sha256(f"{about!r} {hash_of_rows([self.target, *cells, *others])}".encode()).hexdigest()


def read_table(
    data: Data,
    paths: Paths | None = None,
    pixels: bool = False,
    used: Set[FeatureKind] = NETWORK_KINDS,
    folds: FoldsSpec | None = None,
) -> Table:
    """Read rows and infer the kinds of columns and the task; `notes` and `left_out` report every guess.

    Args:
        data: the source and how it is read.
        paths: where data sets are searched.
        pixels: whether columns are the pixels of images, which are features even if they are constant.
        used: the kinds of columns that become features; dates and text are left out unless they are in it.
        folds: `given` is the split that comes with the rows. With `none`, for tables of a few rows, all columns of numbers are
            numbers: neither categories, because they have two values, nor identifiers, because they count the rows.

    Raises:
        ConfigError: a key of `data` or `folds` does not fit the table.
        DataError: the table cannot be read or learnt from; with column, row and a proposal.
    """
    source, sides = read_source(data, paths), None
    data = with_target_name(data, list(source.frame.columns))
    if folds is not None and folds.kind == "given":
        source, sides = with_sides(source, data, folds, paths or Paths())
    role = Role(is_target=True, file=isinstance(data, CsvData))
    target = read_target(source.frame[data.target], _with_declared_task(source, data), role)
    features = source.frame.drop(columns=[data.target])[target.kept]
    notes = [*source.notes, *_similar_names(source.frame.columns), *target.notes]
    written, found_notes = _written(features, data, source.kinds)
    features = plain_frame(features, written, data.reading.decimal)
    notes += found_notes
    columns, typed, left_out = [], {}, {}
    as_numbers = folds is not None and folds.same_rows
    for name in features.columns:  # one at a time, so that what was parsed of a column is freed before the next
        found, parsed = _judge(features, name, data, pixels, used, source.kinds.get(name), as_numbers)
        notes += [found.note] if found.note else []
        if found.left_out:
            left_out[name] = found.left_out
            if data.kinds.get(name) == "date":
                conform_column(features[name], "date", data.reading.decimal, data.reading.missing)  # judged even if unused
        elif found.kind != "identifier":
            columns.append(Column(name, found.kind, written.get(name, "")))
            typed[name] = conform_column(
                features[name], found.kind, data.reading.decimal, data.reading.missing, parsed, data.reading.join_levels
            )
    if not columns:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "the target is the only column"
        proposal = "set the kind of a column with data.kinds.<column>=number or category"
        raise DataError(f"{source.place}: no usable feature column is left ({reasons}); {proposal}")
    frame = pd.DataFrame(typed, index=features.index, copy=False)
    table = _table(source, features, frame, Schema(tuple(columns)), target, data)
    notes += _suspicious_levels(table, data)
    ways = {name: way for name, way in {**written, data.target: target.written}.items() if way}
    if sides is not None:
        sides = sides[target.kept]
        check_sides(sides, table.target, table.labels)
        left_out |= {} if folds is None or folds.column is None else {folds.column: "the side of each row, by folds.column"}
    return replace(table, left_out=left_out, notes=tuple(notes), written=ways, sides=sides)


def read_given_holdout(data: Data, path: str, table: Table, paths: Paths | None = None) -> Table:
    """The rows of a test file, typed and encoded as the training rows in `table` are.

    Raises:
        DataError: the file lacks a column, or a row has an unknown label or a word in a number column.
    """
    found = find_file(path, data.name, paths or Paths(), "data.holdout.path")
    source = read_file(found, data, needed=(table.target_name, *table.schema.names))
    data = with_target_name(data, list(source.frame.columns))
    target = known_target(source.frame[data.target], data, table.labels, table.written.get(data.target, ""))
    if not target.kept.any():
        raise DataError(f"{found}: the target {data.target} is missing in all rows; fill it in, or name another file")
    features = source.frame.drop(columns=[data.target])[target.kept]
    reading = data.reading
    features = plain_frame(features, table.written, reading.decimal)
    frame = conform(features, table.schema, decimal=reading.decimal, missing=reading.missing, join=reading.join_levels)
    return _table(source, features, frame, table.schema, target, data)


def _with_declared_task(source: Source, data: Data) -> Data:
    """`data`, with a classification task if the source declares its target a category."""
    if data.task != "auto" or source.kinds.get(data.target) != "category":
        return data
    return data.model_copy(update={"task": "binary" if source.frame[data.target].nunique() == 2 else "multiclass"})


def _written(features: pd.DataFrame, data: Data, declared: Mapping[str, ColumnKind]) -> tuple[dict[str, str], list[str]]:
    """How each column is written that is not written plainly, and notes about them."""
    if not isinstance(data, RawTable):
        return {}, []
    ways: dict[str, str] = {}
    notes: list[str] = []
    for name in features.columns:
        kind = data.kinds.get(name) or declared.get(name) or ("identifier" if name == data.group else None)
        if name not in data.drop:
            way, said = way_of_writing(features[name], kind, data.dates.get(name), data.reading.decimal)
            ways |= {name: way} if way else {}
            notes += said
    return ways, notes


def _judge(
    features: pd.DataFrame,
    name: str,
    data: Data,
    pixels: bool,
    used: Set[FeatureKind],
    declared: ColumnKind | None,
    as_numbers: bool = False,
) -> tuple[Judgement, Mapping[str, float | None]]:
    """The judgement of a column, and its texts that were parsed for it."""
    cells = features[name]
    if name in data.drop:
        return Judgement("text", "dropped by data.drop"), {}
    kind = data.kinds.get(name)
    if kind is None and name == data.group:
        return Judgement("identifier", "the group, by data.group"), {}
    if kind is None and name == data.time:
        return Judgement("date", "the time, by data.time"), {}
    kind = kind or declared
    look = look_at(cells, data.reading.decimal)
    if kind is None:
        role = Role(file=isinstance(data, CsvData), elsewhere=lambda: _number_elsewhere(features, name, data.reading.decimal))
        check_text(name, cells, look, data.reading.decimal, data.reading.missing, role)
        kind = "number" if as_numbers and look.numeric else None
    return judge(name, look, kind, pixels, used), look.numbers


def _number_elsewhere(features: pd.DataFrame, name: str, decimal: str) -> tuple[str, str, int] | None:
    """Another column's name, a text in it that is a number with the decimal mark, and its row."""
    for other in features.columns:
        for place, cell in enumerate(features[other].to_list() if other != name else ()):
            if isinstance(cell, str) and decimal in cell and number_in(cell, decimal) is not None:
                return str(other), cell, row_number(features[other], place)
    return None


def _similar_names(names: Iterable[str]) -> list[str]:
    """A note if names differ only by case or space."""
    alike = alike_levels(names)
    return [f"column names differ only by case or space: {alike}; rename one if they mean the same"] if alike else []


def _table(source: Source, features: pd.DataFrame, frame: pd.DataFrame, schema: Schema, target: Target, data: Data) -> Table:
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
        mark=source.mark,
        reading=data.reading,
    )


def _groups(features: pd.DataFrame, data: Data) -> npt.NDArray[Any] | None:
    if data.group is None or data.group not in features:
        return None
    levels = levels_of(features[data.group], data.reading.decimal, frozenset(data.reading.missing))
    _refuse_gaps(pd.Series(levels, features.index, dtype=object, name=data.group), "data.group")
    return levels


def _times(features: pd.DataFrame, data: Data) -> npt.NDArray[Any] | None:
    if data.time == ROW and ROW not in features:
        return features.index.to_numpy(np.float64) + 1
    if data.time is None or data.time not in features:
        return None
    cells = features[data.time]
    _refuse_gaps(cells, "data.time")
    numbers = numbers_in(cells.to_list(), data.reading.decimal)
    if None not in numbers:
        return np.array(numbers, dtype=np.float64)
    moments = [moment_in(cell) for cell in cells]
    if None in moments:
        place = moments.index(None)
        where = f"column {data.time}, row {row_number(cells, place)}: {shown(cells.iloc[place])}"
        raise DataError(
            f"{where} is not a date like 2020-12-31 or 2020-12-31T23:59:00, as data.time needs; write dates like that, "
            f"set their format ({option('data.dates', '%d.%m.%Y', data.time)}), or write numbers"
        )
    return np.array(moments, dtype="datetime64[us]")


def _refuse_gaps(cells: pd.Series[Any], key: str) -> None:
    gaps = np.flatnonzero(cells.isna().to_numpy())
    if len(gaps):
        where = f"column {cells.name}, row {row_number(cells, int(gaps[0]))}"
        raise DataError(f"{where}: is missing, and {key} must have a value in every row; fill it in or drop the row")


def _suspicious_levels(table: Table, data: Data) -> list[str]:
    """A note for each level that often means missing, and for levels that differ only by case or space."""
    notes = []
    categories = table.schema.of_kind("category")
    levels = {name: set(table.frame[name]) for name in categories}
    for word in MISSING_WORDS:
        columns = [name for name in categories if word in levels[name]]
        if columns:
            where = f"{shown(word)} is a level of {listed(columns)}"
            notes.append(f"{where}; if it means missing set {option('data.missing', [*data.reading.missing, word])}")
    alike = {name: alike_levels(levels[name]) for name in categories}
    return notes + [
        f"{name} has levels that differ only by case or space ({same}); data.join_levels=true joins them"
        for name, same in alike.items()
        if same
    ]
