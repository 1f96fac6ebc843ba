"""A rare class: balanced training rows, a tuned threshold, and both where they are needed afterwards."""

import json

import numpy as np
import pandas as pd
import pytest

from foldwise.evaluation.calibration import Calibration
from tests.end_to_end.doors import SMALL, only_study, run, summary

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of 900 rows with one positive in eight, some gaps and a category; its runs and its source."""
    folder = tmp_path_factory.mktemp("uneven")
    draws = np.random.default_rng(0)
    rare = draws.random(900) < 1 / 8
    frame = pd.DataFrame(
        {
            "a": draws.normal(rare * 1.2, 1),
            "b": np.where(draws.random(900) < 0.1, np.nan, draws.normal(rare * 0.8, 1)),
            "c": np.where(draws.random(900) < 0.5 + 0.3 * rare, "u", "v"),
            "y": np.where(rare, "yes", "no"),
        }
    )
    frame.to_csv(folder / "rows.csv", index=False)
    words = ["data=csv", f"data.path={folder / 'rows.csv'}", "data.target=y", "budget.trials=2", *SMALL, "baselines=null"]
    words += ["goal.metric=f1", "fit.threshold=auto", "balance=smote", "balance.ratio=0.5", "prep.impute.indicator=true"]
    done = run("tune", *words, runs=folder / "runs")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "tuned on out-of-fold predictions" in done.stdout
    return folder / "runs", folder / "rows.csv"


@pytest.mark.long
def test_the_threshold_is_in_the_summary_the_trials_and_the_bundle(made):
    runs, _ = made
    found, trials = summary(runs), pd.read_parquet(only_study(runs) / "trials.parquet").set_index("number")
    card = json.loads((only_study(runs) / "bundle" / "bundle.json").read_text())
    assert 0 < found["threshold"] < 1
    tuned = trials["oof_threshold"][found["best"]["number"]]
    if card["calibration"] is not None:  # the threshold moves along, so that no label changes
        tuned = Calibration(**card["calibration"]).threshold(tuned)
    assert found["threshold"] == card["threshold"] == tuned


@pytest.mark.long
def test_the_holdout_is_labelled_by_it_and_its_mistakes_are_counted(made):
    runs, _ = made
    found, held = summary(runs), pd.read_parquet(only_study(runs) / "holdout.parquet")
    assert (held["prediction"] == np.where(held["p_yes"] > found["threshold"], "yes", "no")).all()
    confusion = found["holdout"]["confusion"]
    assert (confusion["labels"], confusion["rows"], confusion["columns"]) == (["no", "yes"], "truth", "prediction")
    (_, misses), (lost, hits) = confusion["counts"]
    assert np.sum(confusion["counts"]) == len(held)
    assert hits == ((held["truth"] == "yes") & (held["prediction"] == "yes")).sum()
    assert found["holdout"]["metrics"]["f1"] == pytest.approx(2 * hits / (2 * hits + misses + lost))


def test_the_baselines_have_thresholds_of_their_own_and_one_is_balanced(made):
    found = summary(made[0])
    names = ["majority", "logistic", "logistic_balanced", "boosting", "boosting_balanced"]
    assert [line["name"] for line in found["baselines"]] == names
    assert found["baselines"][1]["threshold"] < 0.5


def test_the_registered_model_answers_by_it(made, tmp_path):
    runs, rows = made
    done = run("predict", "model=rows@champion", f"input={rows}", f"output={tmp_path / 'answers.csv'}", runs=runs)
    assert done.returncode == 0, done.stderr
    answers, held = pd.read_csv(tmp_path / "answers.csv"), pd.read_parquet(only_study(runs) / "holdout.parquet")
    assert (answers["prediction"] == np.where(answers["p_yes"] > summary(runs)["threshold"], "yes", "no")).all()
    assert (answers["prediction"][held["row"]].to_numpy() == held["prediction"].to_numpy()).all()
    said = json.loads((only_study(runs) / "predict.json").read_text())
    assert np.sum(said["confusion"], axis=0).tolist() == answers["prediction"].value_counts()[["no", "yes"]].tolist()
