"""Files that are deleted, replaced or have no room while a study runs: it stops with a sentence, and can go on."""

import re
import sqlite3
import subprocess
import time
from contextlib import closing

import pandas as pd
import pytest

from tests.end_to_end.doors import PLAIN, ROOT, command, run, summary

pytestmark = pytest.mark.slow

WORDS = ["data=wine", "folds.count=3", "fit.epochs=300", "fit.early_stop.patience=null", "model.units=[int,4,64]"]
WORDS += ["study=lost", *PLAIN, "seed=3", "budget.trials=400"]


def finished(runs):
    try:
        with closing(sqlite3.connect(f"file:{runs / 'ledger.db'}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def disturbed(runs, harm, *words, ready=lambda runs: True):
    """The exit code and outputs of a study that is harmed after two trials."""
    process = subprocess.Popen(
        command("tune", *WORDS, *words, runs=runs), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        end = time.monotonic() + 240
        while finished(runs) < 2 or not ready(runs):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)
        harm(runs)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, err


def delete_ledger(runs):
    (runs / "ledger.db").unlink()


def replace_ledger(runs):
    (runs / "other").touch()
    (runs / "other").replace(runs / "ledger.db")


def move_runs(runs):
    runs.rename(runs.with_name("moved"))


@pytest.mark.long
@pytest.mark.parametrize("harm", [delete_ledger, replace_ledger, move_runs])
def test_a_study_without_its_ledger_stops_and_its_results_are_beside(harm, tmp_path):
    runs = tmp_path / "runs"
    code, _, err = disturbed(runs, harm, "tracking=in_memory")
    assert code == 1, err
    assert len(err.strip().splitlines()) == 1
    assert re.search(r"ledger\.db was (deleted|replaced by another file) while it was in use", err)
    folder = re.search(r"the results of (\d+) trials are in (\S+)$", err.strip())
    trials = pd.read_parquet(f"{folder[2]}/trials.parquet")
    assert len(trials) == int(folder[1]) >= 2
    assert (trials["state"] == "COMPLETE").all()
    assert not (runs / "ledger.db").exists() or (runs / "ledger.db").stat().st_size == 0
    assert "done and kept" not in err


def delete_mlflow(runs):
    (runs / "mlflow.db").unlink()


def replace_mlflow(runs):
    (runs / "other").write_bytes((runs / "mlflow.db").read_bytes())
    (runs / "other").replace(runs / "mlflow.db")


def is_shipped(runs):
    """Whether a trial is in MLflow."""
    with closing(sqlite3.connect(f"file:{runs / 'ledger.db'}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM trials WHERE shipped IS NOT NULL").fetchone()[0] > 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("harm", "how"),
    [(delete_mlflow, "deleted"), pytest.param(replace_mlflow, "replaced by another file", marks=pytest.mark.nightly)],
)
def test_a_study_without_its_mlflow_stops_and_the_next_start_shows_each_trial_once(harm, how, tmp_path):
    from foldwise.tracking.mlflow_store import mlflow_store

    runs = tmp_path / "runs"
    mlflow_store(runs).client()  # the tables are there before the study, which else makes them while it trains
    code, _, err = disturbed(runs, harm, ready=is_shipped)
    assert code == 1, err
    error = err.strip().splitlines()[-1]
    assert f"mlflow.db was {how} while it was in use" in error
    folder = re.search(r"the results of (\d+) trials are in (\S+)$", error)
    assert len(pd.read_parquet(f"{folder[2]}/trials.parquet")) == int(folder[1]) >= 2
    assert (runs / "mlflow.db").exists() == (harm is replace_mlflow)  # no new empty one

    count = finished(runs) + 3  # as many may have been under way
    done = run("tune", *WORDS, f"budget.trials={count}", "extend=true", runs=runs)
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(runs / "mlflow.db")) as connection:
        query = "SELECT t.value, count(*) FROM tags t JOIN runs r USING (run_uuid) WHERE t.key = 'foldwise.trial' "
        rows = connection.execute(query + "AND r.lifecycle_stage = 'active' GROUP BY t.value").fetchall()
    assert sorted((int(number), times) for number, times in rows) == [(number, 1) for number in range(len(rows))]
    assert len(rows) == count


@pytest.mark.nightly
def test_more_trials_and_other_ranges_register_each_winner_once(tmp_path):
    runs = tmp_path / "runs"
    words = ["data=iris", *PLAIN, "folds.count=3", "fit.epochs=3", "model.hidden=1", "study=wide"]
    versions = {}
    for more in (
        ["model.units=[int,8,16]", "budget.trials=2"],
        ["model.units=[int,8,17]", "budget.trials=3", "extend=true"],
        ["model.units=[int,4,17]", "budget.trials=5", "extend=true"],
        ["model.units=[int,4,40]", "budget.trials=8", "extend=true"],
    ):
        done = run("tune", *words, *more, runs=runs)
        assert done.returncode == 0, done.stderr
        found = summary(runs)
        versions.setdefault(found["best"]["number"], set()).add(found["model"]["version"])
    assert all(len(own) == 1 for own in versions.values()), versions
    assert sorted(version for own in versions.values() for version in own) == list(range(1, len(versions) + 1))
