"""Finished searches made without training."""

from __future__ import annotations

import math
import random
from functools import cache

from foldwise.config.read import parted, read_study
from foldwise.report.figures.searched import UNMARKED, seen
from foldwise.spec.goal import METRICS, Goal
from foldwise.trial.result import FoldScore, TrialResult, mean_and_sd
from foldwise.trial.summary import BaselineScore
from foldwise.tuning.random_tuner import RandomTuner

MODEL = [
    "choice",
    {"kind": "mlp", "units": ["int", 8, 128, {"log": True}], "dropout": ["float", 0.0, 0.5]},
    {"kind": "layers", "layers": [{"kind": "Dense", "units": ["int", 4, 64]}]},
]
FIT = {"optimizer": {"kind": "adam", "learning_rate": ["float", 1e-4, 1e-1, {"log": True}]}}
BASELINES = [BaselineScore("majority", 0.33, 0.0, 0.3), BaselineScore("logistic", 0.9, 0.02, 0.9)]


def recipe(**changes):
    config = {
        "data": {"kind": "sklearn", "name": "iris"},
        "goal": {"metric": "accuracy"},
        "model": MODEL,
        "fit": FIT,
        "seed": 5,
    }
    return read_study({**config, **changes}).recipe


def fold(number, score, curves=None, epochs=20):
    if curves is None:
        falling = tuple(0.2 + math.exp(-epoch / 5) for epoch in range(epochs))
        curves = {"loss": falling, "val_loss": tuple(v + 0.05 for v in falling), "learning_rate": (0.01,) * epochs}
    return FoldScore(number, score, {"accuracy": score}, curves, epochs, 0.1)


def complete(number, params, scores, curves=None):
    folds = tuple(fold(place, score, curves) for place, score in enumerate(scores))
    mean, sd = mean_and_sd(list(scores)) if all(map(math.isfinite, scores)) else (math.nan, math.nan)
    return TrialResult(number, params, "COMPLETE", folds, mean, sd, seconds=0.3)


def made(trials, folds=3, made_recipe=None):
    """Trials whose score falls with dropout; one of twenty failed and one was stopped."""
    _, space = parted(made_recipe or recipe())
    tuner, rng, results = RandomTuner(space, 1), random.Random(3), []
    for number in range(trials):
        params = tuner.ask(number)
        base = 0.95 - 0.1 * params.get("model.mlp.dropout", 0.3)
        scores = [base + rng.gauss(0, 0.005) for _ in range(folds)]
        if number % 20 == 13:
            results.append(TrialResult(number, params, "FAILED", reason="nan: </script><b>loss</b> is not finite"))
        elif number % 20 == 7:
            results.append(TrialResult(number, params, "STOPPED", (fold(0, scores[0]),), reason="race: fold 0 trails"))
        else:
            results.append(complete(number, params, scores))
    return results


def goal(metric="accuracy"):
    return Goal(metric, METRICS[metric][0])


@cache
def usual(trials):
    """A made search of this many trials, prepared for the figures."""
    return look(made(trials))


def look(results, metric="accuracy", baselines=BASELINES, name="made", marks=UNMARKED, **changes):
    """A search prepared for the figures."""
    return seen(name, recipe(**changes), results, goal(metric), baselines, marks)
