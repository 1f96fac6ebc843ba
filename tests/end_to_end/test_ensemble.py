"""Several trials as one model, through the doors: killed amid its refit, started again, asked, exported, retrained."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import only_study, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

# Networks that learn 160 rows by heart are far too sure, each of something else, so that their mean is clearly better.
BY_HEART = [
    *("goal.metric=log_loss", "ensemble=greedy", "budget.trials=6", "tuner=random", "race=none", "baselines=[majority]"),
    *("fit.epochs=20", "fit.batch_size=16", "fit.early_stop.patience=null", "fit.optimizer.learning_rate=0.02"),
    *("model.hidden=2", "model.units=[int,40,64]", "model.dropout=0", "model.activation=relu", "folds.count=3"),
    *("prep.scale=[choice,standard,robust]", "tracking.figures=false", "explain=none"),
]


@pytest.fixture
def words(tmp_path):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 6)).round(3)
    y = np.where(x[:, 0] + x[:, 1] + 1.5 * draw.normal(size=200) > 0, "yes", "no")
    pd.DataFrame(x, columns=list("abcdef")).assign(y=y).to_csv(tmp_path / "rows.csv", index=False)
    return ["data=csv", f"data.path={tmp_path / 'rows.csv'}", "data.target=y", *BY_HEART]


@pytest.mark.nightly
def test_an_ensemble_is_one_model_for_every_door(tmp_path, words):
    from foldwise.api import load
    from foldwise.models.average import members
    from foldwise.tracking.mlflow_registry import MlflowRegistry
    from foldwise.tracking.mlflow_store import mlflow_store

    runs = tmp_path / "runs"
    killed = run("tune", *words, runs=runs, env={**os.environ, "FOLDWISE_KILL": "after-refit:2"})
    assert killed.returncode == -signal.SIGKILL
    assert not (only_study(runs) / "bundle").exists()
    done = run("tune", *words, runs=runs)
    assert done.returncode == 0, done.stderr
    found = summary(runs)["ensemble"]
    assert found["shipped"]
    assert found["score"] < found["single"] - found["error"]
    assert found["milliseconds"] > 0
    assert found["megabytes"] > 0
    assert f"the model is an ensemble of {len(found['members'])} trials" in done.stdout
    assert f"model (ensemble of {len(found['members'])})" in done.stdout
    (card,) = runs.glob("studies/*/bundle/model_card.md")
    assert f"The mean of {len(found['members'])} trials of study" in card.read_text()

    rows, answers = tmp_path / "rows.csv", tmp_path / "answers.csv"
    done = run("predict", "model=rows@champion", f"input={rows}", f"output={answers}", runs=runs)
    assert done.returncode == 0, done.stderr
    shares = pd.read_csv(answers)[["p_no", "p_yes"]].to_numpy()
    bundle, raw = load("rows@champion", str(runs)), pd.read_csv(rows).drop(columns="y")
    own = [(member["trial"], member["weight"]) for member in found["members"]]
    assert [(member.trial, member.weight) for member in bundle.card.ensemble.members] == own
    assert len(own) >= 2
    scores, weights = [], []
    for place, part in enumerate(bundle.parts):
        for network in members(part.network):
            positive = network.predict_on_batch(part.features(raw))[:, 0].astype(np.float64)
            scores.append(np.column_stack([1 - positive, positive]))
        weights += [member.weight for member in bundle.card.ensemble.members if member.part == place]
    mean = np.average(scores, axis=0, weights=weights)
    plain = replace(bundle, card=replace(bundle.card, calibration=None)).scores(raw)
    np.testing.assert_allclose(plain, mean, atol=1e-6)
    np.testing.assert_allclose(shares, plain if bundle.card.calibration is None else bundle.card.calibration.apply(plain))
    served = MlflowRegistry(mlflow_store(runs, None)).answer("rows", 1, raw)
    np.testing.assert_allclose(served[["p_no", "p_yes"]].to_numpy(), shares, atol=1e-6)

    again = run("tune", *words, runs=runs)
    assert "is finished: 6 of 6 trials" in again.stdout
    assert summary(runs)["ensemble"] == found
    there = run("export", "model=rows@champion", f"output={tmp_path / 'there'}", runs=runs)
    assert there.returncode == (2 if len(bundle.parts) > 1 else 0)
    assert (tmp_path / "there").exists() == (len(bundle.parts) == 1)

    more = pd.read_csv(rows)
    pd.concat([more, more.assign(a=more["a"] + 0.01)]).to_csv(tmp_path / "more.csv", index=False)
    asked = [f"data.path={tmp_path / 'more.csv'}", "promotion.kind=test"]
    done = run("retrain", "model=rows", *asked, runs=runs)
    assert done.returncode == 0, done.stderr
    tried = {member["trial"] for member in found["members"]} | {found["best"]}
    assert done.stdout.count("  COMPLETE  ") == len(tried)


@pytest.mark.parametrize(
    "wrong",
    [
        ["ensemble.most=1"],
        ["ensemble=best"],
        ["certify=none"],
        ["folds=none", "data.holdout.kind=none"],
        ["select.rule=one_se"],
        ["goal.at_most.parameters=1000"],
    ],
)
def test_what_no_ensemble_can_do_is_refused_before_anything_is_written(tmp_path, words, wrong):
    done = run("tune", *words, *wrong, runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "error: ensemble" in done.stderr
    assert not (tmp_path / "runs").exists()
    assert Path(tmp_path / "rows.csv").exists()
