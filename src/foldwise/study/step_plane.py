"""The predictions over two number columns after each epoch of a fold that is shown, as small as a page needs them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.preparation.fold import AnyPreparation, Preparation
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.evaluation.plane import Plane, held_at, plane_through, used
from foldwise.models.heads import THRESHOLD, to_predictions
from foldwise.training.fold_fit import Training
from foldwise.training.recorder import Recorder
from foldwise.trial.job import TrialJob

GRID = 48  # steps of a side
MOST_DOTS = 300  # of a set of rows

Floats = npt.NDArray[np.float64]


def plane_over_epochs(
    table: Table, split: Split, job: TrialJob, preparation: AnyPreparation, training: Training, recorder: Recorder
) -> dict[str, Any] | None:
    """The plane through the two most important number columns, with bytes for each recorded epoch.

    None without two such columns, and where several numbers are predicted.

    Args:
        table: the data.
        split: the fold's rows, which are shown over the plane.
        job: the trial.
        preparation: fitted on the fold's training rows.
        training: the trial's training.
        recorder: has the weights after some epochs.
    """
    from foldwise.training.one_step import outputs_of

    kept = sorted(recorder.weights)
    if not isinstance(preparation, Preparation) or table.targets:  # several numbers would need a plane each
        return None

    def predict(epoch: int, rows: pd.DataFrame) -> Floats:
        outputs = outputs_of(training, recorder.weights[epoch], preparation.transform(rows))
        return to_predictions(training.head, outputs, preparation.target)

    frame = used(table.frame.iloc[split.train], preparation)
    plane = plane_through(frame, preparation.measured, lambda rows: predict(kept[-1], rows), job.seed, GRID)
    if plane is None:
        return None
    answers = [predict(epoch, plane.rows) for epoch in kept]
    low, high = 0.0, 1.0
    if not table.labels:
        both = np.concatenate([table.target[split.train], answers[-1]])
        low, high = float(both.min()), float(both.max())
    sides = (split.train, split.valid)
    shades = [as_bytes(values, low, high) for values in answers]
    return {
        "across": plane.across,
        "up": plane.up,
        "x": [plane.x[0], plane.x[-1]],
        "y": [plane.y[0], plane.y[-1]],
        "size": GRID,
        "held": held_at(plane.held),
        "threshold": THRESHOLD if job.spec.fit.threshold == "auto" else job.spec.fit.threshold,
        "low": low,
        "high": high,
        "shades": [base64.b64encode(shade.tobytes()).decode() for shade in shades],
        "dots": [_dots(table, plane, rows) for rows in (sides[:1] if np.array_equal(*sides) else sides)],
    }


def as_bytes(answers: Floats, low: float, high: float) -> npt.NDArray[np.uint8]:
    """Predictions as bytes.

    Of two classes the second's probability in 65,535ths, all high bytes first, so that the line between them is smooth; of more
    the likeliest codes, then how likely they are, from 0 to 255; of values their place between low and high, from 0 to 255.
    """
    if answers.ndim == 2 and answers.shape[1] > 2:
        return np.concatenate([answers.argmax(axis=1).astype(np.uint8), np.rint(255 * answers.max(axis=1)).astype(np.uint8)])
    if answers.ndim == 2:
        fine = np.rint(65535 * np.clip(answers[:, 1], 0, 1)).astype(np.uint16)
        return np.concatenate([fine >> 8, fine & 255]).astype(np.uint8)
    return np.rint(255 * np.clip((answers - low) / ((high - low) or 1.0), 0, 1)).astype(np.uint8)


def _dots(table: Table, plane: Plane, rows: npt.NDArray[np.int64]) -> list[list[float]]:
    """x, y and truth of some rows."""
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_DOTS)).astype(int)] if len(rows) else rows
    columns = [table.frame[name].to_numpy(np.float64)[some] for name in (plane.across, plane.up)]
    dots = np.column_stack([*columns, table.target[some]])
    return [[float(f"{value:.5g}") for value in dot] for dot in dots[np.isfinite(dots).all(axis=1)]]
