"""A study on another backend never imports TensorFlow, which costs seconds and half a gigabyte."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHORT = ["tracking=in_memory", "budget.trials=1", "folds.count=2", "fit.epochs=1", "certify=none", "screen=quiet"]
PROBE = """
import json, sys
from foldwise.__main__ import main
code = main(sys.argv[1:])
print(json.dumps([code, [name for name in ("tensorflow", "jax") if name in sys.modules]]))
"""


@pytest.mark.long
def test_a_study_on_jax_does_without_tensorflow(tmp_path):
    if find_spec("jax") is None:
        pytest.skip("jax is not installed")
    words = ["tune", "data=iris", *SHORT, "training.backend=jax", f"paths.runs={tmp_path}"]
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-c", PROBE, *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [0, ["jax"]]
    card = json.loads(next(tmp_path.glob("studies/*/bundle/bundle.json")).read_text(encoding="utf-8"))
    assert "jax" in card["versions"]


@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (["training.backend=torch"], {"KERAS_BACKEND": "jax"}, "training.backend: is torch, but KERAS_BACKEND is 'jax'"),
        ([], {"KERAS_BACKEND": "numpy"}, "training.backend: KERAS_BACKEND is 'numpy' in the environment, and networks train"),
        (["training.backend=theano"], {}, "training.backend: 'theano' is not known; known: tensorflow, jax, torch"),
    ],
)
def test_a_backend_that_cannot_be_is_refused_before_anything_is_written(words, environment, sentence, tmp_path):
    command = [sys.executable, "-m", "foldwise", "tune", "data=iris", *words, f"paths.runs={tmp_path}/runs"]
    here = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"} | environment
    done = subprocess.run(command, cwd=ROOT, env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (tmp_path / "runs").exists()
