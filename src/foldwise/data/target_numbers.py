"""Several numbers that are predicted together: a column each, and the rows that have all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import listed
from foldwise.data.check_text import Role
from foldwise.data.kinds import look_at
from foldwise.data.target import TARGET, Target, known_target, read_target
from foldwise.data.target_columns import TargetColumn, with_units
from foldwise.errors import DataError
from foldwise.spec.data import Labelled

OF_ANSWERS = ("row", "file", "flags")  # columns that answers have besides the numbers
MOST = 100  # columns; more are hardly what anybody asked for, and each has baselines of its own


def read_numbers(frame: pd.DataFrame, data: Labelled, weights: Sequence[float] = (), role: Role = TARGET) -> Target:
    """Read the columns of `data.targets` as numbers; rows that lack one of them are left out.

    Args:
        frame: the source's rows.
        data: names the columns.
        weights: of each; () counts all alike.
        role: of the columns, for the advice in errors.

    Raises:
        DataError: a column holds classes, is empty or constant, or no row has all numbers.
    """
    if len(data.targets) > MOST:
        raise DataError(f"data.target: lists {len(data.targets)} columns, and at most {MOST} are predicted together")
    for name in set(data.targets) & {*OF_ANSWERS}:
        raise DataError(f"data.target: answers have a column {name} already, beside those of the numbers; rename yours")
    each = []
    for name in data.targets:
        _refuse_words(frame[name], data)
        each.append(read_target(frame[name], _alone(data, name), role))
    kept = np.logical_and.reduce([target.kept for target in each])
    if not kept.any():
        raise DataError(f"each row lacks one of {listed(list(data.targets))}; fill them in, or predict fewer columns")
    notes = [note for target in each for note in target.notes]
    gone = [name for name, target in zip(data.targets, each, strict=True) if not target.kept.all()]
    if len(gone) > 1:
        notes.append(f"{int((~kept).sum())} of {len(kept)} rows lack a number to predict and are left out")
    values = _joined(each, kept)
    constant = [name for name, column in zip(data.targets, values.T, strict=True) if np.ptp(column) == 0]
    if constant:
        rule = f"the target {constant[0]} is the same in all rows that have every target, so there is nothing to learn"
        raise DataError(f"{rule}; predict the others without it")
    columns = [
        TargetColumn(name, weight, written=target.written)
        for name, weight, target in zip(data.targets, weights or (1.0,) * len(each), each, strict=True)
    ]
    return Target(values, kept, (), "multioutput", tuple(notes), columns=with_units(columns, values))


def known_numbers(frame: pd.DataFrame, data: Labelled, columns: Sequence[TargetColumn]) -> Target:
    """The numbers of other rows, as the training rows had them.

    Raises:
        DataError: a cell is not a number.
    """
    each = [known_target(frame[column.name], _alone(data, column.name), (), column.written) for column in columns]
    kept = np.logical_and.reduce([target.kept for target in each])
    return Target(_joined(each, kept), kept, (), "multioutput", columns=tuple(columns))


def not_a_number(name: str, found: str) -> str:
    """The sentence about a column that cannot be one of several numbers."""
    return f"data.target: the column {name} {found}, and several targets are numbers; predict it in a study of its own"


def _refuse_words(cells: pd.Series[Any], data: Labelled) -> None:
    """Refuse a column none of whose cells is a number, however numbers are written."""
    known = cells.dropna()
    looked = look_at(known, data.reading.decimal)
    if known.empty or looked.numeric:
        return
    words = [level for level in looked.levels if not any(mark.isdigit() for mark in str(level))]
    if len(words) == len(looked.levels):
        raise DataError(not_a_number(str(cells.name), f"holds words such as {str(words[0])[:40]!r}"))


def _alone(data: Labelled, name: str) -> Labelled:
    """The options of a regression on one column."""
    return data.model_copy(update={"target": name, "task": "regression"})


def _joined(each: Sequence[Target], kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The values of all columns in the rows that are kept, (rows kept, columns)."""
    return np.column_stack([target.values[kept[target.kept]] for target in each])
