"""What foldwise 0.1.0 wrote to disk still opens, answers, goes on and retrains; `make.py` says what it is."""

import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from tests.end_to_end.copies import rename
from tests.end_to_end.doors import ROOT, run

pytestmark = pytest.mark.slow

BUNDLE = "foldwise.bundle.bundle"  # where `load_bundle` is today
MADE_AT = "/srv/foldwise-old"


@pytest.fixture
def old(tmp_path):
    """The archive in a folder of its own, where MLflow finds its artifacts again."""
    with tarfile.open(Path(__file__).with_name("runs.tar.xz")) as packed:
        packed.extractall(tmp_path, filter="data")
    runs = tmp_path / "runs"
    for name in ("ledger.db", "mlflow.db"):
        rename(runs / name, MADE_AT, tmp_path)
    expected = json.loads((tmp_path / "expected.json").read_text())
    return SimpleNamespace(folder=tmp_path, runs=runs, data=f"paths.data={tmp_path}", **expected)


def query(database, words, *values):
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(words, values).fetchall()


def rows_of(old, study):
    """What the ledger holds of each trial and of its folds, by the trial's number."""
    trial = (
        "SELECT number, attempt, crashes, state, params, mean, sd, metrics, costs, engine, seconds, started, ended FROM trials"
    )
    fold = "SELECT fold, score, metrics, curves, best_epoch, seconds, rungs FROM folds"
    found = query(old.runs / "ledger.db", f"{trial} WHERE study = ?", study)
    folds = f"{fold} WHERE study = ? AND number = ? ORDER BY fold"
    return {row[0]: (row, query(old.runs / "ledger.db", folds, study, row[0])) for row in found}


def trials(old, study):
    """The trials as `expected.json` has them."""
    rows = [row for row, _ in rows_of(old, study).values()]
    return [{"number": row[0], "state": row[3], "params": json.loads(row[4]), "mean": row[5]} for row in sorted(rows)]


def finished(rows):
    return {number: row for number, row in rows.items() if row[0][3] == "COMPLETE"}


def summary(old, study):
    return json.loads((old.runs / "studies" / study / "summary.json").read_text())


def aliases(old, model):
    return dict(query(old.runs / "mlflow.db", "SELECT alias, version FROM registered_model_aliases WHERE name = ?", model))


def door(old, name, *words):
    """What a door says that ends well."""
    done = run(name, *words, runs=old.runs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(old, words, path=""):
    """What another Python says that ends well."""
    environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{old.runs / 'mlflow.db'}"
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=old.folder, env=environment, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout


ITS_OWN_CODE = """
import sys
sys.path.append(sys.argv[1])
import mlflow, pandas as pd
answers = mlflow.pyfunc.load_model("models:/old@champion").predict(pd.read_csv("ask.csv", dtype=str))
answers.insert(0, "row", range(len(answers)))
answers.to_csv("its_own_code.csv", index=False)
import foldwise
print(foldwise.__file__)
"""

CODE_OF_TODAY = f"""
from pathlib import Path
import foldwise, mlflow, pandas as pd
from {BUNDLE} import load_bundle
models = {{"bundle": load_bundle(Path("bundle")), "pyfunc": mlflow.pyfunc.load_model("models:/old/1")}}
for name, model in models.items():
    answers = model.predict(pd.read_csv("ask.csv", dtype=str))
    answers.insert(0, "row", range(len(answers)))
    answers.to_csv(name + ".csv", index=False)
print(foldwise.__file__)
"""


def test_its_model_answers_as_it_did(old):
    """At the door, from the bare folder, and in MLflow, where its own code answers if today's was not imported before."""
    (old.runs / "studies" / "done" / "bundle").rename(old.folder / "bundle")
    asked = [f"input={old.folder / 'ask.csv'}", f"output={old.folder / 'door.csv'}"]
    assert "3 of 12 rows are unlike the training rows" in door(old, "predict", "model=old@champion", *asked)
    today = python(old, ["-c", CODE_OF_TODAY], f"{ROOT / 'src'}{os.pathsep}{ROOT}")
    assert Path(today.strip()).is_relative_to(ROOT / "src")
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    its_own = python(old, ["-S", "-c", ITS_OWN_CODE, packages])  # -S: no paths of editable installs
    assert Path(its_own.strip()).is_relative_to(old.runs / "artifacts")

    # The last bits of a matrix product depend on the processor, so it is what the old code answers here, byte for byte, ...
    for name in ("door", "bundle", "pyfunc"):
        assert (old.folder / f"{name}.csv").read_text() == (old.folder / "its_own_code.csv").read_text(), name
    # ... and what it answered where the archive was made, but for these bits.
    answered, recorded = (pd.read_csv(old.folder / f"{name}.csv") for name in ("door", "answers"))
    pd.testing.assert_frame_equal(answered, recorded, check_exact=False, rtol=0, atol=1e-6)


def test_a_finished_study_is_finished(old):
    before = rows_of(old, "done")
    said = door(old, "tune", *old.words["done"], old.data)
    assert "study done is finished: 3 of 3 trials, 0 more to run" in said
    assert old.summary["verdict"] in said
    assert "refitting" not in said
    assert rows_of(old, "done") == before
    assert trials(old, "done") == old.trials["done"]
    assert summary(old, "done") == old.summary
    assert aliases(old, "old") == {"champion": 1, "challenger": 2}

    _, *lines = door(old, "compare", "study=done", "format=text").splitlines()
    shown = [line.split()[:2] for line in lines if line]
    best_first = sorted(old.trials["done"], key=lambda trial: -trial["mean"])
    assert shown == [[str(trial["number"]), f"{trial['mean']:.4f}"] for trial in best_first]


@pytest.mark.long
def test_a_study_that_was_killed_in_a_trial_goes_on_to_its_total(old):
    before = rows_of(old, "cut")
    assert [trial["state"] for trial in old.trials["cut"]] == ["COMPLETE", "COMPLETE", "RUNNING"]
    door(old, "tune", *old.words["cut"], old.data)
    found = trials(old, "cut")
    assert [trial["state"] for trial in found] == ["COMPLETE"] * 4
    assert found[:2] == old.trials["cut"][:2]
    assert found[2]["params"] == old.trials["cut"][2]["params"]
    assert finished(before).items() <= rows_of(old, "cut").items()  # their times too, so nothing was trained again
    whole = summary(old, "cut")
    assert whole["trials"] == {"asked": 4, "complete": 4, "stopped": 0, "failed": 0}
    assert (whole["model"]["name"], whole["model"]["version"]) == ("cut", 1)
    assert aliases(old, "cut") == {"champion": 1}


def test_a_result_that_only_its_file_held_is_taken_and_not_trained_again(old):
    """And the name of the study is enough: its recipe is read from the ledger."""
    before = rows_of(old, "kept")
    (file,) = (old.runs / "studies" / "kept" / "results").iterdir()
    kept = json.loads(file.read_text())["result"]
    door(old, "tune", "study=kept", "tracking.figures=false", old.data)
    found = trials(old, "kept")
    assert found[:2] == old.trials["kept"][:2]
    assert found[2:] == [{"number": 2, "state": "COMPLETE", "params": kept["params"], "mean": kept["mean"]}]
    after = rows_of(old, "kept")
    assert finished(before).items() <= after.items()
    trial, folds = after[2]
    assert trial[10] == kept["seconds"]
    assert [fold[1] for fold in folds] == [fold["score"] for fold in kept["folds"]]
    assert not file.exists()
    assert (summary(old, "kept")["model"]["name"], aliases(old, "kept")) == ("kept", {"champion": 1})


@pytest.mark.long
def test_its_model_is_retrained_and_rolled_back(old):
    """The first start also finishes the promotion that was cut off between the ledger and MLflow."""
    asked, outcomes = (
        ["model=old", "tracking.figures=false", old.data],
        "SELECT outcome, summary FROM retrainings ORDER BY began",
    )
    assert aliases(old, "old") == {"champion": 1, "challenger": 2}
    said = door(old, "retrain", *asked)
    assert "UNCHANGED: the rows are those of version 2, the champion" in said
    assert aliases(old, "old") == {"champion": 2}
    ((outcome, written),) = query(old.runs / "ledger.db", outcomes)
    assert (outcome, json.loads(written)["challenger"]["version"]) == ("PROMOTED", 2)

    said = door(old, "retrain", *asked, "data.path=newer.csv", "promotion.kind=test")
    _, (outcome, written) = query(old.runs / "ledger.db", outcomes)
    assert outcome in ("PROMOTED", "KEPT")
    assert f"\n{outcome}: " in said
    challenger = json.loads(written)["challenger"]
    assert challenger["version"] == 3
    assert summary(old, challenger["study"])["best"]["params"] == old.summary["best"]["params"]
    champion = 3 if outcome == "PROMOTED" else 2
    assert aliases(old, "old")["champion"] == champion

    said = door(old, "retrain", *asked, "rollback=true")
    assert f"version {champion - 1} is champion again, in place of version {champion}" in said
    assert aliases(old, "old")["champion"] == champion - 1
