"""Synthetic searches of any length, to measure the compare page."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foldwise.config.read import read_study
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.rows import StudyRecord
from foldwise.report.compare_page import RowsShown, write_page
from foldwise.spec.goal import Goal
from foldwise.spec.space import Params
from foldwise.spec.study import StudySpec
from foldwise.trial.certificate import Certificate
from foldwise.trial.result import FoldScore, TrialResult, mean_and_sd
from foldwise.trial.summary import BaselineScore, BestTrial, HoldoutScore, RegisteredModel, RowCounts, StudySummary, TrialCounts
from foldwise.tuning.random_tuner import RandomTuner

FOLDS, EPOCHS = 3, 30
PERCEPTRON = {
    "kind": "mlp",
    "units": ["int", 8, 128, {"log": True}],
    "activation": ["choice", "relu", "tanh"],
    "dropout": ["float", 0.0, 0.5],
}
MODEL = ["choice", PERCEPTRON, {"kind": "layers", "layers": [{"kind": "Dense", "units": ["int", 4, 64]}]}]
SUMMARY = StudySummary(
    study="made",
    seed=0,
    goal=Goal("accuracy", "maximize"),
    task="multiclass",
    rows=RowCounts(120, 30),
    trials=TrialCounts(1, 1, 0, 0),
    best=BestTrial(0, {}, 0.9, 0.01, (0.9, 0.9, 0.9)),
    baselines=(BaselineScore("logistic", 0.9, 0.01, 0.8),),
    holdout=HoldoutScore(30, {"accuracy": 0.8}, 1),
    verdict="no difference shown on 30 rows",
    engine="none",
    model=RegisteredModel("made", 1),
    seconds={"data": 1.25, "search": 40.0, "refit": 2.5},
)


def made_results(trials: int, **changes: Any) -> tuple[StudySpec, list[TrialResult]]:
    """A study and its trials, one in twenty failed and one in twenty stopped; changes: of its configuration."""
    config = {"data": {"kind": "sklearn", "name": "iris"}, "study": "made", "goal": {"metric": "accuracy"}, "model": MODEL}
    spec, rng = read_study({**config, **changes}), random.Random(3)
    tuner = RandomTuner(spec.space, 1)
    return spec, [_result(number, tuner.ask(number), rng) for number in range(trials)]


def made_study(runs: Path, trials: int, name: str = "made", **changes: Any) -> Path:
    """Write such a study into a ledger in the folder, and return the folder."""
    runs.mkdir(parents=True, exist_ok=True)
    spec, results = made_results(trials, study=name, **changes)
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        ledger.create_study(name, spec.recipe, "f" * 64, {}, {})
        for result in results:
            ledger.begin_trial(name, result.number, result.params)
            ledger.finish_trial(name, result)
    return runs


def made_page(
    path: Path, trials: int, worst: RowsShown | None = None, certificate: Certificate | None = None, **changes: Any
) -> Path:
    """The page of such a study as `compare` writes it; writing ten thousand trials into a ledger takes a minute."""
    spec, results = made_results(trials, **changes)
    summary = replace(SUMMARY, certificate=certificate)
    record = StudyRecord(spec.name, spec.recipe, "f" * 64, {}, {}, datetime.now(UTC), summary=summary)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_page(path, [(record, results)], Goal("accuracy", "maximize"), worst=worst)
    return path


def _result(number: int, params: Params, rng: random.Random) -> TrialResult:
    if number % 20 == 13:
        return TrialResult(number, params, "FAILED", reason="nan: </script><b>loss</b> is not finite", seconds=0.1)
    dropout = params.get("model.mlp.dropout", 0.3)
    base = 0.95 - 0.1 * (dropout if isinstance(dropout, float) else 0.3)
    folds = tuple(
        FoldScore(fold, base + rng.gauss(0, 0.01), {"accuracy": base}, _curves(number), EPOCHS, 0.1) for fold in range(FOLDS)
    )
    if number % 20 == 7:
        return TrialResult(number, params, "STOPPED", folds[:1], reason="race: fold 0 trails", seconds=0.1)
    mean, sd = mean_and_sd([fold.score for fold in folds])
    took = 0.3 + 0.01 * (number % 17)
    costs = {"parameters": 9.0}
    return TrialResult(number, params, "COMPLETE", folds, mean, sd, {"accuracy": mean}, seconds=took, costs=costs)


def _curves(number: int) -> Mapping[str, tuple[float, ...]]:
    loss = tuple(0.2 + math.exp(-epoch / (4 + number % 11)) for epoch in range(EPOCHS))
    accuracy = tuple(1 - value / 3 for value in loss)
    return {
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": tuple(value + 0.1 for value in loss),
        "val_accuracy": tuple(value - 0.05 for value in accuracy),
        "learning_rate": (0.01,) * EPOCHS,
    }
