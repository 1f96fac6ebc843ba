"""What `prepare` shows: the data of a study, without any training."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.config.read import trial_at
from foldwise.data.fold_cache import FoldCache
from foldwise.data.preparation.fold import FoldData, fit_preparation
from foldwise.data.table import Table
from foldwise.study.plan import Plan
from foldwise.tasks.table import task_of

FIRST_ROWS = 5


def dry_run(plan: Plan) -> dict[str, Any]:
    """The data to train on, as plain values for `prepare.json`; ranges of `prep` and `balance` take their defaults."""
    spec, table = plan.spec, plan.table
    trial = trial_at(spec, spec.space.defaults())
    cache = FoldCache(table, plan.splits, spec.fixed.seed)
    even = cache.folds(trial.prep, trial.balance) if trial.balance.kind != "none" else ()
    first = plan.splits[0]
    preparation = fit_preparation(table, first.train, trial.prep)
    features = preparation.transform(table.inputs(first.train[:FIRST_ROWS]))
    return {
        "study": spec.name,
        "task": table.task,
        "target": table.target_name,
        "goal": asdict(plan.goal),
        "fingerprint": table.fingerprint,
        "columns": [asdict(column) for column in table.schema.columns],
        "left_out": dict(table.left_out),
        "notes": list(table.notes),
        "findings": [finding.record for finding in plan.findings],
        "rows": {"development": len(plan.development), "holdout": len(plan.holdout)},
        "target_values": {
            "development": _target_counts(table, plan.development),
            "holdout": _target_counts(plan.holdout, np.arange(len(plan.holdout))),
        },
        "folds": [
            {
                "train": {"rows": len(split.train), "target_values": _target_counts(table, split.train)},
                **({"balanced": _balanced_counts(table, even[fold])} if even else {}),
                "valid": {"rows": len(split.valid), "target_values": _target_counts(table, split.valid)},
            }
            for fold, split in enumerate(plan.splits)
        ],
        "balance": trial.balance.kind,
        "prepared": {
            "of": "the training rows of the first fold",
            "shape": [len(first.train), features.shape[1]],
            "features": list(preparation.features),
            "first_rows": np.round(features.astype(float), 6),
        },
    }


def _target_counts(table: Table, rows: npt.NDArray[np.int64]) -> dict[str, float]:
    """The rows, pixels or boxes of each class, or the range and mean of a number; nothing of no rows."""
    target = table.target[rows]
    if not len(target):
        return {}
    return dict(task_of(table.task).in_words(target, table.class_names))


def _balanced_counts(table: Table, fold: FoldData) -> dict[str, Any]:
    """The number of balanced training rows, and the weight of each class in them."""
    codes = fold.train_y.argmax(axis=1) if len(table.labels) > 2 else fold.train_y[:, 0].astype(np.int64)
    counts = np.bincount(codes, fold.train_weight, minlength=len(table.labels))
    values = {label: round(float(count), 3) for label, count in zip(table.labels, counts, strict=True)}
    return {"rows": len(codes), "target_values": values}
