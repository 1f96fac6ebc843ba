"""The tables of `benchmarks.answers` and `benchmarks.reference_tabular`, and their outer splits.

Columns that name a row, and sampling weights, are dropped as in the recipes that ship. A sample always has the same rows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

DATA = Path(os.environ.get("FOLDWISE_DATA", Path(__file__).parents[2] / "shared" / "data"))
MANY_SPLITS, FEW_SPLITS, FEW_ROWS = 10, 5, 2000
NUMBERS, CLASSES, RARE = ("rmse",), ("log_loss", "accuracy"), ("log_loss", "pr_auc")
MISSING = ["", "?"]

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Outer:
    """One outer split: row positions that train, and those that no contestant sees."""

    train: Positions
    test: Positions


@dataclass(frozen=True)
class BenchmarkTable:
    """Where a table comes from, its target and what it is judged by. rows: how many are drawn; None: all."""

    read: Callable[[], pd.DataFrame]
    target: str
    metrics: tuple[str, ...] = CLASSES
    rows: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether the target is a number."""
        return self.metrics == NUMBERS

    def frame(self) -> pd.DataFrame:
        """The rows, counted from 0."""
        frame = self.read()
        drawn = frame if self.rows is None else frame.sample(self.rows, random_state=0)
        return drawn.reset_index(drop=True)

    def labels(self, frame: pd.DataFrame) -> list[str]:
        """The classes as text, in order; the last of two is the positive one. [] for numbers."""
        return [] if self.is_number else sorted(frame[self.target].astype(str).unique())


def outer_splits(frame: pd.DataFrame, table: BenchmarkTable, seed: int = 0, count: int | None = None) -> list[Outer]:
    """10 splits below 2,000 rows, else 5, or as many as asked for; in each, the rows of one part are the test.

    Classes have their shares in all parts.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    cutter = KFold if table.is_number else StratifiedKFold
    count = count or (MANY_SPLITS if len(frame) < FEW_ROWS else FEW_SPLITS)
    classes = None if table.is_number else frame[table.target].astype(str)
    pairs = cutter(count, shuffle=True, random_state=seed).split(np.zeros(len(frame)), classes)
    return [Outer(train, test) for train, test in pairs]


def write_task(folder: Path, name: str, table: BenchmarkTable, frame: pd.DataFrame, outer: Outer) -> dict[str, Any]:
    """Write `<name>.csv` (training rows), `rows.csv` (the others, without the target) and `task.json`; the last as a value."""
    task = {
        "train": f"{name}.csv",
        "target": table.target,
        "labels": table.labels(frame),
        "categories": [
            column for column in frame if column != table.target and not pd.api.types.is_numeric_dtype(frame[column])
        ],
    }
    frame.iloc[outer.train].to_csv(folder / f"{name}.csv", index=False)
    frame.iloc[outer.test].drop(columns=table.target).to_csv(folder / "rows.csv", index=False)
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    return task


def _csv(path: str, drop: tuple[str, ...] = ()) -> pd.DataFrame:
    frame = pd.read_csv(DATA / path, skipinitialspace=True, na_values=MISSING)
    return frame.drop(columns=list(drop))


def _mammography() -> pd.DataFrame:
    frame = _csv("mammography/mammography.csv")
    return frame.assign(**{"class": frame["class"].str.strip("'")})


def _of_sklearn(name: str) -> pd.DataFrame:
    from sklearn import datasets

    frame: pd.DataFrame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    return frame


_titanic = partial(_csv, "titanic/titanic.csv", ("PassengerId", "Name", "Ticket", "Cabin"))
_adult = partial(_csv, "adult/adult-train.csv", ("fnlwgt",))
_california = partial(_csv, "california-housing/housing.csv")
_oil_spill = partial(_csv, "oil-spill/oil-spill.csv", ("attr01",))

TABLES = {
    "titanic": BenchmarkTable(_titanic, "Survived"),
    "adult-5000": BenchmarkTable(_adult, "income", rows=5_000),
    "adult": BenchmarkTable(_adult, "income"),
    "california": BenchmarkTable(_california, "median_house_value", NUMBERS),
    "california-5000": BenchmarkTable(_california, "median_house_value", NUMBERS, rows=5_000),
    "wine-red": BenchmarkTable(partial(_csv, "wine-quality/winequality-red.csv"), "quality", NUMBERS),
    "wine-white": BenchmarkTable(partial(_csv, "wine-quality/winequality-white.csv"), "quality", NUMBERS),
    "mammography": BenchmarkTable(_mammography, "class", RARE),
    "oil-spill": BenchmarkTable(_oil_spill, "class", RARE),
    "iris": BenchmarkTable(partial(_of_sklearn, "iris"), "target"),
    "wine": BenchmarkTable(partial(_of_sklearn, "wine"), "target"),
    "breast-cancer": BenchmarkTable(partial(_of_sklearn, "breast_cancer"), "target"),
    "digits": BenchmarkTable(partial(_of_sklearn, "digits"), "target"),
    "diabetes": BenchmarkTable(partial(_of_sklearn, "diabetes"), "target", NUMBERS),
}
