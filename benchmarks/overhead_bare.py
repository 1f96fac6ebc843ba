"""The parts that every trial needs outside training, by hand and each alone: the comparison for foldwise."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import seconds
from benchmarks.space import BATCHES, DEPTHS, DROPOUT, RATES, SCALERS, UNITS
from foldwise.config.option_names import Readable
from foldwise.ledger.rows import TrialRow
from foldwise.spec.space import Params, Space
from foldwise.study.plan import Plan
from foldwise.tracking.mlflow_rows import trial_metrics, trial_params
from foldwise.trial.mean_curves import mean_curves
from foldwise.trial.result import TrialResult

if TYPE_CHECKING:
    from foldwise.tracking.mlflow_store import MlflowStore

SEED, STARTUP = 0, 10

Window = Callable[[int], float]  # number of trials -> seconds


def repeated(trial: Callable[[], object]) -> Window:
    """A window of this part alone."""
    return lambda trials: seconds(lambda: [trial() for _ in range(trials)])


def bare_optuna(plan: Plan, results: Sequence[TrialResult]) -> Window:
    """Optuna by hand, in memory, with foldwise's sampler."""
    from optuna.samplers import TPESampler

    from foldwise.tuning.optuna_tuner import to_optuna

    study = to_optuna(plan.spec.space, plan.goal, results)
    study.sampler = TPESampler(n_startup_trials=STARTUP, seed=SEED, multivariate=True, constant_liar=True)

    def trial() -> object:
        asked = study.ask()
        params: Params = {
            "prep.scale": asked.suggest_categorical("prep.scale", SCALERS),
            "model.hidden": asked.suggest_int("model.hidden", *DEPTHS),
            "model.units": asked.suggest_int("model.units", *UNITS, log=True),
            "model.dropout": asked.suggest_float("model.dropout", *DROPOUT),
            "fit.batch_size": asked.suggest_categorical("fit.batch_size", BATCHES),
            "fit.optimizer.learning_rate": asked.suggest_float("fit.optimizer.learning_rate", *RATES, log=True),
        }
        return study.tell(asked, score(params))

    return repeated(trial)


def bare_row(database: Path, results: Sequence[TrialResult]) -> Window:
    """One row a trial, committed to SQLite as the ledger commits: write-ahead log, full synchronisation."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE trials (number INTEGER PRIMARY KEY, params TEXT, score REAL)")
    insert = "INSERT INTO trials (params, score) VALUES (?, ?)"
    rows = [(json.dumps(result.params), result.mean) for result in results]
    connection.execute("BEGIN")
    connection.executemany(insert, rows)
    connection.execute("COMMIT")
    return repeated(lambda: connection.execute(insert, rows[0]))


class BareMlflow:
    """Three calls a trial by hand, with the numbers that foldwise ships."""

    def __init__(self, store: MlflowStore, row: TrialRow, metric: str, tags: Mapping[str, str]) -> None:
        from mlflow.entities import Metric, Param

        assert row.result is not None
        self.client, self.tags = store.client(), dict(tags)
        self.experiment = store.experiment("bare").experiment_id
        now = int(time.time() * 1_000)
        self.params = [Param(name, value) for name, value in trial_params(row.params, Readable(Space())).items()]
        self.metrics = [Metric(name, value, now, 0) for name, value in trial_metrics(row.result, metric).items()]
        self.metrics += [Metric(name, value, now, epoch) for name, epoch, value in mean_curves(row.result.folds, 900)]

    def trial(self) -> str:
        """A trial's run, by its id."""
        run = self.client.create_run(self.experiment, tags=self.tags, run_name="trial").info.run_id
        self.client.log_batch(run, self.metrics, self.params)
        self.client.set_terminated(run)
        return str(run)

    def fill(self, folder: Path, level: int) -> None:
        """Runs in the store of a folder."""
        copy_run(folder / "mlflow.db", self.trial(), level)


def copy_run(database: Path, run: str, level: int) -> None:
    """Copies of a run, in all its tables, until the store holds `level` of them."""
    with closing(sqlite3.connect(database)) as connection:
        held = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
        connection.execute("CREATE TEMP TABLE copies (copy TEXT)")
        connection.executemany("INSERT INTO copies VALUES (lower(hex(randomblob(16))))", [()] * max(0, level - held))
        for table in ("runs", "metrics", "latest_metrics", "params", "tags"):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            taken = ", ".join("copy" if column == "run_uuid" else column for column in columns)
            insert = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {taken} FROM {table}, copies WHERE run_uuid = ?"  # noqa: S608
            connection.execute(insert, [run])
        connection.commit()


def score(params: Params) -> float:
    """Something to learn for the tuner; best in the middle of two ranges."""
    rate, dropout = float(params["fit.optimizer.learning_rate"] or 0), float(params["model.dropout"] or 0)
    return 0.95 - abs(math.log10(rate) + 2.5) / 10 - abs(dropout - 0.2)
