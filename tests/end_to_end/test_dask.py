"""Studies whose trials run in processes of their own."""

import os
import subprocess
import sys
import time

import pandas as pd
import pytest

from tests.end_to_end.doors import ROOT, SMALL, only_study, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.long]

WORDS = ["data=iris", "tuner=random", "budget.trials=4", "seed=5", "tracking=in_memory", *SMALL]
WORDS += ["model.dropout=[float,0.0,0.4]", "model.batch_norm=[choice,false,true]"]


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    def trials(*words):
        runs = tmp_path_factory.mktemp("study") / "runs"
        done = run("tune", *WORDS, *words, runs=runs)
        assert done.returncode == 0, done.stderr
        return pd.read_parquet(only_study(runs) / "trials.parquet").drop(columns="seconds"), summary(runs), done.stdout

    return trials


@pytest.fixture(scope="module")
def here(trials):
    return trials("execute=here")


def test_one_worker_two_and_this_process_give_the_same_bits(trials, here):
    expected, alone, _ = here
    for workers in (1, 2):
        table, of_workers, out = trials("execute=dask", f"execute.workers={workers}")
        pd.testing.assert_frame_equal(table, expected, check_exact=True)
        assert of_workers["study"] == alone["study"]
        assert of_workers["holdout"] == alone["holdout"]
        assert "engine fused: all folds as one program" in out


def test_an_address_where_nobody_answers_is_one_sentence(tmp_path):
    done = run("tune", *WORDS, "execute=dask", "execute.address=tcp://127.0.0.1:9", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert done.stderr.startswith("error: execute.address: no scheduler answers at tcp://127.0.0.1:9")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.nightly
def test_the_workers_of_a_scheduler_that_is_there_already(tmp_path, trials, here):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    place = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(place), "--no-dashboard"]
    host = ["--host", "127.0.0.1"]
    commands = [
        ["distributed.cli.dask_scheduler", *common, *host, "--port", "0"],
        ["distributed.cli.dask_worker", *common, *host, "--nthreads", "1", "--local-directory", str(tmp_path)],
    ]
    started = [_started(command, environment) for command in commands]
    try:
        while not (place.exists() and place.read_text().rstrip().endswith("}")):  # written whole
            assert started[0].poll() is None
            time.sleep(0.1)
        address = pd.read_json(place, typ="series")["address"]
        table, _, _ = trials("execute=dask", f"execute.address={address}")
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)
    expected, _, _ = here
    pd.testing.assert_frame_equal(table, expected, check_exact=True)


def _started(command, environment):
    words = [sys.executable, "-m", *command]
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
