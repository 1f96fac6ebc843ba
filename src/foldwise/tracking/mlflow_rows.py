"""A trial in MLflow's words: names it allows, at most as much as it takes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from foldwise.results import FoldScore, TrialResult
from foldwise.space import Params

MOST_ENTITIES = 1000  # of metrics and parameters together in one call
MOST_PARAMS = 100
MOST_CHARACTERS = 6000
CURVES = ("loss", "val_loss", "learning_rate")


def legal(name: str) -> str:
    """The name with what MLflow refuses in it replaced by `_`."""
    return re.sub(r"[^A-Za-z0-9_\-. :]", "_", name)[:250]


def shown(value: object) -> str:
    """A parameter's value as a configuration would write it, cut where MLflow would refuse it."""
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text[:MOST_CHARACTERS]


def trial_params(params: Params) -> dict[str, str]:
    """Parameters under their dotted names."""
    return {legal(name): shown(value) for name, value in params.items()}


def trial_metrics(result: TrialResult, metric: str) -> dict[str, float]:
    """What a trial came to: per fold, over folds, and on pooled out-of-fold predictions."""
    values = {f"fold.{fold.fold}.{metric}": fold.score for fold in result.folds}
    for name in sorted({name for fold in result.folds for name in fold.metrics}):
        scores = [fold.metrics[name] for fold in result.folds if name in fold.metrics]
        values[f"cv.{name}.mean"], values[f"cv.{name}.sd"] = _mean_and_sd(scores)
    if result.folds and not math.isnan(result.mean):
        values[f"cv.{metric}.mean"], values[f"cv.{metric}.sd"] = result.mean, result.sd
    values.update({f"oof.{name}": value for name, value in result.metrics.items()})
    values.update({f"cost.{name}": value for name, value in result.costs.items()})
    values["seconds"] = result.seconds
    return {legal(name): float(value) for name, value in values.items()}


def mean_curves(folds: Iterable[FoldScore], most: int) -> Iterator[tuple[str, int, float]]:
    """The mean over folds of each curve at (name, epoch counted from 1), thinned to at most `most` points in all.

    A fold that stopped early counts up to its last epoch.
    """
    folds = list(folds)
    room = most // len(CURVES)
    for name in CURVES:
        curves = [fold.curves[name] for fold in folds if name in fold.curves]
        epochs = max((len(curve) for curve in curves), default=0)
        for epoch in _thinned(epochs, room):
            values = [curve[epoch] for curve in curves if epoch < len(curve)]
            yield name, epoch + 1, math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan


def numbers_in(tree: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Every number of a summary under its dotted name."""
    found: dict[str, float] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found.update(numbers_in(value, f"{name}."))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[legal(name)] = float(value)
    return found


def _thinned(count: int, most: int) -> list[int]:
    """At most `most` positions of `count`, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    if most < 2:
        return []
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def _mean_and_sd(scores: list[float]) -> tuple[float, float]:
    mean = sum(scores) / len(scores)
    if len(scores) < 2:
        return mean, 0.0
    return mean, math.sqrt(sum((score - mean) ** 2 for score in scores) / (len(scores) - 1))
