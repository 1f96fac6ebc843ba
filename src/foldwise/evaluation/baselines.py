"""Baselines that a network must beat: the majority or the mean, and a linear model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import fit_preparation
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.evaluation.metrics import score
from foldwise.evaluation.threshold import Asked, final_threshold, fold_thresholds
from foldwise.models.heads import THRESHOLD
from foldwise.spec.goal import Goal, Task
from foldwise.spec.prep import HashText, PrepSpec
from foldwise.trial.result import mean_and_sd

# Beyond 1000 passes a logistic regression gains nothing; on a large table fewer keep it within minutes.
MOST_PASSES, MOST_CELLS = 1000, 10**10
# The weight of an image's cell: on MNIST 30 passes reach 0.922, 60 reach 0.927, 212 take minutes.
IMAGE_CELL = 4


# a table has date and text columns only if a trial can use them
EVERY_COLUMN = PrepSpec(dates="parts", text=HashText())


class Validated(NamedTuple):
    """Mean and standard deviation of a baseline's fold scores, and its final threshold."""

    mean: float
    sd: float
    threshold: float


def names(task: Task, balanced: bool = False) -> tuple[str, ...]:
    """The baselines of a task: one that ignores the features, and a linear one.

    If the network learns from balanced classes, a linear one does too: balancing alone must not put the network ahead.
    """
    if task == "regression":
        return ("mean", "ridge")
    return ("majority", "logistic", *(["logistic_balanced"] if balanced else []))


def cross_validated(name: str, table: Table, splits: Sequence[Split], goal: Goal, threshold: Asked = THRESHOLD) -> Validated:
    """Cross-validate a baseline, with its threshold given or tuned like a network's."""
    folds = [(table.target[split.valid], _predictions(name, table, split.train, table.take(split.valid))) for split in splits]
    scores = [
        score(table.task, len(table.labels), *pair, at, goal.metric)[goal.metric]
        for pair, at in zip(folds, fold_thresholds(threshold, goal.metric, folds), strict=True)
    ]
    return Validated(*mean_and_sd(scores), final_threshold(threshold, goal.metric, folds))


def holdout_predictions(name: str, table: Table, development: npt.NDArray[np.int64], holdout: Table) -> npt.NDArray[np.float64]:
    """A baseline's predictions for the holdout: class probabilities (rows, classes) or values (rows,).

    Args:
        name: the baseline.
        table: the data.
        development: positions of the training rows in it, (rows,).
        holdout: the rows to predict.
    """
    return _predictions(name, table, development, holdout)


def _predictions(name: str, table: Table, train: npt.NDArray[np.int64], rows: Table) -> npt.NDArray[np.float64]:
    from sklearn.exceptions import ConvergenceWarning

    preparation = fit_preparation(table, train, EVERY_COLUMN)
    # probabilities of float32 do not sum to 1, but 60,000 images in double precision would take half a gigabyte
    dtype = np.float64 if table.images is None else np.float32
    features = preparation.transform(table.inputs(train)).astype(dtype, copy=False)
    model = _model(name, features.size if table.images is None else IMAGE_CELL * features.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a nearly best line is good enough
        model.fit(features, table.target[train])
    unseen = preparation.transform(rows.inputs()).astype(dtype, copy=False)
    if table.task == "regression":
        return np.asarray(model.predict(unseen), dtype=np.float64)
    probabilities = np.zeros((len(unseen), len(table.labels)))
    probabilities[:, model.classes_] = model.predict_proba(unseen)
    return probabilities if table.images is None else probabilities / probabilities.sum(axis=1, keepdims=True)


def _model(name: str, cells: int) -> Any:
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    match name:
        case "majority":
            return DummyClassifier(strategy="prior")
        case "logistic":
            return LogisticRegression(max_iter=_passes(cells))
        case "logistic_balanced":
            return LogisticRegression(max_iter=_passes(cells), class_weight="balanced")
        case "mean":
            return DummyRegressor(strategy="mean")
        case "ridge":
            return Ridge()
    raise ValueError(f"unknown baseline {name}")


def _passes(cells: int) -> int:
    return max(50, min(MOST_PASSES, MOST_CELLS // max(cells, 1)))
