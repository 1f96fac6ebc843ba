"""Asking for help, or asking something wrong, never waits for TensorFlow, MLflow or scikit-learn."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "mlflow", "sklearn", "imblearn", "pandas", "optuna", "keras_tuner", "torch", "sqlalchemy")

PROBE = f"""
import importlib, sys
door = importlib.import_module("pipelines." + sys.argv[1])
sys.argv = sys.argv[1:]
code = door.main()
loaded = [name for name in {HEAVY!r} if name in sys.modules]
print("loaded:", ",".join(loaded))
sys.exit(code)
"""


def ask(door, *words, cwd=ROOT):
    command = [sys.executable, "-c", PROBE, door, *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("door", ["tune", "train", "prepare", "predict", "export", "ui", "compare", "schedule", "retrain"])
def test_help_and_cfg_import_nothing_heavy(door):
    for words in (["--help"], ["--cfg", "job"]):
        if door == "predict" and words == ["--cfg", "job"]:
            words = [*words, "model=iris", "input=a.csv", "output=b.csv"]  # noqa: PLW2901 what it cannot do without
        if door == "export" and words == ["--cfg", "job"]:
            words = [*words, "model=iris", "output=there"]  # noqa: PLW2901 as above
        if door == "retrain" and words == ["--cfg", "job"]:
            words = [*words, "model=iris"]  # noqa: PLW2901 as above
        if door == "compare" and words == ["--cfg", "job"]:
            words = [*words, "study=mine"]  # noqa: PLW2901 as above
        done = ask(door, *words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().endswith("loaded:")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model.unitz=3"], "model.unitz: unknown key, did you mean model.units?"),
        (["+model.unitz=3"], "did you mean model.units?"),
        (["fit.epochs=0"], "fit.epochs: must be >= 1, got 0"),
        (["tuner=tpee"], "did you mean tpe?"),
        (["-m", "seed=1,2"], "multirun"),
        (["data=csv", "data.path=nowhere.csv", "data.target=y"], "nowhere.csv"),
        (["data=csv", "data.path=README.md", "data.target=y"], "data.target"),
        (["data=sql", "data.url=sqlite:///nowhere.db", "data.query=SELECT", "data.target=y"], "nowhere.db"),
        (["data=openml", "data.target=y"], "needs a name"),
        (["experiment=titnic"], "did you mean titanic?"),
        (["experiment=titanic", "paths.data=nowhere"], "put it at nowhere/titanic/titanic.csv"),
    ],
)
def test_a_wrong_question_is_answered_with_one_sentence_and_nothing_heavy(words, sentence, tmp_path):
    done = ask("tune", *words, f"paths.runs={tmp_path / 'runs'}")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout.strip().endswith("loaded:")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("door", "words", "sentence"),
    [
        ("retrain", ["model=../iris"], "model: "),
        ("retrain", ["model=iris", "promotion.alpha=2"], "promotion.alpha: "),
        ("retrain", ["model=iris"], "holds no ledger.db; run python -m pipelines.tune first"),
        ("schedule", ["action=fly"], "action: "),
        ("export", ["model=iris", "output=there", "format=pickle"], "format: "),
    ],
)
def test_so_is_a_wrong_one_to_what_serves(door, words, sentence, tmp_path):
    done = ask(door, *words, f"paths.runs={tmp_path / 'runs'}")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout.strip().endswith("loaded:")
    assert not (tmp_path / "runs").exists()
