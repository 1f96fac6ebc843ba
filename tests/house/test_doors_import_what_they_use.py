"""What each door may import, by library, and how many modules in all: a door that answers from the ledger needs no MLflow."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from foldwise.ledger.ledger import open_ledger
from foldwise.trial.result import FoldScore, TrialResult
from tests.contract.ledgers import summary

ROOT = Path(__file__).parents[2]
LIBRARIES = (
    *("tensorflow", "keras", "mlflow", "sklearn", "imblearn", "pandas", "optuna", "keras_tuner", "torch", "sqlalchemy"),
    *("numpy", "scipy", "matplotlib", "plotly", "pyarrow", "distributed"),
)
PROBE = f"""
import json, sys
words = sys.argv[1:]
from foldwise.__main__ import main
code = main(words)
print(json.dumps([code, [name for name in {LIBRARIES!r} if name in sys.modules], len(sys.modules)]))
"""
LEDGER = {"sqlalchemy", "numpy"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    with closing(open_ledger(f"sqlite:///{folder / 'ledger.db'}")) as ledger:
        ledger.create_study("mine", {"data": {"kind": "sklearn", "name": "iris"}}, "f" * 64, {}, {})
        ledger.lead("mine")
        ledger.begin_trial("mine", 0, {})
        fold = FoldScore(0, 0.9, {"accuracy": 0.9}, {}, 1, 0.1)
        ledger.finish_trial("mine", TrialResult(0, {}, "COMPLETE", (fold,), mean=0.9, sd=0.0))
        ledger.finish_study("mine", summary(study="mine"))
    return folder


@pytest.mark.parametrize(
    ("words", "code", "libraries", "modules"),
    [
        (["tune", "model.unitz=3"], 2, set(), 620),
        (["tune", "fit.epochs=0"], 2, set(), 620),
        (["predict", "model=iris", "input=nowhere.csv", "output=b.csv"], 2, set(), 620),
        (["schedule", "action=list"], 0, LEDGER, 900),
        (["compare", "study=mine", "format=text"], 0, LEDGER, 900),
        (["list"], 0, LEDGER, 900),
    ],
    ids=["unknown key", "wrong value", "no input", "list of jobs", "compare", "list"],
)
def test_a_door_imports_what_it_uses(words, code, libraries, modules, runs):
    command = [sys.executable, "-c", PROBE, *words, f"paths.runs={runs}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    ended, loaded, count = json.loads(done.stdout.strip().splitlines()[-1])
    assert ended == code, done.stderr
    assert set(loaded) <= libraries
    assert count <= modules
