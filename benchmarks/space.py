"""The study of the benchmarks: a small perceptron over six ranges in five folds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldwise.config.read import read_study
from foldwise.spec.study import StudySpec

FOLDS = 5
SCALERS, BATCHES = ("standard", "minmax"), (8, 16, 32, 64)
UNITS, DEPTHS, DROPOUT, RATES = (4, 128), (1, 3), (0.0, 0.5), (1e-4, 1e-1)
IRIS: Mapping[str, Any] = {"kind": "sklearn", "name": "iris", "target": "target"}


def study_of(data: Mapping[str, Any], folder: Path, seed: int, trials: int, epochs: int, **others: Any) -> StudySpec:
    """A study without early stopping whose files go into a folder; others: more of its configuration."""
    adam = {"kind": "adam", "learning_rate": ["float", *RATES, {"log": True}]}
    layers = {"hidden": ["int", *DEPTHS], "units": ["int", *UNITS, {"log": True}], "dropout": ["float", *DROPOUT]}
    fit = {"epochs": epochs, "batch_size": ["choice", *BATCHES], "optimizer": adam, "early_stop": {"patience": None}}
    config = {
        "data": data,
        "seed": seed,
        "folds": {"kind": "stratified", "count": FOLDS},
        "prep": {"scale": ["choice", *SCALERS]},
        "model": {"kind": "mlp", **layers},
        "fit": fit,
        "tuner": {"kind": "tpe"},
        "budget": {"trials": trials},
        "goal": {"metric": "accuracy"},
        "paths": {"runs": str(folder)},
    }
    return read_study({**config, **others})
