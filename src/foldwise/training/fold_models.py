"""The folds of a finished trial trained once more, to keep their networks: a search keeps scores alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.data.fold_cache import FoldCache
from foldwise.data.preparation.fold import Features
from foldwise.data.preparation.target_scale import TargetScale
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.errors import JobError
from foldwise.models.build import answering, build
from foldwise.models.heads import Head, to_predictions
from foldwise.training.backends.of_process import forget
from foldwise.training.by_fold.engine import predict as forward
from foldwise.training.cross_validate import training_for
from foldwise.training.engine_rule import choose
from foldwise.training.engines import engine_for
from foldwise.trial.job import TrialJob


@dataclass(frozen=True, eq=False)
class FoldModel:
    """The network of a fold.

    x: the features of its validation rows, (rows, features). columns: the table's column of each feature, (features,).
    predictions: for these rows, (rows, classes) or (rows,), as the trial had them.
    """

    fold: int
    network: keras.Model
    head: Head
    target: TargetScale
    x: Features
    columns: tuple[str, ...]
    predictions: npt.NDArray[np.float64]

    def predict(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Probabilities (rows, classes) or values in the target's own unit (rows,), for features (rows, features)."""
        return to_predictions(self.head, forward(self.network, features), self.target)


def fold_models(
    job: TrialJob, table: Table, splits: Sequence[Split], on_epoch_end: Callable[[], None] = lambda: None
) -> list[FoldModel]:
    """Train all folds as the trial did: with the same seeds, rows and engine, so to the same weights.

    Args:
        job: the trial, with the engine that trained it.
        table: the data.
        splits: of its folds.
        on_epoch_end: called between epochs; an exception from it ends the training.

    Raises:
        JobError: the loss of a network is not finite.
    """
    training = replace(training_for(job, table), on_epoch_end=on_epoch_end)
    folds = FoldCache(table, splits, job.seed).folds(job.spec.prep, job.spec.balance)
    layouts, sizes = zip(*((data.layout, len(data.train_x)) for data in folds), strict=True)
    engine = choose(training, job.engine, len(folds), *folds.largest, layouts, sizes).engine
    fits = list(engine_for(engine, training.backend)(training, enumerate(folds)))
    forget(training.backend)
    models = []
    for fit in fits:
        data = folds[fit.fold]
        if fit.failure is not None:
            raise JobError(f"fold {fit.fold} of trial {job.number} could not be trained again: {fit.failure}")
        inputs = data.train_x.shape[1]
        network = answering(build(training.model, inputs, training.head, 0, data.columns, data.layout))
        network.set_weights(fit.weights)
        models.append(FoldModel(fit.fold, network, training.head, data.target, data.valid_x, data.columns, fit.predictions))
    return models
