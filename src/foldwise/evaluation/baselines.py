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
from foldwise.errors import ConfigError
from foldwise.evaluation.baseline_clock import BaselineClock
from foldwise.evaluation.metrics import score
from foldwise.evaluation.threshold import Asked, final_threshold, fold_thresholds
from foldwise.models.heads import THRESHOLD
from foldwise.spec.goal import Goal, Task
from foldwise.spec.prep import HashText, PrepSpec
from foldwise.trial.result import mean_and_sd

# Beyond 1000 passes a logistic regression gains nothing; on a large table fewer keep it within minutes.
MOST_PASSES, MOST_CELLS = 1000, 10**10
# Images: the clock is looked at after each part. On MNIST 100 passes reach what 265 reach.
IMAGE_PASSES, PASSES_AT_ONCE = 100, 20
# These ignore the features and take no time.
BLIND = ("majority", "mean")
BY_TASK: dict[bool, tuple[str, ...]] = {True: ("mean", "ridge"), False: ("majority", "logistic", "logistic_balanced")}

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
    return tuple(name for name in BY_TASK[task == "regression"] if balanced or name != "logistic_balanced")


def check_names(asked: Sequence[str] | None, task: Task) -> None:
    """Refuse baselines of another task.

    Raises:
        ConfigError: at baselines.
    """
    known = BY_TASK[task == "regression"]
    for place, name in enumerate(asked or ()):
        if name not in known:
            rule = f"{name} is not a baseline of a {task} task"
            raise ConfigError(f"baselines.{place}", f"{rule}; use some of {', '.join(known)}")


def cross_validated(
    name: str,
    table: Table,
    splits: Sequence[Split],
    goal: Goal,
    threshold: Asked = THRESHOLD,
    clock: BaselineClock | None = None,
) -> Validated:
    """Cross-validate a baseline, with its threshold given or tuned like a network's.

    Raises:
        OutOfBaselineTime: by the clock.
    """
    folds = [
        (table.target[split.valid], _predictions(name, table, split.train, table.take(split.valid), clock)) for split in splits
    ]
    scores = [
        score(table.task, len(table.labels), *pair, at, goal.metric)[goal.metric]
        for pair, at in zip(folds, fold_thresholds(threshold, goal.metric, folds), strict=True)
    ]
    return Validated(*mean_and_sd(scores), final_threshold(threshold, goal.metric, folds))


def holdout_predictions(
    name: str, table: Table, development: npt.NDArray[np.int64], holdout: Table, clock: BaselineClock | None = None
) -> npt.NDArray[np.float64]:
    """A baseline's predictions for the holdout: class probabilities (rows, classes) or values (rows,).

    Args:
        name: the baseline.
        table: the data.
        development: positions of the training rows in it, (rows,).
        holdout: the rows to predict.
        clock: hears of each fit.

    Raises:
        OutOfBaselineTime: by the clock.
    """
    return _predictions(name, table, development, holdout, clock)


def _predictions(
    name: str, table: Table, train: npt.NDArray[np.int64], rows: Table, clock: BaselineClock | None
) -> npt.NDArray[np.float64]:
    from sklearn.exceptions import ConvergenceWarning

    prepared = _unseen if name in BLIND else fit_preparation(table, train, EVERY_COLUMN).transform
    # probabilities of float32 do not sum to 1, but 60,000 images in double precision would take half a gigabyte
    dtype = np.float64 if table.images is None else np.float32
    features = prepared(table.inputs(train)).astype(dtype, copy=False)
    model = _model(name, features.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a nearly best line is good enough
        if table.images is None or name in BLIND:
            model.fit(features, table.target[train])
        else:
            _fit_in_parts(model, features, table.target[train], clock)
    if clock is not None:
        clock.fit_ends()
    unseen = prepared(rows.inputs()).astype(dtype, copy=False)
    if table.task == "regression":
        return np.asarray(model.predict(unseen), dtype=np.float64)
    probabilities = np.zeros((len(unseen), len(table.labels)))
    probabilities[:, model.classes_] = model.predict_proba(unseen)
    return probabilities if table.images is None else probabilities / probabilities.sum(axis=1, keepdims=True)


def _unseen(rows: Any) -> npt.NDArray[np.float32]:
    """What a model that ignores the features gets in their place, (rows, 1): to prepare a large table takes long."""
    return np.zeros((len(rows), 1), dtype=np.float32)


def _fit_in_parts(model: Any, features: npt.NDArray[Any], target: npt.NDArray[Any], clock: BaselineClock | None) -> None:
    """Fit a logistic regression, so that the clock can end it. One thread: for so few pixels several wait for each other."""
    from threadpoolctl import threadpool_limits

    model.set_params(warm_start=True, max_iter=PASSES_AT_ONCE)
    for _ in range(IMAGE_PASSES // PASSES_AT_ONCE):
        with threadpool_limits(1):
            model.fit(features, target)
        if max(model.n_iter_) < PASSES_AT_ONCE:
            return
        if clock is not None:
            clock.passes()


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
