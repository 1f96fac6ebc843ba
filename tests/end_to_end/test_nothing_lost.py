"""A study that is killed or asked to stop ends, when it is started again, as if nothing had happened."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import time

import pandas as pd
import pytest

from tests.end_to_end.doors import ROOT, command, only_study, run, summary

pytestmark = pytest.mark.slow

WORDS = ["data=wine", "budget.trials=4", "folds.count=4", "fit.epochs=400", "model.units=[int,4,16]", "seed=3"]
WORDS += ["fit.early_stop.patience=null", "tuner.startup=2", "tracking=in_memory", "explain=none", "baselines=[logistic]"]


def states(runs):
    with contextlib.closing(sqlite3.connect(f"file:{runs / 'ledger.db'}?mode=ro", uri=True)) as connection:
        try:
            return [state for (state,) in connection.execute("SELECT state FROM trials ORDER BY number")]
        except sqlite3.OperationalError:
            return []


def wait_for(condition, process, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr.read()
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("waited too long")


def has_trials_behind_and_under_way(runs):
    return (runs / "ledger.db").exists() and set(states(runs)) == {"COMPLETE", "RUNNING"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    runs = tmp_path_factory.mktemp("undisturbed") / "runs"
    done = run("tune", *WORDS, runs=runs)
    assert done.returncode == 0, done.stderr
    return pd.read_parquet(only_study(runs) / "trials.parquet").drop(columns="seconds"), summary(runs)


def stop_in_the_middle(runs, number):
    process = subprocess.Popen(
        command("tune", *WORDS, runs=runs), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: has_trials_behind_and_under_way(runs), process)
        time.sleep(0.2)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize(
    "number",
    [
        *(pytest.param(number, marks=pytest.mark.nightly) for number in (signal.SIGKILL, signal.SIGINT)),
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
    ],
)
def test_the_same_command_goes_on_to_the_same_end(number, undisturbed, tmp_path):
    runs = tmp_path / "runs"
    code, _, err = stop_in_the_middle(runs, number)
    if number == signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 1
        assert "the same command goes on" in err
        assert len(err.strip().splitlines()) == 1
    assert "COMPLETE" in states(runs)
    done = run("tune", *WORDS, runs=runs)
    assert done.returncode == 0, done.stderr
    assert states(runs) == ["COMPLETE"] * 4
    trials = pd.read_parquet(only_study(runs) / "trials.parquet").drop(columns="seconds")
    expected, expected_summary = undisturbed
    pd.testing.assert_frame_equal(trials, expected, check_exact=True)
    assert summary(runs)["holdout"] == expected_summary["holdout"]


@pytest.mark.long
def test_a_second_start_while_the_first_runs_is_refused(tmp_path):
    runs = tmp_path / "runs"
    words = [*WORDS, "budget.trials=2000"]  # more than are done while the second one starts
    process = subprocess.Popen(
        command("tune", *words, runs=runs), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: has_trials_behind_and_under_way(runs), process)
        second = run("tune", *words, runs=runs)
        assert second.returncode == 1
        assert f"process {process.pid}" in second.stderr
    finally:
        process.kill()
        process.communicate()


def test_the_verdict_is_printed_before_the_model_is_registered(tmp_path):
    runs = tmp_path / "runs"
    words = ["data=iris", "budget.trials=2", "folds.count=3", "fit.epochs=4", "tracking=in_memory", "model.hidden=1"]
    killed = run("tune", *words, runs=runs, env={**os.environ, "FOLDWISE_KILL": "before-register"})
    assert killed.returncode == -signal.SIGKILL
    (verdict,) = [line for line in killed.stdout.splitlines() if line.startswith("Verdict:")]
    assert not (only_study(runs) / "summary.json").exists()
    again = run("tune", *words, runs=runs)
    assert again.returncode == 0, again.stderr
    assert verdict in again.stdout.splitlines()
    assert again.stdout.count("Verdict:") == 1
    assert summary(runs)["verdict"] in verdict
