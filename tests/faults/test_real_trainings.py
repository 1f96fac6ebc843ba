"""kill -9 through the door, with real networks: the study ends as an undisturbed one."""

import json
import os
import signal
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from foldwise.system.kill_points import VARIABLE
from tests.end_to_end.doors import only_study, run, run_anew, summary

pytestmark = [pytest.mark.slow, pytest.mark.long]

WORDS = ["data=wine", "tuner=random", "budget.trials=3", "folds.count=3", "fit.epochs=4", "model.units=[int,4,64]"]
WORDS += ["model.hidden=1", "seed=3", "tracking.figures=false"]
# Deaths of one study, each at the next start of the same command.
DEATHS = ("after-fold:2", "after-refit", "after-register", "after-summary")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    runs = tmp_path_factory.mktemp("undisturbed") / "runs"
    done = run_anew("tune", *WORDS, runs=runs)
    assert done.returncode == 0, done.stderr
    return runs


def asked(runs, query, database="ledger.db"):
    with closing(sqlite3.connect(runs / database)) as connection:
        return connection.execute(query).fetchall()


def trials(runs):
    return pd.read_parquet(only_study(runs) / "trials.parquet").drop(columns="seconds")


def test_a_study_that_died_at_four_places_is_the_one_that_never_died(undisturbed, tmp_path):
    runs = tmp_path / "runs"
    for place in DEATHS:
        done = run("tune", *WORDS, runs=runs, env={**os.environ, VARIABLE: place})
        assert done.returncode == -signal.SIGKILL, (place, done.stderr)
    done = run("tune", *WORDS, runs=runs)
    assert done.returncode == 0, done.stdout + done.stderr
    pd.testing.assert_frame_equal(trials(runs), trials(undisturbed), check_exact=True)
    curves = "SELECT number, fold, score, metrics, curves, best_epoch FROM folds ORDER BY number, fold"
    assert asked(runs, curves) == asked(undisturbed, curves)
    mine, theirs = summary(runs), summary(undisturbed)
    reads = mine["holdout"].pop("reads"), theirs["holdout"].pop("reads")
    assert reads == (3, 1)  # two deaths after a read, and the last start: each is counted
    for key in ("best", "baselines", "holdout", "verdict", "trials"):
        assert mine[key] == theirs[key]
    assert mine["model"]["version"] == 1
    assert asked(runs, "SELECT COUNT(*) FROM model_versions", "mlflow.db") == [(1,)]
    assert json.loads(asked(runs, "SELECT summary FROM studies")[0][0])["verdict"] == theirs["verdict"]
    shown = asked(runs, "SELECT COUNT(*) FROM tags WHERE key = 'foldwise.trial'", "mlflow.db")
    assert shown == [(3,)]
