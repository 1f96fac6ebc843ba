"""The suite of training on the backends that this process does not have, each in a process of its own."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.contract.bundles import make_bundle

ROOT = Path(__file__).parents[2]
SUITE = "tests/contract/test_training.py"
TORCH = pytest.param("torch", marks=pytest.mark.nightly)

pytestmark = pytest.mark.slow


def run_suite(backend, which):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", which, SUITE]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert "passed" in done.stdout


@pytest.mark.parametrize("backend", ["jax", TORCH])
def test_training_keeps_its_contract(backend):
    run_suite(backend, "not long")


@pytest.mark.long
@pytest.mark.parametrize("backend", ["jax", TORCH])
def test_training_keeps_all_of_its_contract(backend):
    run_suite(backend, "long")


ANSWERS = """
import json, sys
from pathlib import Path
from foldwise.training.runtime import start
start(1, backend=sys.argv[1])
from foldwise.bundle.bundle import load_bundle
from tests.contract.bundles import make_bundle
own, _, raw = make_bundle(Path(sys.argv[3]), "multiclass", seed=2)
theirs = load_bundle(Path(sys.argv[2]))
print(json.dumps({"theirs": theirs.scores(raw).tolist(), "own": own.scores(raw).tolist(), "backend": own.card.backend,
                  "alone": theirs.answer(raw.iloc[0].to_dict())["p_a"], "tensorflow": "tensorflow" in sys.modules}))
"""


@pytest.mark.long
@pytest.mark.parametrize("backend", ["jax", TORCH])
def test_a_bundle_of_each_backend_answers_on_the_other(backend, tensorflow_started, tmp_path):
    from foldwise.bundle.bundle import load_bundle

    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    ours, _, raw = make_bundle(tmp_path / "ours", "multiclass")
    command = [sys.executable, "-c", ANSWERS, backend, str(tmp_path / "ours" / "bundle"), str(tmp_path / "theirs")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["backend"], told["tensorflow"], ours.card.backend) == (backend, False, "tensorflow")
    np.testing.assert_allclose(told["theirs"], ours.scores(raw), rtol=1e-5)
    assert told["alone"] == pytest.approx(ours.scores(raw)[0, 0], rel=1e-5)
    loaded = load_bundle(tmp_path / "theirs" / "bundle")
    np.testing.assert_allclose(loaded.scores(raw), told["own"], rtol=1e-5)
