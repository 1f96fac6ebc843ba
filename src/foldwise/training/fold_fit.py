"""What every engine is given, and what it hands back for each fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.augment_specs import NO_AUGMENT, AugmentSpec
from foldwise.data.prepare import FoldData
from foldwise.models.heads import Head
from foldwise.network_specs import FitSpec, ModelSpec
from foldwise.training.schedule import Rates


@dataclass(frozen=True)
class Training:
    """One trial's training, the same for all its folds. First weights and batches follow from seed, number and fold.

    border: called between epochs, every second or so; what it raises ends the training.
    """

    model: ModelSpec
    head: Head
    fit: FitSpec
    rates: Rates
    seed: int
    number: int
    augment: AugmentSpec = NO_AUGMENT
    border: Callable[[], None] = lambda: None


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
    """

    fold: int
    weights: list[npt.NDArray[Any]]
    predictions: npt.NDArray[np.float64]
    curves: Mapping[str, tuple[float, ...]]
    best_epoch: int
    seconds: float
    failure: str | None = None


# An engine trains folds, given with their numbers, and hands them back in the same order, each when it is done or all at
# the end. A fold without validation rows is trained for all epochs.
Engine = Callable[[Training, Iterable[tuple[int, FoldData]]], Iterator[FoldFit]]
