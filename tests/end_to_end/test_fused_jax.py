"""Studies on JAX, whose networks of layers train all folds at once."""

import os
import subprocess
from importlib.util import find_spec

import pandas as pd
import pytest

from tests.end_to_end.doors import ROOT, command, only_study, summary

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed"),
]
WORDS = ["data=iris", "tuner=random", "budget.trials=3", "seed=5", "tracking=in_memory", "tracking.figures=false"]
WORDS += ["explain=none", "folds.count=3", "fit.epochs=4", "training.backend=jax", "model=layers"]
WORDS += [
    "model.layers=[{kind: Dense, name: hidden, units: 6, activation: relu},"
    "{kind: Dropout, name: dropped, rate: [float,0.0,0.4]}, {kind: Concatenate, from: [dropped, features]}]"
]


def tune(*words, runs):
    """A process from its beginning: the one that forks other doors has Keras on TensorFlow, and so may this one."""
    whole = command("tune", *WORDS, *words, runs=runs)
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(whole, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    def study(*words):
        runs = tmp_path_factory.mktemp("study") / "runs"
        done = tune(*words, runs=runs)
        assert done.returncode == 0, done.stderr
        assert "engine fused: all folds as one program" in done.stdout
        return runs, pd.read_parquet(only_study(runs) / "trials.parquet").drop(columns="seconds")

    return study


@pytest.fixture(scope="module")
def here(study):
    return study("execute=here")


def test_a_network_of_layers_trains_all_folds_at_once_on_jax(here):
    runs, trials = here
    assert set(trials["engine"]) == {"fused"}
    assert summary(runs)["trials"]["complete"] == 3


def test_workers_train_to_the_same_bits(here, study):
    _, expected = here
    _, found = study("execute=dask", "execute.workers=2")
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_trial_replays_bit_for_bit_with_the_engine_that_trained_it(here):
    runs, _ = here
    done = tune("replay=1", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "trial 1 is the same, bit for bit" in done.stdout
