"""What any network has to beat: the majority or the mean, and a linear model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from foldwise.data.prepare import fit_preparation
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.data_specs import HashText, PrepSpec
from foldwise.goal import Goal, Task
from foldwise.results import mean_and_sd
from foldwise.training.metrics import score

# A logistic regression has converged long before, or the table is so large that it may take minutes.
MOST_PASSES, MOST_CELLS = 1000, 10**10


# dates and text are columns of a table only where a trial may use them
EVERY_COLUMN = PrepSpec(dates="parts", text=HashText())


def names(task: Task) -> tuple[str, str]:
    """The baselines of a task: one that looks at no feature, and a linear one."""
    return ("mean", "ridge") if task == "regression" else ("majority", "logistic")


def cross_validated(name: str, table: Table, splits: Sequence[Split], goal: Goal) -> tuple[float, float]:
    """Mean and standard deviation of a baseline's fold scores."""
    scores = []
    for split in splits:
        predictions = _predictions(name, table, split.train, table.take(split.valid))
        scores.append(score(table.task, len(table.labels), table.target[split.valid], predictions)[goal.metric])
    return mean_and_sd(scores)


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
    preparation = fit_preparation(table, train, EVERY_COLUMN)
    features = preparation.transform(table.frame.iloc[train]).astype(np.float64)  # probabilities of float32 do not sum to 1
    model = _model(name, features.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a line that is nearly the best will do
        model.fit(features, table.target[train])
    asked_features = preparation.transform(asked.frame).astype(np.float64)
    if table.task == "regression":
        return np.asarray(model.predict(asked_features), dtype=np.float64)
    probabilities = np.zeros((len(asked_features), len(table.labels)))
    probabilities[:, model.classes_] = model.predict_proba(asked_features)
    return probabilities


def _model(name: str, cells: int) -> Any:
    match name:
        case "majority":
            return DummyClassifier(strategy="prior")
        case "logistic":
            return LogisticRegression(max_iter=max(50, min(MOST_PASSES, MOST_CELLS // max(cells, 1))))
        case "mean":
            return DummyRegressor(strategy="mean")
        case "ridge":
            return Ridge()
    raise ValueError(f"no baseline is called {name}")
