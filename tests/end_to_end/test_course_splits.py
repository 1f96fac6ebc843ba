"""The splits of courses, from rows to a model: lecture tables of a few rows, a column of sides, and no holdout."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import foldwise
from foldwise.bundle.bundle import load_bundle
from foldwise.doors.services import load_model
from foldwise.errors import DataError
from foldwise.tracking.mlflow_store import mlflow_store
from tests.end_to_end.doors import run

# TensorFlow is started before it trains in this process, or it would keep the threads that a study asks for from other tests
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

XOR = "x1,x2,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n"
POINTS = "x1,x2,y\n1,1,2\n1,0,1\n0,0,0\n"
LECTURE = ["data.target=y", "folds=none", "data.holdout.kind=none"]
LEARN_XOR = ["fit.epochs=300", "model.hidden=1", "model.units=8", "model.activation=tanh"]
IN_MEMORY = ["tracking=in_memory"]


@pytest.fixture(scope="module")
def xor(tmp_path_factory):
    """The finished study of XOR's four rows, with a registered model."""
    folder = tmp_path_factory.mktemp("xor")
    (folder / "xor.csv").write_text(XOR)
    words = ["study=xor", "experiment=xor", "data=csv", f"data.path={folder / 'xor.csv'}", *LECTURE, *LEARN_XOR]
    words += ["budget.trials=2", "fit.optimizer.learning_rate=[float,0.02,0.04]"]
    result = foldwise.tune(*words, f"paths.runs={folder / 'runs'}")
    return SimpleNamespace(folder=folder, runs=folder / "runs", result=result, words=words)


def test_four_rows_of_xor_are_learnt_and_called_nothing_but_learnt(xor):
    found = json.loads((xor.result.folder / "summary.json").read_text())
    assert found["best"]["mean"] == 1.0
    assert (found["rows"], found["scored_on"]) == ({"development": 4, "holdout": 0}, "training rows")
    assert (found["holdout"], [line["holdout"] for line in found["baselines"]]) == (None, [None] * 2)
    assert found["verdict"].startswith(
        "no verdict: trained and judged on the same 4 rows, with no holdout; accuracy 1.000 there"
    )
    assert "answer" not in found
    assert "on its own training rows" in xor.result._repr_html_()
    assert not (xor.result.folder / "holdout.parquet").exists()
    assert not [name for name in xor.result.trials().columns if name.startswith("oof")]
    assert (xor.result.folder / "figures" / "learning_curves.png").exists()
    assert not (xor.result.folder / "figures" / "confusion.png").exists()
    assert "no verdict: trained and judged on the same 4 rows" in (xor.result.folder / "compare.html").read_text()


def test_mlflow_has_no_score_of_the_holdout_and_none_called_cross_validated(xor):
    client = mlflow_store(xor.runs).client()
    (version,) = client.search_model_versions("name = 'xor'")
    assert version.description.startswith("no verdict: trained and judged on the same 4 rows")
    assert not [tag for tag in version.tags if tag.startswith("holdout")]
    parent = client.get_run(version.run_id)
    trials = client.search_runs([parent.info.experiment_id], "tags.`foldwise.trial` = '0'")
    assert trials[0].data.metrics["train.accuracy.mean"] == 1.0
    assert not [name for name in trials[0].data.metrics if name.startswith(("cv.", "oof."))]


def test_the_model_answers_and_its_trial_is_replayed(xor):
    answers = load_model("xor@champion", str(xor.runs)).predict(pd.read_csv(xor.folder / "xor.csv"))
    assert answers["prediction"].astype(str).tolist() == ["0", "1", "1", "0"]
    done = run("tune", "study=xor", "replay=0", runs=xor.runs)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trial 0 is the same, bit for bit" in done.stdout


@pytest.mark.long
def test_a_retraining_without_a_holdout_compares_on_new_rows_only(xor, capsys):
    asked = ("model=xor", "tracking.figures=false", f"paths.runs={xor.runs}", f"data.path={xor.folder / 'now.csv'}")
    (xor.folder / "now.csv").write_text(XOR + "0,2,1\n")
    with pytest.raises(DataError, match=r"the champion was made without a holdout, so only new rows can judge, and too few"):
        foldwise.retrain(*asked, "checks.drift=null")
    rng = np.random.default_rng(0)
    corners = np.arange(60)[:, None] // [1, 2] % 2
    more = pd.DataFrame(corners + rng.normal(0, 0.05, (60, 2)), columns=["x1", "x2"]).round(3)
    rows = pd.concat([pd.read_csv(xor.folder / "xor.csv"), more.assign(y=corners.sum(axis=1) % 2)])
    rows.to_csv(xor.folder / "now.csv", index=False)
    found = foldwise.retrain(*asked, "checks.drift=null", "newest=0.5")
    said = capsys.readouterr().out
    assert found["outcome"] in ("KEPT", "PROMOTED")
    assert (found["rows"]["holdout"], found["rows"]["newest"]) == (0, 30)
    assert set(found["test"]["parts"]) == {"newest"}
    assert "the champion was made without a holdout: both models answer the 30 newest rows, which neither trained on" in said


@pytest.mark.long
@pytest.mark.parametrize("engine", ["fused", "keras"])
@pytest.mark.parametrize(("hidden", "accuracy"), [(1, 1.0), (0, 0.5)])
def test_xor_needs_a_hidden_layer(tmp_path, engine, hidden, accuracy):
    (tmp_path / "xor.csv").write_text(XOR)
    words = ["experiment=xor", "data=csv", f"data.path={tmp_path / 'xor.csv'}", *LECTURE, *LEARN_XOR, f"model.hidden={hidden}"]
    found = foldwise.train(*words, f"training.engine={engine}", *IN_MEMORY, f"paths.runs={tmp_path / 'runs'}").summary
    assert (found["best"]["mean"], found["engine"]) == (accuracy, engine)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_three_points_of_a_line_give_back_its_weights(tmp_path, engine):
    (tmp_path / "points.csv").write_text(POINTS)
    words = ["experiment=linear_regression", "data=csv", f"data.path={tmp_path / 'points.csv'}", *LECTURE]
    result = foldwise.train(*words, f"training.engine={engine}", *IN_MEMORY, f"paths.runs={tmp_path / 'runs'}")
    kernel, bias = load_bundle(result.folder / "bundle").network.get_weights()
    assert np.allclose([*kernel.ravel(), *bias], [1, 1, 0], atol=1e-4)


def _iris_with_sides(tmp_path):
    from sklearn.datasets import load_iris

    rows = load_iris(as_frame=True).frame
    rows["part"] = (["train"] * 7 + ["Dev"] + ["test"] * 2) * 15
    rows.to_csv(tmp_path / "rows.csv", index=False)
    return ["data=csv", f"data.path={tmp_path / 'rows.csv'}", "data.target=target", "data.task=multiclass"]


QUICK = ["fit.epochs=4", "model.hidden=1", "tracking.figures=false", "explain=none", "budget.trials=6"]


@pytest.mark.long
def test_a_column_of_sides_decides_all_three(tmp_path):
    words = [*_iris_with_sides(tmp_path), "folds=given", "folds.column=part", "race=both", *QUICK, *IN_MEMORY]
    result = foldwise.tune(*words, f"paths.runs={tmp_path / 'runs'}")
    assert result.summary["rows"] == {"development": 120, "holdout": 30}
    held = pd.read_parquet(result.folder / "holdout.parquet")
    assert set(held["row"] % 10) == {8, 9}
    assert result.verdict.startswith("holdout accuracy")
    assert "part" not in load_bundle(result.folder / "bundle").card.schema.names


@pytest.mark.parametrize(("folds", "where"), [("auto", "in cross-validation over 3 folds"), ("split", "on one split")])
def test_without_a_holdout_there_is_no_verdict(tmp_path, folds, where):
    words = ["data=iris", "data.holdout.kind=none", f"folds={folds}", "folds.count=3", *QUICK, "budget.trials=2", *IN_MEMORY]
    found = foldwise.tune(*words, f"paths.runs={tmp_path / 'runs'}").summary
    assert found["verdict"].startswith("no verdict, for there is no holdout: accuracy ")
    assert f"{where}, the best of 2 trials; the best baseline, " in found["verdict"]
    assert (found["holdout"], found["rows"]) == (None, {"development": 150, "holdout": 0})
    assert "scored_on" not in found


def test_without_a_target_a_door_ends_before_anything_is_written(tmp_path):
    (tmp_path / "xor.csv").write_text(XOR)
    for words in (["data.target=null"], ["data.target=y", "data.task=clustering"]):
        done = run("tune", "data=csv", f"data.path={tmp_path / 'xor.csv'}", *words, runs=tmp_path / "runs")
        assert done.returncode == 2
        assert (
            "foldwise learns from a target: folds, baselines, holdout and verdict compare answers with the truth" in done.stderr
        )
        assert not (tmp_path / "runs").exists()


def test_seventy_ten_twenty_is_one_option(tmp_path):
    for data, develop, train, valid, held in (("iris", 120, 105, 15, 30), ("diabetes", 354, 310, 44, 88)):
        done = run("prepare", f"data={data}", "folds=split_70_10_20", runs=tmp_path / data)
        assert done.returncode == 0, done.stderr
        assert f"rows: {develop} to develop on in 1 fold ({train} train, {valid} validate), {held} set aside" in done.stdout
