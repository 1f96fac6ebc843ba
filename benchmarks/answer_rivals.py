"""A rival of `benchmarks.answers` as a process: `python -m benchmarks.answer_rivals NAME FOLDER SEED SECONDS`.

It reads the folder that `answer_tables.write_task` wrote, learns from the training rows, and writes `answers.npz`: class
probabilities (rows, classes) or numbers (rows,), how many rows it learned from, and its libraries. It imports nothing of
foldwise, so it runs in an environment that has only the rivals. SECONDS are processor seconds, those of its children
included, so the load of the machine takes none away.

Text columns are categories; of more than 254 levels the rarest become one. HistGradientBoosting and FLAML take missing
values as they are. The authors' networks refuse them in numbers: they get the median of the training rows.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

MOST_LEVELS = 254
SLOW_ROWS = 5_000  # the authors' networks learn from a sample of this many rows
SHARE = 0.9  # of the seconds for the search
FOLDS = 5

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Task:
    """The rows of one outer split. target: class codes, or numbers, (rows,). classes: how many; 0 for numbers."""

    train: pd.DataFrame
    target: Array
    rows: pd.DataFrame
    classes: int
    seed: int
    seconds: float

    @property
    def left(self) -> float:
        """Processor seconds that are left for the search; a tenth of all is kept for the last fit."""
        return SHARE * self.seconds - spent()


def spent() -> float:
    """Processor seconds of this process since its start, and of its children that ended."""
    mine, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + others.ru_utime + others.ru_stime


Fitted = Any
Rival = Callable[[Task], Fitted]


def main(arguments: Sequence[str]) -> None:
    """Learn and answer."""
    name, folder, seed, seconds = arguments
    rival, sampled, libraries = RIVALS[name]
    task = read_task(Path(folder), int(seed), float(seconds))
    if sampled and len(task.train) > SLOW_ROWS:
        chosen = np.sort(np.random.default_rng(task.seed).permutation(len(task.train))[:SLOW_ROWS])
        task = Task(task.train.iloc[chosen], task.target[chosen], task.rows, task.classes, task.seed, task.seconds)
    if name in FILLED:
        task = filled(task)
    fitted = rival(task)
    answers = spread(fitted, task) if task.classes else np.asarray(fitted.predict(task.rows), dtype=np.float64)
    found = json.dumps({library: version(library) for library in libraries})
    np.savez(Path(folder) / "answers.npz", answers=answers, learned=len(task.train), versions=found)


def read_task(folder: Path, seed: int, seconds: float) -> Task:
    """The rows, with text columns as categories whose levels are those of the training rows."""
    told = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    text: dict[Any, type] = dict.fromkeys(told["categories"], str)
    target, labels = told["target"], told["labels"]
    train = _csv(folder / told["train"], {**text, target: str if labels else float})
    rows = _csv(folder / "rows.csv", text)
    answer = train.pop(target)
    for column in told["categories"]:
        levels = common_levels(train[column])
        for frame in (train, rows):
            frame[column] = as_category(frame[column], levels)
    codes = answer.map({label: code for code, label in enumerate(labels)}) if labels else answer
    return Task(train, codes.to_numpy(), rows[train.columns], len(labels), seed, seconds)


def _csv(path: Path, dtype: dict[Any, type]) -> pd.DataFrame:
    return pd.read_csv(path, dtype=dtype, keep_default_na=False, na_values=[""])


def common_levels(cells: pd.Series[Any]) -> list[str]:
    """The levels, the most frequent first; at most 254."""
    return list(cells.value_counts().index[:MOST_LEVELS])


def as_category(cells: pd.Series[Any], levels: Sequence[str]) -> pd.Series[Any]:
    """The cells as a category of these levels; other text is missing, or `other` if some levels were too rare to be named."""
    known = cells.isna() | cells.isin(levels)
    if len(levels) == MOST_LEVELS:
        return _categories(cells.where(known, "other"), list(dict.fromkeys([*levels, "other"])))
    return _categories(cells.where(known), list(levels))


def _categories(cells: pd.Series[Any], levels: list[str]) -> pd.Series[Any]:
    return cells.astype(pd.CategoricalDtype(levels))


def filled(task: Task) -> Task:
    """Numbers without gaps."""
    medians = task.train.median(numeric_only=True)
    return Task(task.train.fillna(medians), task.target, task.rows.fillna(medians), task.classes, task.seed, task.seconds)


def spread(fitted: Fitted, task: Task) -> Array:
    """Probabilities (rows, classes); a class that the training rows lack has 0."""
    answers = np.zeros((len(task.rows), task.classes))
    answers[:, np.asarray(fitted.classes_, dtype=np.int64)] = fitted.predict_proba(task.rows)
    return answers


def boosting(task: Task, **options: Any) -> Fitted:
    """HistGradientBoosting of scikit-learn as it is."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if task.classes else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=task.seed, **options).fit(task.train, task.target)


def boosting_tuned(task: Task) -> Fitted:
    """The same, tuned by Optuna's TPE in 5 folds until the seconds are over; the first trial has the defaults."""
    import optuna
    from sklearn.model_selection import KFold, StratifiedKFold

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    cutter = StratifiedKFold if task.classes else KFold
    folds = list(cutter(FOLDS, shuffle=True, random_state=task.seed).split(task.train, task.target if task.classes else None))

    def loss(trial: optuna.Trial) -> float:
        options = {} if trial.number == 0 else _suggested(trial)
        trial.set_user_attr("options", options)
        return float(np.mean([_loss(task, options, train, valid) for train, valid in folds]))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=task.seed))
    longest = 0.0
    while not study.trials or task.left > longest:
        began = spent()
        study.optimize(loss, n_trials=1)
        longest = max(longest, spent() - began)
    return boosting(task, **study.best_trial.user_attrs["options"])


def _suggested(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 8, 128, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 100, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-6, 10.0, log=True),
        "max_features": trial.suggest_float("max_features", 0.3, 1.0),
        "max_iter": 1000,
        "early_stopping": True,
        "n_iter_no_change": 20,
    }


def _loss(task: Task, options: dict[str, Any], train: Array, valid: Array) -> float:
    """Log loss or rmse of the validation rows."""
    from sklearn.metrics import log_loss, root_mean_squared_error

    part = Task(task.train.iloc[train], task.target[train], task.train.iloc[valid], task.classes, task.seed, task.seconds)
    fitted = boosting(part, **options)
    if task.classes:
        return float(log_loss(task.target[valid], spread(fitted, part), labels=range(task.classes)))
    return float(root_mean_squared_error(task.target[valid], fitted.predict(part.rows)))


def flaml(task: Task) -> Fitted:
    """FLAML's AutoML for log loss or rmse. Its own budget is by the clock, so it goes on from its best until ours is spent."""
    from flaml import AutoML

    kind, metric = ("classification", "log_loss") if task.classes else ("regression", "rmse")
    options = {"task": kind, "metric": metric, "seed": task.seed, "n_jobs": -1, "verbose": 0}
    best: Any = None
    known: Any = "static"
    while best is None or task.left > 1:
        found = AutoML()
        seconds = max(1.0, task.left / (os.cpu_count() or 1))
        found.fit(task.train, task.target, time_budget=seconds, starting_points=known, **options)
        known = {**(known if isinstance(known, dict) else {}), **_configurations(found)}
        if best is None or found.best_loss < best.best_loss:
            best = found
    return best


def _configurations(found: Any) -> dict[str, Any]:
    return {name: options for name, options in found.best_config_per_estimator.items() if options}


def realmlp(task: Task) -> Fitted:
    """The authors' RealMLP-TD as it is: a fifth of the rows chooses the epoch."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    return _network(task, RealMLP_TD_Classifier if task.classes else RealMLP_TD_Regressor)


def tabm(task: Task) -> Fitted:
    """TabM as the same authors ship it: 32 members, a fifth of the rows stops it."""
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    return _network(task, TabM_D_Classifier if task.classes else TabM_D_Regressor)


def _network(task: Task, kind: Any) -> Fitted:
    return kind(random_state=task.seed, device="cpu", n_threads=os.cpu_count()).fit(task.train, task.target)


# name -> how it learns, whether it gets a sample of large tables, its libraries
RIVALS: dict[str, tuple[Rival, bool, tuple[str, ...]]] = {
    "boosting": (boosting, False, ("scikit-learn",)),
    "boosting_tuned": (boosting_tuned, False, ("scikit-learn", "optuna")),
    "flaml": (flaml, False, ("flaml", "lightgbm", "xgboost")),
    "realmlp": (realmlp, True, ("pytabkit", "torch")),
    "tabm": (tabm, True, ("pytabkit", "torch")),
}
TIMED = ("boosting_tuned", "flaml")  # have foldwise's seconds
FILLED = ("realmlp", "tabm")  # refuse gaps in numbers


if __name__ == "__main__":
    main(sys.argv[1:])
