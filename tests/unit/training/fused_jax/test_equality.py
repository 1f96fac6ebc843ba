"""The fused engine on JAX takes the steps of Keras's own `fit`. In a process of its own: this one has Keras on TensorFlow."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.unit.training.fused_jax.cases import CASES, QUICK

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("jax"), reason="jax is not installed"),
]
# to compile takes most of the time, and these steps are few
ON_JAX = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_backend_optimization_level=0"}


def differences(names):
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.training.fused_jax.equality", *names],
        env=ON_JAX,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    *found, last = map(json.loads, run.stdout.splitlines())
    assert last == {"tensorflow": False}
    assert [one["case"] for one in found] == list(names)
    return {one["case"]: one["difference"] for one in found}


def all_equal(names):
    found = differences(names)
    assert {name: far for name, far in found.items() if isinstance(far, str)} == {}


def test_networks_of_layers_and_own_functions_learn_what_keras_teaches_them():
    all_equal(QUICK)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_optimizer_loss_and_schedule_does():
    assert len(CASES) >= 40
    all_equal([name for name in CASES if name not in QUICK])


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_engine_keeps_its_promises_on_jax():
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", ""]
    done = subprocess.run(
        [*command, Path(__file__).with_name("test_engine.py")],
        env=ON_JAX,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert "passed" in done.stdout
