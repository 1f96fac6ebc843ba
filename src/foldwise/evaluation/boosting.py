"""Gradient boosting as a baseline: scikit-learn's, LightGBM, XGBoost and CatBoost, all with their defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.errors import ConfigError

Floats = npt.NDArray[np.float64]

# Below this number of cells threads wait for each other: a fit of Iris takes 0.1 s with one thread, and with two on a busy
# machine a minute. 6 million cells take 2.1 s with one and 1.2 s with two.
ONE_THREAD_CELLS = 3_000_000
# The most levels of a category that scikit-learn's histograms tell apart; what is missing has a place beside them.
MOST_LEVELS = 255
# How a sentence calls them.
CALLED: Mapping[str, str] = {
    "boosting": "gradient boosting",
    "boosting_balanced": "balanced gradient boosting",
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "catboost": "CatBoost",
}


def most_levels(name: str) -> int | None:
    """How many levels of a category it tells apart; None for any number."""
    return None if name in LIBRARIES else MOST_LEVELS


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """What boosting learns from.

    cells: (rows, columns), nan where missing.
    categorical: which columns are codes of categories, (columns,).
    target: (rows,), class codes or numbers.
    outputs: the number of classes, 0 for numbers.
    """

    cells: Floats
    categorical: npt.NDArray[np.bool_]
    target: npt.NDArray[Any]
    outputs: int


def boosted(name: str, train: TrainingRows, rows: Floats, seed: int) -> Floats:
    """Fit on training rows and predict others, (rows, columns).

    Args:
        name: one of CALLED.
        train: the training rows.
        rows: the others.
        seed: of the rows that end a fit early, and of all else that is drawn.

    Returns:
        Class probabilities (rows, outputs), 0 for a class without training rows, or values (rows,).
    """
    return _probabilities(name, train, rows, seed) if train.outputs else _values(name, train, rows, seed)


def _values(name: str, train: TrainingRows, rows: Floats, seed: int) -> Floats:
    varies = _varies(train.cells)
    if not varies.any() or np.ptp(train.target) == 0:  # nothing to learn from, which libraries refuse
        return np.full(len(rows), train.target.mean())
    return np.asarray(_fitted(name, train, varies, seed)(rows[:, varies]), dtype=np.float64)


def _probabilities(name: str, train: TrainingRows, rows: Floats, seed: int) -> Floats:
    """A class of a single row is left out of the fit and keeps its share: scikit-learn's steps run away with it.

    At 8,000 rows it made a log loss of 0.35 one of 2.6. The rows that end a fit early have to be of each class, too.
    """
    counts = np.bincount(train.target, minlength=train.outputs)
    shares, learnt = counts / counts.sum(), counts > 1
    kept = learnt[train.target]
    cells, codes = train.cells[kept], (np.cumsum(learnt) - 1)[train.target[kept]]
    varies = _varies(cells)
    probabilities: Floats = np.tile(shares, (len(rows), 1))
    if not varies.any() or learnt.sum() < 2:
        return probabilities
    predict = _fitted(name, replace(train, cells=cells, target=codes), varies, seed)
    probabilities[:, learnt] = predict(rows[:, varies]) * shares[learnt].sum()
    return probabilities


def _fitted(name: str, train: TrainingRows, varies: npt.NDArray[np.bool_], seed: int) -> Callable[..., Any]:
    threads = 1 if train.cells.size < ONE_THREAD_CELLS else None
    known = replace(train, cells=train.cells[:, varies], categorical=train.categorical[varies])
    return FITS[name](known, seed, threads)


def _varies(cells: Floats) -> npt.NDArray[np.bool_]:
    """Which columns have two values, where a gap is one, (columns,)."""
    same = (cells == cells[:1]) | (np.isnan(cells) & np.isnan(cells[:1]))
    return np.asarray(~same.all(axis=0))


def check_installed(name: str, key: str) -> None:
    """Refuse boosting by a library that is not installed.

    Raises:
        ConfigError: at `key`.
    """
    if name in LIBRARIES and find_spec(name) is None:
        raise ConfigError(key, f"{name} is not installed; pip install 'foldwise[boosting]'")


def _scikit_learn(train: TrainingRows, seed: int, threads: int | None, *, weight: str | None = None) -> Callable[..., Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    given = {"categorical_features": train.categorical if train.categorical.any() else None, "random_state": seed}
    if train.outputs:
        model = HistGradientBoostingClassifier(**given, class_weight=weight)
    else:
        model = HistGradientBoostingRegressor(**given)
    with threadpool_limits(threads):  # after the import: a limit is for libraries that are loaded
        predict = _predict(model.fit(train.cells, train.target))

    def predict_limited(rows: Floats) -> Any:
        with threadpool_limits(threads):
            return predict(rows)

    return predict_limited


def _lightgbm(train: TrainingRows, seed: int, threads: int | None) -> Callable[..., Any]:
    from lightgbm import LGBMClassifier, LGBMRegressor

    model = (LGBMClassifier if train.outputs else LGBMRegressor)(random_state=seed, n_jobs=threads, verbose=-1)
    codes = np.flatnonzero(train.categorical).tolist()
    return _predict(model.fit(train.cells, train.target, categorical_feature=codes))


def _xgboost(train: TrainingRows, seed: int, threads: int | None) -> Callable[..., Any]:
    from xgboost import XGBClassifier, XGBRegressor

    kinds = ["c" if coded else "q" for coded in train.categorical]
    options = {"random_state": seed, "n_jobs": threads, "enable_categorical": True, "feature_types": kinds}
    return _predict((XGBClassifier if train.outputs else XGBRegressor)(**options).fit(train.cells, train.target))


def _catboost(train: TrainingRows, seed: int, threads: int | None) -> Callable[..., Any]:
    from catboost import CatBoostClassifier, CatBoostRegressor

    def cells(rows: Floats) -> npt.NDArray[Any]:
        """Codes as words: it refuses categories that are numbers with a point."""
        mixed = rows.astype(object)
        mixed[:, train.categorical] = rows[:, train.categorical].astype(str)
        return mixed

    options = {"random_seed": seed, "thread_count": threads or -1, "verbose": False, "allow_writing_files": False}
    model = (CatBoostClassifier if train.outputs else CatBoostRegressor)(**options)
    predict = _predict(model.fit(cells(train.cells), train.target, cat_features=np.flatnonzero(train.categorical)))
    return lambda rows: predict(cells(rows))


def _predict(model: Any) -> Callable[..., Any]:
    predict: Callable[..., Any] = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    return predict


Fit = Callable[[TrainingRows, int, int | None], Callable[..., Any]]
# the extra `boosting`
LIBRARIES: Mapping[str, Fit] = {"lightgbm": _lightgbm, "xgboost": _xgboost, "catboost": _catboost}
FITS: Mapping[str, Fit] = {
    "boosting": _scikit_learn,
    "boosting_balanced": partial(_scikit_learn, weight="balanced"),
    **LIBRARIES,
}
