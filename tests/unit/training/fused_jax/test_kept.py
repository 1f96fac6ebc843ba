"""What JAX compiled is used by later processes."""

import json
import os
import stat
import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed"),
]
TRIAL = """
import hashlib, json, sys
from pathlib import Path
from foldwise.training.program_cache import program_cache, use_programs
use_programs(sys.argv[1], lambda sentence: sys.exit(sentence), "jax")
before = len(list(program_cache().own.iterdir()))
from foldwise.training.runtime import start
start(1, backend="jax")
from dataclasses import replace
from foldwise.training.fused_jax.engine import fit_folds
from tests.unit.conftest import make_fold, make_training
fits = list(fit_folds(replace(make_training(), backend="jax"), [(0, make_fold()), (1, make_fold(seed=1))]))
bits = repr([(fit.curves, [weight.tolist() for weight in fit.weights]) for fit in fits])
after = len(list(program_cache().own.iterdir()))
print(json.dumps({"bits": hashlib.sha256(bits.encode()).hexdigest(), "before": before, "after": after}))
"""


def trial(folder):
    """A trial in a process of its own, with this cache."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    command = [sys.executable, "-c", TRIAL, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr.lower(), done.stderr
    return json.loads(done.stdout)


def test_a_second_process_compiles_nothing_and_a_damaged_program_is_made_again(tmp_path):
    folder = tmp_path / "cache"
    first, second = trial(folder), trial(folder)
    assert first["before"] == 0 < first["after"]
    assert second["before"] == second["after"] == first["after"]
    assert second["bits"] == first["bits"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    kept = [path for path in folder.glob("*/jax/*") if path.is_file()]
    assert len(kept) == first["after"]
    for place, path in enumerate(kept):
        content = path.read_bytes()
        path.write_bytes(content[:-7] if place % 2 else bytes([content[0] ^ 0xFF]) + content[1:])
    again = trial(folder)
    assert (again["before"], again["after"], again["bits"]) == (0, first["after"], first["bits"])
