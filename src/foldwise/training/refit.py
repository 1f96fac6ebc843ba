"""Train the best trial's network again, on all development rows."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import AnyPreparation, fit_preparation, prepare_fold
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.errors import JobError
from foldwise.models.average import averaged
from foldwise.models.build import answering, build
from foldwise.models.heads import Head
from foldwise.seeds import REFIT_FOLD, Purpose, derive
from foldwise.spec.fit import EarlyStop
from foldwise.training.backends.of_process import forget
from foldwise.training.batches import steps_an_epoch
from foldwise.training.by_fold.engine import predictions_in_parts
from foldwise.training.cross_validate import training_for
from foldwise.training.engine_rule import choose
from foldwise.training.engines import engine_for
from foldwise.training.lr_schedules import recorded
from foldwise.training.schedule import Rates
from foldwise.trial.job import TrialJob
from foldwise.trial.result import FoldScore, TrialResult


@dataclass(frozen=True, eq=False)
class FinalModel:
    """A network and the preparation of its inputs, both fitted on the same rows.

    model: with `fit.seeds`, the mean of several networks. epochs: the number trained; learning_rates: one for each.
    rows, steps: of an epoch.
    """

    model: keras.Model
    preparation: AnyPreparation
    head: Head
    epochs: int
    learning_rates: tuple[float, ...]
    rows: int
    steps: int


def refit(job: TrialJob, table: Table, rows: npt.NDArray[np.int64], result: TrialResult) -> FinalModel:
    """Train on all these rows, with the folds' median number of epochs and learning rates.

    Several networks (`fit.seeds`) train like folds with the same rows: all read one copy of them, which `fused` alone stacks.

    Args:
        job: the trial.
        table: the data; only `rows` are read.
        rows: positions of the development rows, (rows,).
        result: the trial's complete result.

    Raises:
        JobError: the loss of a network is not finite.
        TrialFailed: the classes of all these rows cannot be balanced.
    """
    epochs = usual_epochs(result.folds)
    rates = usual_rates(result.folds, epochs)
    training = training_for(job, table)
    fit = training.fit.model_copy(update={"epochs": epochs, "early_stop": EarlyStop(), "callbacks": ()})
    training = replace(training, fit=fit, rates=Rates(recorded(list(rates))), length=training.fit.epochs)
    draws = derive(Purpose.BALANCE, job.seed, REFIT_FOLD)
    data = prepare_fold(table, Split(rows, rows[:0]), job.spec.prep, job.spec.balance, draws)
    engine = choose(training, job.engine, fit.seeds, *data.train_x.shape).engine
    weights = []
    trains = engine_for(engine, training.backend)
    for number, fitted in enumerate(trains(training, [(REFIT_FOLD + seed, data) for seed in range(fit.seeds)]), 1):
        if fitted.failure is not None:
            which = f" (network {number} of {fit.seeds})" if fit.seeds > 1 else ""
            raise JobError(f"the refit of trial {job.number} on all development rows failed{which}: {fitted.failure}")
        weights.append(fitted.weights)
    forget(training.backend)
    inputs, columns, layout = data.train_x.shape[1], data.columns, data.layout
    networks = [answering(build(training.model, inputs, training.head, 0, columns, layout)) for _ in weights]
    for network, own in zip(networks, weights, strict=True):
        network.set_weights(own)
    count = len(data.train_x) * training.augment.copies
    return FinalModel(
        model=averaged(networks),
        preparation=fit_preparation(table, rows, job.spec.prep),
        head=training.head,
        epochs=epochs,
        learning_rates=rates,
        rows=count,
        steps=steps_an_epoch(fit.batch_size, count),
    )


def predict(final: FinalModel, rows: Any) -> npt.NDArray[np.float64]:
    """Class probabilities (rows, classes) or values in the target's own unit (rows,), for conformed rows or images."""
    return predictions_in_parts(final.head, final.model, final.preparation.transform(rows), final.preparation.target)


def usual_epochs(folds: tuple[FoldScore, ...]) -> int:
    """The median of the folds' best epochs, rounded up."""
    return math.ceil(statistics.median(fold.best_epoch for fold in folds))


def usual_rates(folds: tuple[FoldScore, ...], epochs: int) -> tuple[float, ...]:
    """The median of the folds' learning rates in each epoch, over the folds that were still training."""
    curves = [fold.curves["learning_rate"] for fold in folds]
    return tuple(statistics.median(curve[epoch] for curve in curves if epoch < len(curve)) for epoch in range(epochs))
