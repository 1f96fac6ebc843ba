"""What every engine is given, and what it hands back for each fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import FoldData
from foldwise.models.heads import Head
from foldwise.spec.augment import NO_AUGMENT, AugmentSpec
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import ModelSpec
from foldwise.training.schedule import Rates

Predictions = npt.NDArray[np.float64]

# Asked at a rung with the epoch (1 is the first) and with what each fold in step would predict if its training ended there:
# whether the trial ends there. A fold whose patience is over is in step with those that still train.
AtRung = Callable[[int, Mapping[int, Predictions]], bool]


@dataclass(frozen=True)
class Training:
    """One trial's training, the same for all its folds. First weights and batches follow from seed, number and fold.

    rungs: epochs at which a trial that races is looked at by `lost`; looking changes nothing of the training.
    on_epoch_end: called between epochs, every second or so; what it raises ends the training.
    """

    model: ModelSpec
    head: Head
    fit: FitSpec
    rates: Rates
    seed: int
    number: int
    augment: AugmentSpec = NO_AUGMENT
    rungs: tuple[int, ...] = ()
    lost: AtRung = lambda epoch, answers: False
    on_epoch_end: Callable[[], None] = lambda: None


@dataclass(frozen=True, eq=False)
class FoldFit:
    """One fold, trained.

    weights: the kept ones, in the order of the `weights` of the network that answers.
    predictions: for the validation rows: class probabilities (rows, classes) or values in the target's own unit (rows,).
    curves: name -> one value an epoch: loss, learning_rate, accuracy or mae, and with validation rows val_loss and
        val_accuracy or val_mae. mae is in the target's own unit (of its logarithm where that is learnt), loss in the unit
        that is trained on. Of several outputs, all are the main one's.
    best_epoch: how many epochs the kept weights were trained for.
    failure: why it could not go on, or None; then there are no predictions.
    lost: whether the trial ended at a rung, before its time.
    """

    fold: int
    weights: list[npt.NDArray[Any]]
    predictions: Predictions
    curves: Mapping[str, tuple[float, ...]]
    best_epoch: int
    seconds: float
    failure: str | None = None
    lost: bool = False


# An engine trains folds, given with their numbers, and hands them back in the same order, each when it is done or all at
# the end. A fold without validation rows is trained for all epochs. Of a trial that is lost at a rung the folds in step there
# come back as they are, and no other.
Engine = Callable[[Training, Iterable[tuple[int, FoldData]]], Iterator[FoldFit]]
