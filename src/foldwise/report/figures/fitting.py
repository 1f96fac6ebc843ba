"""Over-fitting or under-fitting, from the loss curves of a trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from foldwise.trial.result import FoldScore

FEWEST = 5  # epochs; fewer are not a curve
ROSE = 0.10
APART = 0.25
FALLING = 0.05
HARDLY = 0.05

Verdict = Literal["over-fitting", "under-fitting", "neither", "unknown"]


@dataclass(frozen=True)
class Fitting:
    """The verdict on the curves, and a sentence with the reason."""

    name: Verdict
    sentence: str


def name_fitting(folds: Sequence[FoldScore]) -> Fitting:
    """Judge the curves `loss` and `val_loss` of the folds of a trial.

    The scale is the drop: the fall of the training loss from its first epoch to its lowest. All numbers are means over folds,
    and a validation loss is first smoothed over a tenth of its epochs. The first rule that holds gives the verdict:

    1. under-fitting: the drop is less than 5 % (HARDLY) of the first training loss.
    2. over-fitting: after its lowest point, the validation loss rose by at least 10 % (ROSE) of the drop until the end.
    3. over-fitting: with the kept weights, the validation loss is above the training loss by at least 25 % (APART) of the drop.
    4. under-fitting: over the last fifth of the epochs, the validation loss still fell by at least 5 % (FALLING) of the drop.
    5. neither.

    In 2 and 3 the mean must also exceed twice its standard error over folds, if there are at least two. Dropout and
    augmentation raise the training loss, so rule 3 can miss over-fitting but rarely invents it. Folds are left out if they lack
    a curve, have fewer than 5 epochs (FEWEST) or a loss that is not finite; if none remains, the verdict is unknown.
    """
    curves = [_curves(fold) for fold in folds]
    shown = [(fold, *pair) for fold, pair in zip(folds, curves, strict=True) if pair is not None]
    if not shown:
        return Fitting("unknown", f"no fold has finite losses over at least {FEWEST} epochs")
    fell = _mean([train[0] - train.min() for _, train, _ in shown])
    began = _mean([train[0] for _, train, _ in shown])
    if fell < HARDLY * abs(began) or fell <= 0:
        share = fell / abs(began) if began else 0.0
        return Fitting("under-fitting", f"under-fitting: the training loss fell by only {share:.0%} of its first value")
    smooth = [_smoothed(valid) for _, _, valid in shown]
    rises = [valid[-1] - valid.min() for valid in smooth]
    if _mean(rises) >= ROSE * fell and _sure(rises):
        lowest = [int(valid.argmin()) + 1 for _, _, valid in shown]  # of the losses as they are, the figure's lowest point
        why = f"after epoch {round(float(np.median(lowest)))} the validation loss rose by {_mean(rises) / fell:.0%}"
        return Fitting("over-fitting", f"over-fitting: {why} of the fall of the training loss")
    kept = [min(max(fold.best_epoch, 1), len(valid)) - 1 for fold, _, valid in shown]
    gaps = [valid[at] - train[at] for at, (_, train, valid) in zip(kept, shown, strict=True)]
    if _mean(gaps) >= APART * fell and _sure(gaps):
        why = f"with the kept weights the validation loss exceeds the training loss by {_mean(gaps) / fell:.0%}"
        return Fitting("over-fitting", f"over-fitting: {why} of the fall of the training loss")
    late = [line[max(0, len(line) - 1 - len(line) // 5)] - line[-1] for line in smooth]
    if _mean(late) >= FALLING * fell:
        why = f"the validation loss was still falling at the end, by {_mean(late) / fell:.0%}"
        return Fitting("under-fitting", f"under-fitting: {why} of the fall of the training loss")
    return Fitting("neither", "neither over-fitting nor under-fitting: the losses settled close to each other")


def _curves(fold: FoldScore) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    train, valid = (np.array(fold.curves.get(name, ()), float) for name in ("loss", "val_loss"))
    usable = len(train) == len(valid) >= FEWEST and bool(np.isfinite(train).all() and np.isfinite(valid).all())
    return (train, valid) if usable else None


def _smoothed(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Running means over a tenth of the epochs, each at the last epoch of its window."""
    width = max(1, len(line) // 10)
    return np.convolve(line, np.full(width, 1 / width), "valid")


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _sure(values: Sequence[float]) -> bool:
    """Whether the mean exceeds 0 by more than twice its standard error; a single value has none and passes."""
    if len(values) < 2:
        return True
    return _mean(values) > 2 * float(np.std(values, ddof=1)) / math.sqrt(len(values))
