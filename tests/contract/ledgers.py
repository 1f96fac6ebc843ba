"""Where contract suites get their ledgers and rows from."""

from __future__ import annotations

import math

from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.trial.result import FoldScore, TrialResult

RECIPE = {"model": {"kind": "mlp", "units": ["int", 16, 64]}, "seed": 3, "data": {"name": "iris", "drop": []}}
PARAMS = {"model.units": 32, "prep.scale": "standard", "flag": True, "one": 1, "word": "1", "none": None, "rate": 0.1 + 0.2}


def new_study(ledger: Ledger, name: str = "iris-1") -> StudyRecord:
    return ledger.create_study(name, RECIPE, "f" * 64, {"kind": "hash", "cut": 0.2}, {"numpy": "2"})


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
