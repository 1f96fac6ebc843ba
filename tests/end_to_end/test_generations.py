"""Studies with generations, each killed once: this process, one worker and two give the same table of trials."""

import os

import pandas as pd
import pytest

from foldwise.system.kill_points import VARIABLE
from tests.end_to_end.doors import SMALL, only_study, run

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

WORDS = ["data=iris", "budget.trials=14", "seed=5", "tracking=in_memory", *SMALL]
WORDS += ["model.dropout=[float,0.0,0.4]", "fit.optimizer.learning_rate=[float,0.001,0.1,{log: true}]"]
PLACES = (["execute=here"], ["execute=dask", "execute.workers=1"], ["execute=dask", "execute.workers=2"])


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
        tables.append(pd.read_parquet(only_study(runs) / "trials.parquet").drop(columns="seconds"))
    assert len(tables[0]) == 14
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True)
