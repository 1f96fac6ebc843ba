"""Baselines that a network must beat: the majority or the mean, a linear model, and gradient boosting."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import fit_preparation
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.evaluation.baseline_clock import BaselineClock
from foldwise.evaluation.boosting import CALLED, LIBRARIES, TrainingRows, boosted, check_installed, most_levels
from foldwise.evaluation.metrics import score
from foldwise.evaluation.raw_columns import fit_raw
from foldwise.evaluation.threshold import Asked, final_threshold, fold_thresholds
from foldwise.models.heads import THRESHOLD
from foldwise.spec.goal import NUMBERS, Goal, Task
from foldwise.spec.prep import HashText, PrepSpec
from foldwise.trial.result import mean_and_sd

# Beyond 1000 passes a logistic regression gains nothing; on a large table fewer keep it within minutes.
MOST_PASSES, MOST_CELLS = 1000, 10**10
# Images: the clock is looked at after each part. On MNIST 100 passes reach what 265 reach.
IMAGE_PASSES, PASSES_AT_ONCE = 100, 20
# These ignore the features and take no time.
BLIND = ("majority", "mean")
# By whether numbers are predicted.
PLAIN: dict[bool, tuple[str, ...]] = {True: ("mean", "ridge"), False: ("majority", "logistic", "logistic_balanced")}
# These are for tables: trees know nothing of neighbouring pixels, and take minutes for them.
BOOSTING: dict[bool, tuple[str, ...]] = {True: ("boosting",), False: ("boosting", "boosting_balanced")}

# a table has date and text columns only if a trial can use them
EVERY_COLUMN = PrepSpec(dates="parts", text=HashText())


class Validated(NamedTuple):
    """Mean and standard deviation of a baseline's fold scores, and its final threshold."""

    mean: float
    sd: float
    threshold: float


def names(task: Task, balanced: bool = False, pixels: bool = False) -> tuple[str, ...]:
    """The baselines of a task: one that ignores the features, a linear one, and gradient boosting.

    If the network learns from balanced classes, they do too: balancing alone must not put the network ahead.

    Args:
        task: what is predicted.
        balanced: whether the network learns from balanced classes.
        pixels: whether rows are images.
    """
    known = PLAIN[task in NUMBERS] + (() if pixels else BOOSTING[task in NUMBERS])
    return tuple(name for name in known if balanced or not name.endswith("_balanced"))


def check_names(asked: Sequence[str] | None, task: Task, images: bool = False) -> None:
    """Refuse baselines of another task or of other data, and those whose library is not installed.

    Raises:
        ConfigError: at baselines.
    """
    numbers = task in NUMBERS
    plain, trees = PLAIN[numbers], (*BOOSTING[numbers], *LIBRARIES)
    for place, name in enumerate(asked or ()):
        if name not in plain + trees:
            known = plain if images else plain + trees
            raise ConfigError(
                f"baselines.{place}", f"{name} is not a baseline of a {task} task; use some of {', '.join(known)}"
            )
        if images and name in trees:
            raise ConfigError(f"baselines.{place}", f"{name} is for tables, not for images; use some of {', '.join(plain)}")
        check_installed(name, f"baselines.{place}")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Score baselines with so many threads in this context, as in a process in which a backend was started with them."""
    import sklearn.ensemble  # noqa: F401 the limit is for libraries that are there
    from threadpoolctl import threadpool_limits

    with threadpool_limits(count):
        yield


def cross_validated(
    name: str,
    table: Table,
    splits: Sequence[Split],
    goal: Goal,
    threshold: Asked = THRESHOLD,
    clock: BaselineClock | None = None,
    seed: int = 0,
) -> Validated:
    """Cross-validate a baseline, with its threshold given or tuned like a network's.

    Raises:
        OutOfBaselineTime: by the clock.
    """
    folds = [
        (table.target[split.valid], _predictions(name, table, split.train, table.take(split.valid), clock, seed))
        for split in splits
    ]
    scores = [
        score(table.task, len(table.labels), *pair, at, goal.metric)[goal.metric]
        for pair, at in zip(folds, fold_thresholds(threshold, goal.metric, folds), strict=True)
    ]
    return Validated(*mean_and_sd(scores), final_threshold(threshold, goal.metric, folds))


def joined_columns(name: str, table: Table, development: npt.NDArray[np.int64]) -> tuple[str, ...]:
    """The columns of which a baseline takes the rarest levels as one, because it tells no more apart."""
    return fit_raw(table, development, most_levels(name)).joined if name in CALLED else ()


def holdout_predictions(
    name: str,
    table: Table,
    development: npt.NDArray[np.int64],
    holdout: Table,
    clock: BaselineClock | None = None,
    seed: int = 0,
) -> npt.NDArray[np.float64]:
    """A baseline's predictions for the holdout: class probabilities (rows, classes) or values (rows,).

    Args:
        name: the baseline.
        table: the data.
        development: positions of the training rows in it, (rows,).
        holdout: the rows to predict.
        clock: hears of each fit.
        seed: of what a baseline draws.

    Raises:
        OutOfBaselineTime: by the clock.
    """
    return _predictions(name, table, development, holdout, clock, seed)


def _predictions(
    name: str, table: Table, train: npt.NDArray[np.int64], rows: Table, clock: BaselineClock | None, seed: int
) -> npt.NDArray[np.float64]:
    predicted = _boosting(name, table, train, rows, seed) if name in CALLED else _plain(name, table, train, rows, clock)
    if clock is not None:
        clock.fit_ends()
    return predicted


def _boosting(name: str, table: Table, train: npt.NDArray[np.int64], rows: Table, seed: int) -> npt.NDArray[np.float64]:
    columns = fit_raw(table, train, most_levels(name))
    known = TrainingRows(columns.matrix(table.inputs(train)), columns.categorical, table.target[train], len(table.labels))
    return boosted(name, known, columns.matrix(rows.inputs()), seed)


def _plain(
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
