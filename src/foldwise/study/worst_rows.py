"""The rows with the largest loss out of fold, with their cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from foldwise.data.table import Table
from foldwise.evaluation.level_scores import Predicted
from foldwise.evaluation.metrics import log_losses
from foldwise.models.heads import label_codes
from foldwise.report.worst_rows_file import CELL
from foldwise.study.plan import Plan


def worst_rows(plan: Plan, found: Predicted, most: int) -> pd.DataFrame:
    """The rows with the largest log loss, or the largest error of a number; of repeated predictions the mean counts.

    Args:
        plan: the study.
        found: out-of-fold predictions.
        most: how many rows are wanted.

    Returns:
        The worst first: `row` (its position in the source, from 0), `truth`, `prediction`, of classes `p_truth`, `loss`, then
        the cells.
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
    return pd.concat([pd.DataFrame(own), _cells(table, at[worst], own)], axis=1)


def _cells(table: Table, at: np.ndarray, own: dict[str, object]) -> pd.DataFrame:
    """The raw cells of these rows; a column with a name of ours gets another."""
    raw = table.raw.iloc[at].reset_index(drop=True)
    return raw.rename(columns={name: f"{CELL}{name}" for name in own})
