"""The rules for served rows, and the flags of rows that are unlike the training rows.

The rules are the same in the predict door, `mlflow.pyfunc.load_model` and `mlflow models serve`: `schema.conform` refuses,
`flags` reports. A flag never changes an answer.

| a row has                             | result                                                                            |
|---------------------------------------|-----------------------------------------------------------------------------------|
| columns in another order              | the same answer to the last bit                                                   |
| further columns                       | ignored; the predict door counts and names them                                   |
| a column less                         | refused with the column                                                           |
| a level never seen in training        | answered as none of the known levels; flag `sex never seen`                       |
| a null, nan or a mark of data.missing | answered with the saved fill; flag `age missing` if training had no gap there     |
| a number or date outside the training | answered; flag `age beyond its range`                                             |
| text in a number column               | accepted if it is one ("12"), else refused with column and row ("1,5", "abc")      |
| a cell written as those of training   | accepted: "$1,234.00", 12.5 and "12.5" alike; another unit is refused             |
| true or false in a number column      | refused with column and row                                                       |
| a number or true in a category        | accepted as the level of that name: 3 and "3.0" are `3`, true is `True` or `TRUE` |
| an infinity, or beyond 3.4e38         | refused with column and row                                                       |
| a list or a mapping in a cell         | refused with column and row                                                       |
| no rows at all                        | a file is refused; from Python and over HTTP the answer is empty                  |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.preparation.encode import Levels
from foldwise.data.profile import ColumnProfile, as_numbers

FLAGS = "flags"  # the last column of a table's answers

Mask = npt.NDArray[np.bool_]


def flags(frame: pd.DataFrame, profile: Sequence[ColumnProfile], categories: Iterable[Levels]) -> npt.NDArray[np.object_]:
    """The flags of each row, in the order of the columns and joined by `; `; empty for a usual row.

    Args:
        frame: conformed rows, (rows, columns).
        profile: profiles of the training columns. A column without one is only checked for levels never seen.
        categories: the levels of the training rows.

    Returns:
        (rows,), text.
    """
    found: list[tuple[str, Mask]] = []
    profiles = {column.name: column for column in profile}
    levels = {column.name: column for column in categories}
    for name in frame.columns:
        found += _unusual(frame[name], profiles.get(name), levels.get(name))
    texts = np.full(len(frame), "", dtype=object)
    present = [(words, mask) for words, mask in found if mask.any()]
    if not present:
        return texts
    masks = np.column_stack([mask for _, mask in present])
    rows = np.flatnonzero(masks.any(axis=1))
    # there are few combinations, so each is put into words once
    patterns, which = np.unique(np.packbits(masks[rows], axis=1), axis=0, return_inverse=True)
    words = np.array([words for words, _ in present], dtype=object)
    named = [words[np.unpackbits(pattern, count=len(words)).astype(np.bool_)] for pattern in patterns]
    texts[rows] = np.array(["; ".join(each) for each in named], dtype=object)[which.ravel()]
    return texts


def further(columns: Iterable[Any], known: Iterable[str]) -> list[str]:
    """The columns that the model does not know."""
    names = set(known)
    return [str(name) for name in columns if name not in names]


def _unusual(cells: pd.Series[Any], profile: ColumnProfile | None, levels: Levels | None) -> list[tuple[str, Mask]]:
    """The possible flags of a column, with their rows (rows,)."""
    name, absent = cells.name, cells.isna().to_numpy()
    found = [(f"{name} missing", absent)] if profile is not None and profile.missing == 0.0 else []
    if profile is not None and profile.low is not None and profile.high is not None:
        values = as_numbers(cells)  # nan is neither below nor above the range
        found.append((f"{name} beyond its range", (values < profile.low) | (values > profile.high)))
    if levels is not None:
        found.append((f"{name} never seen", _never_seen(cells, levels.code) & ~absent))
    return found


def _never_seen(cells: pd.Series[Any], code: Mapping[str | None, int]) -> Mask:
    return np.fromiter((cell not in code for cell in cells.to_list()), dtype=np.bool_, count=len(cells))
