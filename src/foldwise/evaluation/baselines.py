"""What any network has to beat: the majority or the mean, and a linear model."""

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

# A logistic regression has converged long before, or the table is so large that it may take minutes.
MOST_PASSES, MOST_CELLS = 1000, 10**10
# A cell of images counts so often: on MNIST 30 passes reach 0.922, 60 reach 0.927, 212 take minutes.
IMAGE_CELL = 4


# dates and text are columns of a table only where a trial may use them
EVERY_COLUMN = PrepSpec(dates="parts", text=HashText())


class Validated(NamedTuple):
    """Mean and standard deviation of a baseline's fold scores, and the threshold it answers with, as a network's."""

    mean: float
    sd: float
    threshold: float


def names(task: Task, balanced: bool = False) -> tuple[str, ...]:
    """The baselines of a task: one that looks at no feature, and a linear one.

    Where the network learns from balanced classes there is a linear one that does: else the network's lead could be balancing.
    """
    if task == "regression":
        return ("mean", "ridge")
    return ("majority", "logistic", *(["logistic_balanced"] if balanced else []))


def cross_validated(name: str, table: Table, splits: Sequence[Split], goal: Goal, threshold: Asked = THRESHOLD) -> Validated:
    """A baseline on the folds, its threshold given or tuned as a network's is."""
    folds = [(table.target[split.valid], _predictions(name, table, split.train, table.take(split.valid))) for split in splits]
    scores = [
        score(table.task, len(table.labels), *pair, at)[goal.metric]
        for pair, at in zip(folds, fold_thresholds(threshold, goal.metric, folds), strict=True)
    ]
    return Validated(*mean_and_sd(scores), final_threshold(threshold, goal.metric, folds))


def holdout_predictions(name: str, table: Table, development: npt.NDArray[np.int64], holdout: Table) -> npt.NDArray[np.float64]:
    """A baseline's answers for the holdout: class probabilities (rows, classes) or values (rows,).

    Args:
        name: the baseline.
        table: the data.
        development: positions in it of the rows to learn from, (rows,).
        holdout: the rows to answer for.
    """
    return _predictions(name, table, development, holdout)


def _predictions(name: str, table: Table, train: npt.NDArray[np.int64], asked: Table) -> npt.NDArray[np.float64]:
    from sklearn.exceptions import ConvergenceWarning

    preparation = fit_preparation(table, train, EVERY_COLUMN)
    # probabilities of float32 do not sum to 1, but 60,000 images in double precision would take half a gigabyte
    dtype = np.float64 if table.images is None else np.float32
    features = preparation.transform(table.inputs(train)).astype(dtype, copy=False)
    model = _model(name, features.size if table.images is None else IMAGE_CELL * features.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a line that is nearly the best will do
        model.fit(features, table.target[train])
    asked_features = preparation.transform(asked.inputs()).astype(dtype, copy=False)
    if table.task == "regression":
        return np.asarray(model.predict(asked_features), dtype=np.float64)
    probabilities = np.zeros((len(asked_features), len(table.labels)))
    probabilities[:, model.classes_] = model.predict_proba(asked_features)
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
    raise ValueError(f"no baseline is called {name}")


def _passes(cells: int) -> int:
    return max(50, min(MOST_PASSES, MOST_CELLS // max(cells, 1)))
