"""The input of every engine, and its result for each fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import FoldData
from foldwise.models.heads import Head
from foldwise.spec.augment import NO_AUGMENT, AugmentSpec
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import ModelSpec
from foldwise.spec.study import Precision
from foldwise.system.keras_backend import Backend
from foldwise.training.lr_schedules import flat_cos
from foldwise.training.recorder import Recorder
from foldwise.training.schedule import Rates

Predictions = npt.NDArray[np.float64]

# Called with a fold, its curves so far, which still grow, and what `mae` is multiplied by to be in the target's own unit.
OnCurves = Callable[[int, Mapping[str, Sequence[float]], float], None]

# Called at a rung with the epoch (1 is the first) and with each fold's predictions if its training ended there; True ends the
# trial. A fold whose patience is over still takes part.
AtRung = Callable[[int, Mapping[int, Predictions]], bool]


@dataclass(frozen=True)
class Training:
    """One trial's training, the same for all its folds. First weights and batches follow from seed, number and fold.

    rungs: epochs at which `lost` is called; it does not change the training.
    on_epoch_end: called between epochs, about every second; an exception from it ends the training.
    on_curves: shows the curves of a fold after each epoch, or after the epochs that are trained at once.
    length: the epochs over which the schedules of dropout and weight decay run; None is those of `fit`.
    recorder: keeps the weights and one step of a fold; it does not change the training.
    backend: of the Keras in this process. precision: its policy of types while networks train.
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
    on_curves: OnCurves = lambda fold, curves, unit: None
    length: int | None = None
    recorder: Recorder | None = None
    backend: Backend = "tensorflow"
    precision: Precision = "float32"

    def share(self, epoch: int) -> float:
        """The share of dropout and weight decay in an epoch, counted from 0, where these follow a schedule."""
        return flat_cos((epoch + 0.5) / (self.length or self.fit.epochs))


@dataclass(frozen=True, eq=False)
class FoldFit:
    """One trained fold.

    weights: the kept ones, in the order of the predicting network's `weights`.
    predictions: for the validation rows: class probabilities (rows, classes) or values in the target's own unit (rows,).
    curves: name -> one value an epoch: loss, learning_rate, accuracy or mae, and with validation rows val_loss and
        val_accuracy or val_mae. mae is in the target's own unit (of its logarithm if that is learnt), loss in the unit of the
        training target. A network of several outputs has the curves of its main one.
    best_epoch: the epochs for which the kept weights were trained.
    failure: why training failed, or None. A failed fold has no predictions.
    lost: whether the trial ended early, at a rung.
    """

    fold: int
    weights: list[npt.NDArray[Any]]
    predictions: Predictions
    curves: Mapping[str, tuple[float, ...]]
    best_epoch: int
    seconds: float
    failure: str | None = None
    lost: bool = False


# An engine trains numbered folds and yields them in the same order, each when it is done or all at the end. A fold without
# validation rows is trained for all epochs. If a trial is lost at a rung, only the folds that reached it are yielded.
Engine = Callable[[Training, Iterable[tuple[int, FoldData]]], Iterator[FoldFit]]
