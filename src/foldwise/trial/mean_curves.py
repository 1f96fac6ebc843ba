"""The mean of a trial's curves over its folds, thinned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from foldwise.trial.result import FoldScore

CURVES = ("loss", "val_loss", "learning_rate")


def mean_curves(folds: Iterable[FoldScore], most: int, each: bool = False) -> Iterator[tuple[str, int, float]]:
    """The mean over folds of each curve at (name, epoch counted from 1), thinned to at most `most` points in all.

    A fold that stopped early counts up to its last epoch. `each` adds the curves of every fold, as `fold.0.loss`.
    """
    folds = list(folds)
    lines = [(name, [fold.curves[name] for fold in folds if name in fold.curves]) for name in CURVES]
    if each:
        lines += [(f"fold.{f.fold}.{name}", [f.curves[name]]) for name in CURVES for f in folds if name in f.curves]
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
