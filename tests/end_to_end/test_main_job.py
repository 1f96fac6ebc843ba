"""The main job on a real table, from the command to the answers of the registered model."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.copies import copied
from tests.end_to_end.doors import SHARED, SMALL, only_study, run, run_anew, summary

pytestmark = pytest.mark.slow

TITANIC = SHARED / "titanic" / "titanic.csv"
WORDS = ["data=csv", f"data.path={TITANIC}", "data.target=Survived", "budget.trials=2", *SMALL, "baselines=null"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    if not TITANIC.exists():
        pytest.skip(f"{TITANIC} is not here")
    runs = tmp_path_factory.mktemp("titanic") / "runs"
    done = run_anew("tune", *WORDS, runs=runs)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (runs / "said.txt").write_text(done.stdout)
    return runs


def test_the_screen_says_what_was_left_out_and_the_verdict(runs):
    said = (runs / "said.txt").read_text()
    for column, reason in [("PassengerId", "identifier"), ("Name", "free text"), ("Ticket", "free text")]:
        assert any(column in line and f"left out: {reason}" in line for line in said.splitlines()), said
    assert "Verdict: holdout accuracy" in said
    assert "pipelines.predict model=titanic@champion" in said


def test_the_summary_holds_what_other_programs_read(runs):
    found = summary(runs)
    assert set(found) >= {
        "study", "seed", "goal", "task", "rows", "trials", "best", "baselines", "holdout", "verdict", "model", "seconds",
        "engine", "mlflow",
    }  # fmt: skip
    assert found["goal"] == {"metric": "accuracy", "direction": "maximize"}
    assert found["trials"] == {"asked": 2, "complete": 2, "stopped": 0, "failed": 0}
    assert found["rows"]["development"] + found["rows"]["holdout"] == 891
    assert found["model"]["aliases"] == ["champion"]
    assert found["model"]["uri"] == "models:/titanic/1"
    assert {line["name"] for line in found["baselines"]} == {"majority", "logistic", "boosting"}
    assert found["holdout"]["reads"] == 1
    assert found["holdout"]["confusion"]["labels"] == ["0", "1"]
    assert np.sum(found["holdout"]["confusion"]["counts"]) == found["rows"]["holdout"]
    assert found["threshold"] == 0.5
    assert set(found["seconds"]) == {"total", "data", "search", "refit", "baselines"}
    assert len(found["best"]["folds"]) == 3
    assert found["best"]["mean"] == pytest.approx(np.mean(found["best"]["folds"]))
    assert found["best"]["sd"] == pytest.approx(np.std(found["best"]["folds"], ddof=1))


def test_trials_are_a_table_with_a_row_a_trial(runs):
    trials = pd.read_parquet(only_study(runs) / "trials.parquet")
    assert trials["number"].tolist() == [0, 1]
    assert trials["model.units"].between(4, 16).all()
    assert np.allclose(trials[["fold_0", "fold_1", "fold_2"]].mean(axis=1), trials["mean"])


def test_the_holdout_is_scored_from_its_own_file(runs):
    held = pd.read_parquet(only_study(runs) / "holdout.parquet")
    source = pd.read_csv(TITANIC)
    assert (source["Survived"].iloc[held["row"]].astype(str).to_numpy() == held["truth"].to_numpy()).all()
    accuracy = (held["truth"] == held["prediction"]).mean()
    assert accuracy == pytest.approx(summary(runs)["holdout"]["metrics"]["accuracy"])
    assert np.allclose(held["p_0"] + held["p_1"], 1)


@pytest.mark.long
def test_a_fresh_process_answers_raw_rows_as_the_study_recorded(runs, tmp_path):
    source = pd.read_csv(TITANIC, dtype=str, keep_default_na=False)
    shuffled = source[sorted(source.columns, reverse=True)].copy()
    shuffled["Added"] = "x"
    held = pd.read_parquet(only_study(runs) / "holdout.parquet")
    other = next(row for row in range(len(source)) if row not in set(held["row"]))
    shuffled.loc[other, "Embarked"] = "Z"  # a level never seen
    rows, answers = tmp_path / "rows.csv", tmp_path / "answers.parquet"
    shuffled.to_csv(rows, index=False)
    done = run_anew("predict", "model=titanic@champion", f"input={rows}", f"output={answers}", runs=runs)
    assert done.returncode == 0, done.stderr
    found = pd.read_parquet(answers)
    assert len(found) == len(source)
    assert np.abs(found.loc[held["row"], ["p_0", "p_1"]].to_numpy() - held[["p_0", "p_1"]].to_numpy()).max() <= 1e-6
    assert found["p_1"].notna().all()
    scores = json.loads((only_study(runs) / "predict.json").read_text())
    assert scores["rows"] == 891
    assert "accuracy" in done.stdout


def test_a_finished_study_is_not_run_again(runs):
    before = summary(runs)
    done = run("tune", *WORDS, runs=runs)
    assert done.returncode == 0
    assert "2 of 2 trials, 0 more to run" in done.stdout
    assert before["verdict"] in done.stdout
    assert summary(runs) == before


@pytest.mark.long
def test_a_raised_total_goes_on_and_counts_the_second_look_at_the_holdout(runs, tmp_path):
    runs = copied(runs.parent, tmp_path / "copy") / "runs"
    words = [word.replace("budget.trials=2", "budget.trials=3") for word in WORDS]
    done = run("tune", *words, runs=runs)
    assert done.returncode == 0, done.stderr
    found = summary(runs)
    assert found["trials"]["complete"] == 3
    assert found["holdout"]["reads"] == 2
    assert found["model"]["aliases"] == ["challenger"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("seed=1", "seed: 0 -> 1"),
        ("fit.epochs=5", "fit.epochs: 4 -> 5"),
        ("model.units=[int,4,32]", "model.units"),
    ],
)
def test_a_name_stands_for_one_question_only(runs, change, sentence):
    name = only_study(runs).name
    done = run("tune", *WORDS, change, f"study={name}", runs=runs)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_mlflow_shows_an_experiment_a_parent_and_a_run_a_trial(runs):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{runs / 'mlflow.db'}")
    found = summary(runs)
    experiment = client.get_experiment_by_name(found["study"])
    assert experiment.experiment_id == found["mlflow"]["experiment_id"]
    all_runs = client.search_runs([experiment.experiment_id])
    parents = [r for r in all_runs if "mlflow.parentRunId" not in r.data.tags]
    assert [parent.info.run_id for parent in parents] == [found["mlflow"]["run_id"]]
    children = {int(r.data.tags["foldwise.trial"]): r for r in all_runs if r not in parents}
    trials = pd.read_parquet(only_study(runs) / "trials.parquet").set_index("number")
    assert set(children) == set(trials.index)
    for number, child in children.items():
        assert child.data.metrics["cv.accuracy.mean"] == pytest.approx(trials["mean"][number])
        assert child.data.params["model.units"] == str(trials["model.units"][number])
    assert int(client.get_model_version_by_alias("titanic", "champion").version) == 1


def test_nothing_in_the_artefact_is_a_pickle(runs):
    for path in (runs / "artifacts").rglob("*"):
        if path.is_file():
            assert path.suffix not in (".pkl", ".pickle", ".joblib", ".npy"), path
            assert not path.read_bytes().startswith(b"\x80"), path
