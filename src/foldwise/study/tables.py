"""A study's tables as Parquet files: trials, curves, and predictions on the holdout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from foldwise.config.option_names import Readable
from foldwise.spec.space import EPOCHS, Choice
from foldwise.study.plan import Plan
from foldwise.system.files import atomically
from foldwise.tasks.table import task_of
from foldwise.trial.result import FoldScore, TrialResult

CURVE_ROWS = 100_000  # written at a time


def write_trials(path: Path, results: Sequence[TrialResult], plan: Plan) -> None:
    """Write a row per trial: number, state, mean, sd, the fold scores, the parameters, engine, seconds, reason, lost_at.

    A choice whose options are stored as option0, option1, ... has a second column, `<its name>.label`, with readable names.
    """
    rows: list[dict[str, Any]] = []
    pooled = "train" if plan.same_rows else "oof"  # the predictions behind the metrics
    given = [EPOCHS] if any(EPOCHS in result.params for result in results) else []
    names = [*(name for name, _ in plan.spec.space.walk()), *given]
    readable = Readable(plan.spec.space)
    choices = {name: range_ for name, range_ in plan.spec.space.walk() if isinstance(range_, Choice)}
    labelled = [name for name, choice in choices.items() if any(readable.value(name, to) != to for to in choice.names())]
    for result in results:
        scores = {fold.fold: fold.score for fold in result.folds}
        rows.append(
            {
                "number": result.number,
                "state": result.state,
                "mean": result.mean,
                "sd": result.sd,
                **{f"fold_{fold}": scores.get(fold, math.nan) for fold in range(len(plan.splits))},
                **{name: result.params.get(name) for name in names},
                **{f"{name}.label": readable.value(name, result.params.get(name)) for name in labelled},
                **{f"{pooled}_{metric}": value for metric, value in result.metrics.items()},
                **{f"cost_{name}": value for name, value in result.costs.items()},
                "engine": result.engine,
                "seconds": result.seconds,
                "reason": result.reason,
                "reused": result.reused,
                "lost_at": result.lost_at,
            }
        )
    frame = pd.DataFrame(rows)
    for name in names:  # a Parquet column cannot mix words, numbers and null, as a choice may
        if name in frame and frame[name].map(type).nunique() > 1 and not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].map(lambda value: None if value is None else str(value))
    atomically(path, lambda part: frame.to_parquet(part, index=False))


def write_holdout(path: Path, plan: Plan, answers: pd.DataFrame, rows: npt.NDArray[Any]) -> None:
    """Write the holdout's rows (zero-based, in the source) with the truth and the predictions.

    A mask or boxes are no truth for a table: the goal's metric of each picture stands there instead. Of several numbers each
    has a truth.

    Args:
        path: of the Parquet file.
        plan: the study's data.
        answers: to the rows of the holdout.
        rows: condensed, see `Task.condensed`.
    """
    held, metric = plan.holdout, plan.goal.metric
    known: dict[str, Any]
    if held.classes:
        found = task_of(held.task).of_rows(rows, held.classes, metric)
        known = {name: cells for name, cells in found.items() if name not in answers}
    else:
        known = {"truth": [held.labels[code] for code in held.target] if held.labels else held.target}
    frame = pd.concat([pd.DataFrame({"row": held.rows, **known}), answers.reset_index(drop=True)], axis=1)
    atomically(path, lambda part: frame.to_parquet(part, index=False))


def write_curves(path: Path, results: Sequence[TrialResult]) -> None:
    """Write every curve of every fold with all its points: a row per epoch.

    Columns: trial, fold, epoch (from 1), and one for each curve, such as loss, val_loss and learning_rate; null if a fold
    does not have the curve.
    """
    names = sorted({name for result in results for fold in result.folds for name in fold.curves})
    whole = pa.int32()
    schema = pa.schema([("trial", whole), ("fold", whole), ("epoch", whole), *((name, pa.float64()) for name in names)])

    def write(part: Path) -> None:
        waiting: list[pa.RecordBatch] = []
        rows = 0
        with pq.ParquetWriter(part, schema, compression="zstd") as file:
            for result in results:
                batches = [_curves_of(result.number, fold, names, schema) for fold in result.folds]
                waiting += batches
                rows += sum(batch.num_rows for batch in batches)
                if rows >= CURVE_ROWS:
                    file.write_table(pa.Table.from_batches(waiting, schema))
                    waiting, rows = [], 0
            file.write_table(pa.Table.from_batches(waiting, schema))

    atomically(path, write)


def _curves_of(trial: int, fold: FoldScore, names: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
    epochs = max((len(fold.curves[name]) for name in names if name in fold.curves), default=0)
    columns = [np.full(epochs, trial), np.full(epochs, fold.fold), np.arange(1, epochs + 1)]
    arrays = [pa.array(column, pa.int32()) for column in columns]
    for name in names:
        values = list(fold.curves.get(name, ()))
        arrays.append(pa.array([*values, *[None] * (epochs - len(values))], pa.float64()))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
