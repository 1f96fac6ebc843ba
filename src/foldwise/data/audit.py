"""What a careful reader of the table would say before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.split import Split
from foldwise.data.table import Table

MANY_LEVELS = 50
RARE_CLASS = 0.01


@dataclass(frozen=True)
class Finding:
    """One thing found. `leak`: scores would be too good; `warn`: they may mislead; `note`: good to know."""

    level: Literal["note", "warn", "leak"]
    column: str | None
    message: str


def audit(table: Table, development: npt.ArrayLike, splits: Sequence[Split]) -> tuple[Finding, ...]:
    """Look at the development rows and at how they are cut; the holdout is not looked at."""
    rows = np.asarray(development, dtype=np.int64)
    return (
        *(Finding("note", column, f"left out: {reason}{_way_in(reason)}") for column, reason in table.left_out.items()),
        *_columns(table, rows),
        *_imbalance(table, rows),
        *_duplicates(table, splits),
        *_dates(table, splits),
    )


def _columns(table: Table, rows: npt.NDArray[np.int64]) -> Iterator[Finding]:
    for column in table.schema.columns:
        levels = table.frame[column.name].iloc[rows].nunique(dropna=False)
        if levels == 1:
            yield Finding("note", column.name, "is constant in the development rows, so nothing can be learnt from it")
        if column.kind == "category" and levels > MANY_LEVELS:
            message = f"has {levels} levels; beyond prep.one_hot.max_levels the rarest share one column"
            yield Finding("warn", column.name, message)


def _imbalance(table: Table, rows: npt.NDArray[np.int64]) -> Iterator[Finding]:
    if not table.labels:
        return
    shares = np.bincount(table.target[rows], minlength=len(table.labels)) / len(rows)
    rarest = int(shares.argmin())
    if shares[rarest] < RARE_CLASS:
        message = f"only {shares[rarest]:.2%} of the rows are {table.labels[rarest]!r}, so accuracy misleads"
        yield Finding("warn", table.target_name, f"{message}; use goal.metric=pr_auc")


def _duplicates(table: Table, splits: Sequence[Split]) -> Iterator[Finding]:
    rows = pd.concat([table.frame, pd.Series(table.target, name="\0target")], axis=1)  # a name that no column has
    same = rows.groupby(list(rows.columns), dropna=False, sort=False).ngroup().to_numpy()
    shared = sum(int(np.isin(same[split.valid], same[split.train]).sum()) for split in splits)
    if shared:
        total = sum(len(split.valid) for split in splits)
        message = f"{shared} of {total} validation rows have an exact duplicate among their training rows"
        yield Finding("note", None, f"{message}; name the column that tells what belongs together as data.group")


def _dates(table: Table, splits: Sequence[Split]) -> Iterator[Finding]:
    if table.times is not None:
        times = pd.Series(table.times)
        if any(times.iloc[split.train].max() >= times.iloc[split.valid].min() for split in splits):
            yield Finding("warn", None, "folds mix old and new rows although data.time is set; folds.kind=forward does not")
        return
    for column in (*table.schema.of_kind("date"), *(name for name, why in table.left_out.items() if why.startswith("date"))):
        message = f"is a date, and folds are random; where order matters set data.time={column} (folds.kind=forward)"
        yield Finding("warn", column, message)


def _way_in(reason: str) -> str:
    """What would make a feature of a column that was left out."""
    ways = {"date": "; prep.dates=parts would use it", "free text": "; prep.text=hash would use its words"}
    return next((way for word, way in ways.items() if reason.startswith(word)), "")
