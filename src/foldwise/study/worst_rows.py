"""The rows with the largest loss out of fold, with their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from foldwise.data.table import Table
from foldwise.evaluation.level_scores import Predicted
from foldwise.evaluation.metrics import log_losses
from foldwise.models.heads import label_codes
from foldwise.report.compare_page import RowsShown
from foldwise.study.plan import Plan
from foldwise.system.numbers import shown

SHOWN, LETTERS = 20, 60  # columns on the page, and letters of a cell
CELL = "cell "  # before the name of a column that is called like one of ours


@dataclass(frozen=True, eq=False)
class WorstRows:
    """Rows of the source, the worst first.

    frame: `row` (its position in the source, from 0), `truth`, `prediction`, of classes `p_truth`, `loss`, then the cells.
    own: the number of columns before the cells. of: how many rows were predicted. loss: what the loss is.
    """

    frame: pd.DataFrame
    own: int
    of: int
    loss: str

    def shown(self, first: Sequence[str]) -> RowsShown:
        """As text for a page: our own columns, then the cells, those of these columns first."""
        ours, cells = list(self.frame.columns[: self.own]), list(self.frame.columns[self.own :])
        names = {name: name if name in cells else f"{CELL}{name}" for name in first}
        order = [*(names[name] for name in first if names[name] in cells), *cells]
        columns = [*ours, *dict.fromkeys(order)]
        rows = [[_text(cell) for cell in row] for row in self.frame[columns[:SHOWN]].itertuples(index=False, name=None)]
        heading = f"of {self.of:,} rows, by the {self.loss} out of fold"
        return RowsShown(heading, tuple(columns[:SHOWN]), rows, max(0, len(columns) - SHOWN))


def worst_rows(plan: Plan, found: Predicted, most: int) -> WorstRows:
    """The rows with the largest log loss, or the largest error of a number; of repeated predictions the mean counts.

    Args:
        plan: the study.
        found: out-of-fold predictions.
        most: how many rows are wanted.
    """
    table = plan.table
    at, each = np.unique(found.at, return_inverse=True)
    times = np.bincount(each)
    flat = found.answers.reshape(len(found.at), -1)
    mean = np.column_stack([np.bincount(each, own) / times for own in flat.T])
    threshold = np.bincount(each, found.thresholds) / times
    truth = table.target[at]
    if table.labels:
        losses = np.bincount(each, log_losses(table.target[found.at], found.answers)) / times
    else:
        losses = np.bincount(each, np.abs(table.target[found.at] - found.answers)) / times
    worst = np.argsort(-losses, kind="stable")[:most]
    own: dict[str, object] = {"row": table.rows[at[worst]]}
    if table.labels:
        codes = label_codes(mean[worst], threshold[worst])
        own |= {"truth": [table.labels[code] for code in truth[worst]], "prediction": [table.labels[code] for code in codes]}
        own |= {"p_truth": mean[worst, truth[worst]]}
    else:
        own |= {"truth": truth[worst], "prediction": mean[worst, 0]}
    own |= {"loss": losses[worst]}
    frame = pd.concat([pd.DataFrame(own), _cells(table, at[worst], own)], axis=1)
    return WorstRows(frame, len(own), len(at), "log loss" if table.labels else "size of the error")


def _cells(table: Table, at: np.ndarray, own: dict[str, object]) -> pd.DataFrame:
    """The raw cells of these rows; a column with a name of ours gets another."""
    raw = table.raw.iloc[at].reset_index(drop=True)
    return raw.rename(columns={name: f"{CELL}{name}" for name in own})


def _text(cell: object) -> str:
    """A cell on a page."""
    if isinstance(cell, float):
        return "" if cell != cell else shown(cell)  # noqa: PLR0124 a missing number
    text = "" if cell is None or cell is pd.NaT else str(cell)
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
