"""Splits that come with the rows (`folds=given`): a column, or a file of validation rows, says which side each row is on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import shown
from foldwise.data.schema import row_number
from foldwise.data.sources.find_file import find_file
from foldwise.data.sources.fingerprint import joined
from foldwise.data.sources.read import Data, Source, read_file
from foldwise.errors import ConfigError, DataError
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.places import Paths
from foldwise.system.known_words import did_you_mean

Sides = npt.NDArray[np.str_]

TRAIN, VALIDATION, TEST = "train", "validation", "test"
# How tables spell the sides, without regard to case.
SPELLINGS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing", "holdout"), TEST),
}


def with_sides(source: Source, data: Data, folds: FoldsSpec, paths: Paths) -> tuple[Source, Sides]:
    """The rows without the column that names their sides, or with those of the validation file at the end; and their sides.

    Raises:
        ConfigError: the column has another role.
        DataError: the column or the file does not exist or does not fit, with the row.
    """
    if folds.path is not None:
        return _with_file(source, data, folds.path, paths)
    assert folds.column is not None  # FoldsSpec has one of them
    check_column(folds.column, data, [str(name) for name in source.frame.columns], source.place)
    sides = sides_in(source.frame[folds.column])
    return replace(source, frame=source.frame.drop(columns=[folds.column])), sides


def check_column(column: str, data: Data, names: list[str], place: str) -> None:
    """Refuse a column of sides that the table lacks, or that has another role.

    Raises:
        ConfigError, DataError: with the role, or the closest name.
    """
    if column not in names:
        raise DataError(f"folds.column: {place} has no column {column!r}{did_you_mean(column, names)}")
    roles = {
        "data.target": data.targets,
        "data.group": (data.group,),
        "data.time": (data.time,),
        "data.row_key": data.row_key,
    }
    for key, named in roles.items():
        if column in named:
            raise ConfigError(
                "folds.column", f"{column!r} is {key} already; name the column that says train, validation or test"
            )


def sides_in(cells: pd.Series[Any]) -> Sides:
    """The side of each row, (rows,), from cells such as `train`, `Valid` or `holdout`.

    Raises:
        DataError: a cell is missing or another word, with its row.
    """
    found = [SPELLINGS.get(str(cell).strip().lower()) for cell in cells]
    if None in found:
        place = found.index(None)
        where = f"column {cells.name}, row {row_number(cells, place)}"
        gone = bool(pd.isna(cells.iloc[place]))
        what = "the side is missing" if gone else f"{shown(cells.iloc[place])} is not a side"
        raise DataError(f"{where}: {what}; folds.column needs train, validation or test in every row (or val, dev, holdout)")
    return np.array(found, dtype=np.str_)


def _with_file(source: Source, data: Data, path: str, paths: Paths) -> tuple[Source, Sides]:
    place = find_file(path, data.name, paths, "folds.path")
    names = [str(name) for name in source.frame.columns]
    other = read_file(place, data, needed=[name for name in names if name not in data.drop])
    below = other.frame.reindex(columns=names).set_axis(other.frame.index + len(source.frame))
    frame = pd.concat([source.frame, below])
    first, last = len(source.frame) + 1, len(frame)
    notes = (*source.notes, f"rows {first} to {last} are those of {place.name}, which validate (folds.path)")
    sides = np.repeat(np.array([TRAIN, VALIDATION]), [len(source.frame), len(below)])
    return replace(source, frame=frame, notes=notes, mark=joined(source.mark, other.mark)), sides


def check_sides(sides: Sides, target: npt.NDArray[Any], labels: tuple[str, ...]) -> None:
    """Refuse sides that leave training or validation without rows, or without a class.

    Args:
        sides: of the rows with a target, (rows,).
        target: class codes or numbers, (rows,).
        labels: () for regression.

    Raises:
        ConfigError: with the side and the class.
    """
    for side in (TRAIN, VALIDATION):
        mine = target[sides == side]
        if not len(mine):
            raise ConfigError("folds.kind", f"given, but no row is marked {side}; mark some, or choose another folds")
        lacking = [label for code, label in enumerate(labels) if not (mine == code).any()]
        if lacking:
            rule = f"given, but no {side} row is of class {shown(lacking[0])}"
            raise ConfigError("folds.kind", f"{rule}; mark some, merge or drop that class, or choose another folds")
