"""The best trial, refitted from several first weights: one model that answers with the mean of its networks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import SMALL, only_study, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


@pytest.mark.long
def test_a_model_of_three_seeds_answers_with_the_mean_of_its_networks(tmp_path):
    from foldwise.bundle.bundle import load_bundle
    from foldwise.models.average import members

    draws = np.random.default_rng(0).normal(size=(120, 2)).round(3)
    rows = pd.DataFrame(draws, columns=["a", "b"]).assign(y=(draws[:, 0] + draws[:, 1] ** 2).round(3))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    runs, words = tmp_path / "runs", ["data=csv", f"data.path={tmp_path / 'rows.csv'}", "data.target=y"]
    done = run("train", *words, *SMALL, "fit.seeds=3", "prep.clamp_target=true", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "development rows, 3 times with different first weights" in done.stdout
    assert "the model is the mean of 3 networks: a row takes " in done.stdout
    assert summary(runs)["seeds"] == 3
    text = (only_study(runs) / "network.txt").read_text()
    assert 'Model: "mlp_1_of_3"' in text
    assert "The model is the mean of 3 such networks" in text

    words = [f"input={tmp_path / 'rows.csv'}", f"output={tmp_path / 'answers.csv'}"]
    done = run("predict", "model=rows@champion", *words, runs=runs)
    assert done.returncode == 0, done.stderr
    answers = pd.read_csv(tmp_path / "answers.csv")["prediction"]
    bundle = load_bundle(only_study(runs) / "bundle")
    target = bundle.preparation.target
    free = replace(bundle, preparation=replace(bundle.preparation, target=replace(target, low=None, high=None)))
    each = [replace(free, network=network).scores(rows) for network in members(bundle.network)]
    assert len(each) == 3
    np.testing.assert_allclose(answers, np.clip(np.mean(each, axis=0), target.low, target.high), rtol=1e-5, atol=1e-5)
    assert np.ptp(each, axis=0).max() > 0.01
