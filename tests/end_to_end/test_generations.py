"""Studies with generations, killed once: one core and two, this process and workers give the same table of trials."""

import os
import subprocess
import sys
from functools import partial

import pandas as pd
import pytest

from foldwise.system.kill_points import VARIABLE
from tests.end_to_end.doors import PATIENCE, ROOT, SMALL, command, only_study, run

pytestmark = pytest.mark.slow

WORDS = ["data=iris", "budget.trials=14", "seed=5", "tracking=in_memory", *SMALL]
WORDS += ["model.dropout=[float,0.0,0.4]", "fit.optimizer.learning_rate=[float,0.001,0.1,{log: true}]"]
PLACES = (["execute=here"], ["execute=dask", "execute.workers=1"], ["execute=dask", "execute.workers=2"])


def trials_of(runs):
    return pd.read_parquet(only_study(runs) / "trials.parquet").drop(columns="seconds")


@pytest.mark.nightly
@pytest.mark.parametrize("tuner", [["tuner=tpe", "tuner.startup=4"], ["tuner=random"]], ids=["tpe", "random"])
def test_the_trials_depend_neither_on_workers_nor_on_a_kill(tmp_path, tuner):
    tables = []
    for number, place in enumerate([["execute=here"], *PLACES]):
        runs, words = tmp_path / str(number), [*WORDS, *tuner, *place, "execute.generation=4"]
        if number:
            killed = run("tune", *words, runs=runs, env={**os.environ, VARIABLE: f"after-tell:{4 + number}"})
            assert killed.returncode != 0
        done = run("tune", *words, runs=runs)
        assert done.returncode == 0, done.stderr
        tables.append(trials_of(runs))
    assert len(tables[0]) == 14
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bind no process to cores")
def test_small_trials_that_train_side_by_side_are_those_of_one_core(tmp_path):
    words = [*WORDS, "tuner=tpe", "tuner.startup=4"]

    def tune(runs, cores, **env):
        bound = partial(os.sched_setaffinity, 0, cores)
        asked = command("tune", *words, runs=tmp_path / runs)
        given = {"cwd": ROOT, "env": {**os.environ, **env}, "preexec_fn": bound}
        return subprocess.run(asked, check=False, capture_output=True, text=True, timeout=PATIENCE, **given)

    every = os.sched_getaffinity(0)
    one = {min(every)}
    assert tune("killed", every, **{VARIABLE: "after-fold:25"}).returncode != 0
    for runs, cores in (("killed", every), ("alone", one)):
        done = tune(runs, cores)
        assert done.returncode == 0, done.stderr
    killed, alone = trials_of(tmp_path / "killed"), trials_of(tmp_path / "alone")
    assert len(alone) == 14
    pd.testing.assert_frame_equal(killed, alone, check_exact=True)
