"""Scores of rows, whatever their task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from foldwise.spec.goal import METRICS
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.table import task_of
from foldwise.tasks.task import Array

if TYPE_CHECKING:
    from foldwise.data.table import Table
    from foldwise.data.target_columns import TargetColumn

THRESHOLD = 0.5


def score(
    task: TaskName,
    classes: int,
    truth: Array,
    rows: Array,
    threshold: float | Array = THRESHOLD,
    also: str = "",
    targets: Sequence[TargetColumn] = (),
) -> dict[str, float]:
    """Every metric of goal.METRICS that a task has, the one that is named, and those of each of several numbers.

    Args:
        task: what was predicted.
        classes: how many labels there are, or classes of pixels or boxes; 0 for regression.
        truth: (rows, ...).
        rows: condensed, see `Task.condensed`.
        threshold: of two labels, a number or (rows,).
        also: the goal's metric, which can be a top-k accuracy.
        targets: the columns of several numbers; the metrics of a column `y1` are `rmse_y1`, `mae_y1` and `r2_y1`.
    """
    names = [name for name, (_, tasks) in METRICS.items() if task in tasks]
    names += [also] if also and also not in names else []
    found = {name: task_of(task).scorer(classes, name, threshold)(truth, rows) for name in names}
    each = task_of(task).by_class(rows, [column.name for column in targets]) if targets else {}
    return found | {f"{metric}_{name}": value for name, own in each.items() for metric, value in own.items()}


def condensed_for(table: Table, at: npt.NDArray[np.int64], predictions: Array) -> Array:
    """Predictions for the rows at these positions, as scores are computed from them."""
    return task_of(table.task).condensed(table.target[at], predictions, len(table.class_names), table.targets)


def truth_of(table: Table) -> Array:
    """The truth as a first argument of scorers, (rows, ...): only row numbers where condensed rows hold the rest."""
    return np.arange(len(table)) if table.classes else table.target
