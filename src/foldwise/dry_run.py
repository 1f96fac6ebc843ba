"""What `prepare` shows: the data half of a study without any training."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.config import trial_at
from foldwise.data.prepare import fit_preparation
from foldwise.data.table import Table
from foldwise.plan import Plan

FIRST_ROWS = 5


def dry_run(plan: Plan) -> dict[str, Any]:
    """What would be learnt from, as plain values for `prepare.json`; ranges of `prep` take their defaults."""
    spec, table = plan.spec, plan.table
    trial = trial_at(spec, spec.space.defaults())
    first = plan.splits[0]
    preparation = fit_preparation(table, first.train, trial.prep)
    features = preparation.transform(table.frame.iloc[first.train])
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
                "valid": {"rows": len(split.valid), "target_values": _target_counts(table, split.valid)},
            }
            for split in plan.splits
        ],
        "prepared": {
            "of": "the training rows of the first fold",
            "shape": list(features.shape),
            "features": list(preparation.features),
            "first_rows": np.round(features[:FIRST_ROWS].astype(float), 6),
        },
    }


def _target_counts(table: Table, rows: npt.NDArray[np.int64]) -> dict[str, float]:
    """How many rows each class has, or where the numbers lie."""
    target = table.target[rows]
    if table.labels:
        counts = np.bincount(target, minlength=len(table.labels))
        return {label: int(count) for label, count in zip(table.labels, counts, strict=True)}
    return {"min": float(target.min()), "mean": float(target.mean()), "max": float(target.max())}
