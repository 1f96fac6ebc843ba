"""Where contract suites get their ledgers and rows from."""

from __future__ import annotations

import math

from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.spec.goal import Goal
from foldwise.trial.result import FoldScore, TrialResult
from foldwise.trial.summary import (
    BaselineScore,
    BestTrial,
    HoldoutScore,
    RegisteredModel,
    RowCounts,
    RunPlace,
    StudySummary,
    TrialCounts,
)

RECIPE = {"model": {"kind": "mlp", "units": ["int", 16, 64]}, "seed": 3, "data": {"name": "iris", "drop": []}}
PARAMS = {"model.units": 32, "prep.scale": "standard", "flag": True, "one": 1, "word": "1", "none": None, "rate": 0.1 + 0.2}
# what the first version of foldwise wrote
OLDEST_SUMMARY = {
    "study": "iris-1",
    "seed": 0,
    "goal": {"metric": "accuracy", "direction": "maximize"},
    "task": "binary",
    "rows": {"development": 72, "holdout": 18},
    "trials": {"asked": 3, "complete": 2, "stopped": 0, "failed": 1},
    "best": {
        "number": 2,
        "params": {"model.units": 5, "flag": True, "none": None},
        "mean": 0.86,
        "sd": 0.1,
        "folds": [0.8, 0.9],
    },
    "baselines": [{"name": "majority", "mean": 0.66, "sd": 0.0, "holdout": 0.66}],
    "holdout": {"rows": 18, "metrics": {"accuracy": 0.88}, "reads": 1},
    "verdict": "the baseline is as good",
    "engine": "fused",
    "model": {"name": "iris", "version": 1, "aliases": ["champion"], "uri": "models:/iris/1"},
    "seconds": {"total": 16.4, "data": 3.1, "search": 7.9, "refit": 2.1},
    "mlflow": {"tracking_uri": "sqlite:///mlflow.db", "experiment_id": "1", "run_id": "abc"},
}


def new_study(ledger: Ledger, name: str = "iris-1") -> StudyRecord:
    return ledger.create_study(name, RECIPE, "f" * 64, {"kind": "hash", "cut": 0.2}, {"numpy": "2"})


def summary(**changes: object) -> StudySummary:
    values = {
        "study": "iris-1",
        "seed": 3,
        "goal": Goal("accuracy", "maximize"),
        "task": "multiclass",
        "rows": RowCounts(120, 30),
        "trials": TrialCounts(2, 1, 0, 1),
        "best": BestTrial(0, {"model.units": 32}, 0.91, 0.01, (0.9, 0.92)),
        "baselines": (BaselineScore("logistic", 0.9, 0.01, 0.8),),
        "holdout": HoldoutScore(30, {"accuracy": 0.8}, 1),
        "verdict": "the baseline is as good",
        "engine": "keras",
        "model": RegisteredModel("iris", 1, ("champion",), "memory:/iris/1"),
        "seconds": {"total": 3.0, "data": 1.0, "search": 1.5, "refit": 0.5},
        "mlflow": RunPlace("memory", "iris-1", "iris-1"),
    }
    return StudySummary(**{**values, **changes})  # type: ignore[arg-type]


def result(number: int, epochs: int = 3, count: int = 2, **changes: object) -> TrialResult:
    scores = tuple(
        FoldScore(
            fold,
            0.9 + 0.02 * fold,
            {"accuracy": 0.9 + 0.02 * fold, "log_loss": 0.3},
            {
                "loss": tuple(1.0 / (e + 1) for e in range(epochs)),
                "val_loss": (math.nan,) * epochs,
                "learning_rate": (0.01,) * epochs,
            },
            epochs,
            0.5,
        )
        for fold in range(count)
    )
    values = {"folds": scores, "mean": 0.91, "sd": 0.01, "metrics": {"accuracy": 0.91}, "engine": "keras", "seconds": 1.25}
    return TrialResult(**{"number": number, "params": dict(PARAMS), "state": "COMPLETE", **values, **changes})  # type: ignore[arg-type]


def failed(number: int) -> TrialResult:
    return TrialResult(number, dict(PARAMS), "FAILED", reason="nan: the loss of fold 0 is nan at epoch 2", seconds=0.1)


def finish(ledger: Ledger, study: str, outcome: TrialResult) -> TrialRow:
    ledger.begin_trial(study, outcome.number, outcome.params)
    return ledger.finish_trial(study, outcome)
