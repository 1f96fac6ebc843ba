"""A convolutional network on a table whose rows are images, from the command to the answers of the registered model."""

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import only_study, run, summary

pytestmark = pytest.mark.slow

TINY = ["folds.count=2", "fit.epochs=2", "model.blocks=1", "model.filters=[int,4,8]", "model.units=16", "model.kernel=3"]


def test_digits_become_a_model_that_answers_raw_rows(tmp_path):
    from sklearn.datasets import load_digits

    runs, rows, answers = tmp_path / "runs", tmp_path / "rows.csv", tmp_path / "answers.parquet"
    words = ["data=digits", "model=cnn", "model.image=[8,8,1]", "prep.scale=max", "budget.trials=2", *TINY]
    done = run("tune", *words, runs=runs)
    assert done.returncode == 0, done.stderr
    assert "engine keras: a cnn trains fold by fold" in done.stdout
    found = summary(runs)
    assert found["trials"]["complete"] == 2
    assert found["verdict"].startswith("holdout accuracy")
    assert found["holdout"]["metrics"]["accuracy"] > 0.5

    load_digits(as_frame=True).frame.drop(columns="target").to_csv(rows, index=False)
    done = run("predict", "model=digits@champion", f"input={rows}", f"output={answers}", runs=runs)
    assert done.returncode == 0, done.stderr
    held = pd.read_parquet(only_study(runs) / "holdout.parquet")
    classes = [f"p_{digit}" for digit in range(10)]
    agreed = pd.read_parquet(answers).loc[held["row"], classes].to_numpy()
    assert np.abs(agreed - held[classes].to_numpy()).max() <= 1e-6
