"""A call from Python leaves its process as it was, and a notebook goes on."""

import subprocess
import sys

import pytest

from tests.end_to_end.doors import ROOT, SMALL

pytestmark = pytest.mark.slow

# A process that has settings of its own before the call.
OWN = """
import logging, os, random, signal, sys, warnings
import keras, matplotlib, mlflow, numpy as np, optuna
from hydra import initialize_config_dir
import foldwise
from tests.end_to_end.process_settings import differences, settings

keras.utils.set_random_seed(7)
keras.config.set_dtype_policy("mixed_bfloat16")
matplotlib.rcParams["axes.titlesize"] = 7
logging.getLogger("mlflow.pyfunc").setLevel(logging.INFO)
optuna.logging.set_verbosity(optuna.logging.INFO)
warnings.filterwarnings("ignore", "one of my own")
signal.signal(signal.SIGTERM, lambda number, frame: None)
os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "7"
mlflow.set_tracking_uri("sqlite:///" + os.path.abspath("mine.db"))
initialize_config_dir(version_base="1.3", config_dir=os.getcwd())
small, where = {small!r}, "paths.runs=runs"
"""
CALLS = """
calls = {
    "tune": lambda: foldwise.tune("data=iris", "study=one", "budget.trials=2", *small, where),
    "again": lambda: foldwise.tune("study=one", where),
    "train": lambda: foldwise.train("data=iris", "study=two", "training.engine=keras", *small, where),
    "load": lambda: foldwise.load("one@champion", runs="runs"),
    "open": lambda: foldwise.open_study("one", where).bundle.predict(foldwise.open_study("one", where).bundle.sample_rows()),
    "optuna": lambda: foldwise.open_study("one", where).to_optuna(),
    "retrain": lambda: foldwise.retrain("model=one", "action=history", where),
    "remove": lambda: foldwise.remove("study=two", "models=[two/1]", "confirm=true", where),
    "refused": lambda: foldwise.tune("data=iris", "fit.epochs=0", where),
}
wrong = []
for name, call in calls.items():
    before = settings()
    try:
        call()
    except foldwise.errors.ConfigError:
        assert name == "refused", name
    wrong += [f"{name}: {line}" for line in differences(before, settings())]
print("\\n".join(["differences:", *wrong]))
"""


def _differences(program, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}")
    command = [sys.executable, str(script)]  # a process of its own: the others are forked with their imports done
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "differences:" in done.stdout, done.stdout + done.stderr
    return done.stdout.partition("differences:")[2].strip(), done


@pytest.mark.nightly
def test_every_setting_of_the_process_is_as_it_was(tmp_path):
    found, _ = _differences(OWN.replace("{small!r}", repr(SMALL)) + CALLS, tmp_path)
    assert not found


FRESH = """
import os, random, signal, sys, warnings
import foldwise

def known():
    return {
        "folder": os.getcwd(), "streams": [id(sys.stdout), id(sys.stderr)], "random": random.getstate(),
        "warnings": list(warnings.filters), "signals": [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)],
    }

before, environment = known(), dict(os.environ)
result = foldwise.tune("data=iris", "study=one", "budget.trials=2", "paths.runs=runs", *SMALL)
after = known()
wrong = [name for name in before if before[name] != after[name]]
ours = ("KERAS_", "TF_CPP", "TF_XLA", "OMP_", "MLFLOW_DISABLE", "MLFLOW_SUPPRESS", "MLFLOW_ENABLE", "MLFLOW_HTTP")
wrong += [name for name in os.environ if name.startswith(ours) and os.environ[name] != environment.get(name)]
import keras
assert keras.utils.is_interactive_logging_enabled()
network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="seen")])
print("summary:")
network.summary()
import numpy as np
network.compile(loss="mse")
print("fit:")
network.fit(np.zeros((4, 3)), np.zeros(4))
result.model.summary()
print("\\n".join(["differences:", *wrong]))
"""


@pytest.mark.long
def test_a_fresh_process_prints_what_keras_prints_and_keeps_no_variable(tmp_path):
    found, done = _differences(FRESH.replace("*SMALL", f"*{SMALL!r}"), tmp_path)
    assert not found
    assert "seen (Dense)" in done.stdout.partition("summary:")[2]
    assert "loss:" in done.stdout.partition("fit:")[2]
    assert "output (Dense)" in done.stdout
