"""The mean of a trial's curves over its folds, thinned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from foldwise.trial.result import FoldScore

LAST = "learning_rate"


def metrics_of(folds: Iterable[FoldScore]) -> list[str]:
    """The metrics that were followed beside the loss, by the names of their training curves; none in studies without them."""
    names = dict.fromkeys(name.removeprefix("val_") for fold in folds for name in fold.curves)
    return [name for name in names if name not in ("loss", LAST)]


def curve_names(folds: Iterable[FoldScore]) -> list[str]:
    """The names of all curves: the losses, each metric with its validation, and the learning rate."""
    folds = list(folds)
    there = {name for fold in folds for name in fold.curves}
    wanted = [name for followed in ("loss", *metrics_of(folds)) for name in (followed, f"val_{followed}")]
    return [name for name in (*wanted, LAST) if name in there]


def mean_curves(folds: Iterable[FoldScore], most: int, each: bool = False) -> Iterator[tuple[str, int, float]]:
    """The mean over folds of each curve at (name, epoch counted from 1), thinned to at most `most` points in all.

    A fold that stopped early counts up to its last epoch. `each` adds the curves of every fold, as `fold.0.loss`.
    """
    folds = list(folds)
    names = curve_names(folds)
    lines = [(name, [fold.curves[name] for fold in folds if name in fold.curves]) for name in names]
    if each:
        lines += [(f"fold.{f.fold}.{name}", [f.curves[name]]) for name in names for f in folds if name in f.curves]
    for name, curves in lines:
        epochs = max((len(curve) for curve in curves), default=0)
        for epoch in _thinned(epochs, most // len(lines)):
            values = [curve[epoch] for curve in curves if epoch < len(curve)]
            yield name, epoch + 1, math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan


def _thinned(count: int, most: int) -> list[int]:
    """At most `most` of `count` positions, evenly spread, including the first and the last."""
    if count <= most:
        return list(range(count))
    if most < 2:
        return []
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]
