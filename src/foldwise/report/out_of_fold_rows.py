"""The out-of-fold predictions of a study's best trial, read back from `oof.parquet`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.config.flattened import values_at
from foldwise.ledger.rows import StudyRecord, goal_of
from foldwise.models.heads import THRESHOLD
from foldwise.trial.result import TrialResult, best_of

FILE, BEFORE_LABEL = "oof.parquet", "p_"


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions for rows that a network was not trained on.

    rows: zero-based in the source, ascending, (rows,). truth: codes into labels, or values. labels: () for regression.
    predictions: (rows, labels) or (rows,). threshold: of two labels.
    """

    rows: npt.NDArray[np.int64]
    truth: npt.NDArray[Any]
    labels: tuple[str, ...]
    predictions: npt.NDArray[np.float64]
    threshold: float


def read_out_of_fold(folder: Path, record: StudyRecord, results: list[TrialResult]) -> OutOfFold | None:
    """The predictions in the folder of a study; None where it has none, or its file cannot be used."""
    import pandas as pd

    try:
        frame = pd.read_parquet(folder / FILE).sort_values("row")
    except (OSError, ValueError, KeyError):  # of an earlier version, not kept, or cut off
        return None
    names = [name for name in frame.columns if name.startswith(BEFORE_LABEL)]
    labels = tuple(name.removeprefix(BEFORE_LABEL) for name in names)
    if frame["row"].duplicated().any() or not (labels or "prediction" in frame):
        return None
    truth = frame["truth"].to_numpy()
    if labels:
        places = {label: code for code, label in enumerate(labels)}
        truth = np.array([places.get(str(label), -1) for label in truth], dtype=np.int64)
        if (truth < 0).any():
            return None
    predictions = frame[names].to_numpy(np.float64) if labels else frame["prediction"].to_numpy(np.float64)
    return OutOfFold(frame["row"].to_numpy(np.int64), truth, labels, predictions, _threshold(record, results))


def _threshold(record: StudyRecord, results: list[TrialResult]) -> float:
    """The best trial's: tuned on its predictions, or fixed."""
    best = best_of(results, goal_of(record, results))
    if best is None:
        return THRESHOLD
    asked = best.metrics.get("threshold") or values_at(record.recipe, best.params).get("fit.threshold", THRESHOLD)
    return float(asked) if isinstance(asked, (int, float)) else THRESHOLD
