"""Several numbers at once, from the command to the answers of the registered model."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import only_study, run, summary
from tests.unit.tasks.several.tables import two_numbers

pytestmark = pytest.mark.slow

QUICK = ["tracking.figures=false", "explain=none", "folds.count=3", "fit.epochs=8", "model.units=16", "model.hidden=1"]
QUICK += ["budget.trials=1", "model.dropout=0", "fit.optimizer.learning_rate=0.01"]


def _table(folder, rows=120):
    two_numbers(rows).to_csv(folder / "two.csv", index=False)
    return ["data=csv", f"data.path={folder / 'two.csv'}", "data.target=[height,price]"]


@pytest.mark.long
def test_two_numbers_become_one_model_that_answers_both(tmp_path):
    runs, words, answers = tmp_path / "runs", _table(tmp_path), tmp_path / "answers.csv"
    done = run("tune", *words, "data.target_weights=[3,1]", *QUICK, runs=runs)
    assert done.returncode == 0, done.stderr
    assert "on the holdout, in its own unit" in done.stdout
    found, study = summary(runs), only_study(runs)
    assert (found["task"], found["goal"]["metric"]) == ("multioutput", "mean_rmse")
    assert {one["name"] for one in found["baselines"]} == {"mean", "ridge", "boosting"}
    each = found["holdout"]["targets"]
    assert set(each) == {"height", "price"}
    assert found["holdout"]["metrics"]["rmse_price"] == each["price"]["rmse"]
    held = pd.read_parquet(study / "holdout.parquet")
    errors = held["truth_price"] - held["price"]
    assert np.sqrt((errors**2).mean()) == pytest.approx(each["price"]["rmse"])
    trials = pd.read_parquet(study / "trials.parquet")
    assert {"oof_mean_rmse", "oof_rmse_height", "oof_r2_price"} <= set(trials)

    done = run("predict", "model=two@champion", f"input={tmp_path / 'two.csv'}", f"output={answers}", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "mean_rmse" in done.stdout
    table = pd.read_csv(answers)
    assert list(table)[:3] == ["row", "height", "price"]
    again = table.set_index("row").loc[held["row"]]
    assert again["price"].to_numpy() == pytest.approx(held["price"].to_numpy())
    scores = json.loads((study / "predict.json").read_text())["metrics"]
    assert scores["r2_height"] == pytest.approx(1 - _unexplained(tmp_path, table, "height"))
    done = run("tune", *words, "data.target_weights=[3,1]", *QUICK, "replay=0", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "no" not in [line.split()[-1] for line in done.stdout.splitlines() if line.strip()]


def _unexplained(folder, answers, name):
    truth = pd.read_csv(folder / "two.csv")[name]
    return ((truth - answers[name]) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()


def test_what_does_not_fit_several_numbers_is_one_sentence_and_nothing_is_written(tmp_path):
    words = _table(tmp_path)
    cases = {
        ("data.target=[height,colour]",): "data.target: the column colour holds words such as",
        ("data.target=[height,prize]",): "data.target: ",
        ("data.target=[height,height]",): "data.target: names 'height' twice",
        ("data.target=[]",): "data.target: is an empty list",
        ("data.target=[height,3]",): "data.target: lists names of columns, as in [y1,y2], got 3",
        ("data.task=regression",): "data.task: is regression, and data.target lists 2 columns",
        ("data.target=height", "data.task=multioutput"): "data.task: multioutput predicts several numbers",
        ("data.target=height", "data.target_weights=[1]"): "data.target_weights: weighs several numbers",
        ("data.target_weights=[1,2,3]",): "data.target_weights: has 3 weights",
        ("data.target_weights=[1,0]",): "data.target_weights.1: must be > 0",
        ("data.drop=[price]",): "data.drop: 'price' is the target",
        (
            "goal.metric=rmse",
        ): "goal.metric: 'rmse' is not defined for a multioutput task; use one of mean_rmse, mean_mae, mean_r2",
        ("balance=oversample",): "balance.kind: oversample is for classes",
        ("fit.loss=binary_crossentropy",): "fit.loss: binary_crossentropy does not suit a multioutput task",
        ("folds=stratified",): "folds.kind: stratified needs classes",
        ("ensemble=greedy",): "ensemble.kind: combines labels or numbers",
    }
    for given, sentence in cases.items():
        done = run("tune", *words, *given, runs=tmp_path / "runs")
        assert done.returncode == 2, (given, done.stdout, done.stderr)
        assert sentence in done.stderr, (given, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "runs").exists()


def test_a_list_of_one_is_the_study_of_its_name(tmp_path):
    two_numbers(60).to_csv(tmp_path / "two.csv", index=False)
    names = []
    for target in ("height", "[height]"):
        words = ["data=csv", f"data.path={tmp_path / 'two.csv'}", f"data.target={target}"]
        done = run("prepare", *words, runs=tmp_path / "runs")
        assert done.returncode == 0, done.stderr
        names.append(done.stdout)
    assert names[0] == names[1]
