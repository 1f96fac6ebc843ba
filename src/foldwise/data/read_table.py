"""Read a table: infer the kinds of its columns and the task, and say each guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import alike_levels, listed, moment_in, number_in, numbers_in, shown
from foldwise.data.check_text import Role, check_text
from foldwise.data.given_folds import check_sides, with_sides
from foldwise.data.kinds import MISSING_WORDS, NETWORK_KINDS, Judgement, judge, look_at
from foldwise.data.option import option
from foldwise.data.recognise import plain_frame, way_of_writing
from foldwise.data.schema import Column, Schema, conform, conform_column, levels_of, row_number
from foldwise.data.sources.find_file import find_file
from foldwise.data.sources.read import Data, Source, read_file, read_source, with_target_name
from foldwise.data.table import Table
from foldwise.data.target import Target, known_target, read_target
from foldwise.data.target_numbers import known_numbers, not_a_number, read_numbers
from foldwise.errors import DataError
from foldwise.spec.data import ROW, ColumnKind, CsvData, FeatureKind, RawTable
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.places import Paths


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
    target = _target(source, data, role)
    features = _kept(source.frame.drop(columns=list(data.targets)), target.kept)
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
    found_ways = {data.target_name: target.written} | {column.name: column.written for column in target.columns}
    ways = {name: way for name, way in {**written, **found_ways}.items() if way}
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
    source = read_file(found, data, needed=(*data.targets, *table.schema.names))
    data = with_target_name(data, list(source.frame.columns))
    target = (
        known_numbers(source.frame, data, table.targets)
        if table.targets
        else known_target(source.frame[data.target_name], data, table.labels, table.written.get(data.target_name, ""))
    )
    if not target.kept.any():
        raise DataError(f"{found}: the target {data.target_name} is missing in all rows; fill it in, or name another file")
    features = _kept(source.frame.drop(columns=list(data.targets)), target.kept)
    reading = data.reading
    features = plain_frame(features, table.written, reading.decimal)
    frame = conform(features, table.schema, decimal=reading.decimal, missing=reading.missing, join=reading.join_levels)
    return _table(source, features, frame, table.schema, target, data)


def _kept(frame: pd.DataFrame, kept: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """The rows that are kept; of all rows no copy is made."""
    return frame if kept.all() else frame[kept]


def _target(source: Source, data: Data, role: Role) -> Target:
    """The target column, or the columns of several numbers."""
    if len(data.targets) == 1:
        return read_target(source.frame[data.target_name], _with_declared_task(source, data), role)
    declared = [name for name in data.targets if source.kinds.get(name) == "category"]
    if declared:
        raise DataError(not_a_number(declared[0], "is declared a category"))
    return read_numbers(source.frame, data, data.target_weights, role)


def _with_declared_task(source: Source, data: Data) -> Data:
    """`data`, with a classification task if the source declares its target a category."""
    if data.task != "auto" or source.kinds.get(data.target_name) != "category":
        return data
    return data.model_copy(update={"task": "binary" if source.frame[data.target_name].nunique() == 2 else "multiclass"})


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
    numbers = schema.of_kind("number")
    # columns of their own: views of the frame that was read would keep the text of all its cells
    cells = {name: frame[name] if name in numbers else features[name].copy() for name in features.columns}
    raw = pd.DataFrame(cells, index=features.index, copy=False)
    return Table(
        frame=frame.reset_index(drop=True),
        schema=schema,
        raw=raw.reset_index(drop=True),
        target=target.values,
        labels=target.labels,
        task=target.task,
        target_name=data.target_name,
        rows=features.index.to_numpy(np.int64),
        groups=_groups(features, data),
        times=_times(features, data),
        mark=source.mark,
        reading=data.reading,
        classes=tuple(column.name for column in target.columns),
        targets=target.columns,
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
