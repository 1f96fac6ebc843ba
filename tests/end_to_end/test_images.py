"""Networks on images and on tables whose rows are images, from the command to the answers of the registered model."""

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import only_study, run, summary
from tests.unit.data.images import blobs, write_pictures

pytestmark = pytest.mark.slow

TINY = ["folds.count=2", "fit.epochs=2", "model.blocks=1", "model.filters=[int,4,8]", "model.units=16", "model.kernel=3"]
TINY += ["explain=none"]


@pytest.mark.long
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


@pytest.mark.long
def test_an_archive_of_images_becomes_a_model_that_answers_pictures_and_arrays(tmp_path):
    images, labels = blobs(rows=120, height=9, width=9, channels=3), np.tile(["ape", "bat", "cat"], 40)
    np.savez(tmp_path / "zoo.npz", images=images, labels=labels)
    runs, answers = tmp_path / "runs", tmp_path / "answers.parquet"
    words = ["data=npz", f"data.path={tmp_path / 'zoo.npz'}", "model=cnn", "prep.scale=unit", "budget.trials=1", "baselines=[]"]
    done = run("tune", *words, *TINY, "fit.epochs=8", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "images: 9 x 9 x 3" in done.stdout
    assert "input=images.npz" in done.stdout
    assert summary(runs)["holdout"]["metrics"]["accuracy"] > 0.9

    held = pd.read_parquet(only_study(runs) / "holdout.parquet")
    classes = ["p_ape", "p_bat", "p_cat"]
    write_pictures(tmp_path / "pictures", images, ["x"] * 120)
    for name in ("zoo.npz", "pictures"):
        done = run("predict", "model=zoo@champion", f"input={tmp_path / name}", f"output={answers}", runs=runs)
        assert done.returncode == 0, done.stderr
        assert ("accuracy" in done.stdout) == (name == "zoo.npz")  # only an archive holds labels
        found = pd.read_parquet(answers)
        assert np.abs(found.loc[held["row"], classes].to_numpy() - held[classes].to_numpy()).max() <= 1e-6
    assert found["file"].iloc[7].endswith("x/007.png")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model=cnn", "model.image=[8,8,1]"], "model.image: is 8 x 8 x 1, but the images are 9 x 9 x 3"),
        (["prep.scale=robust"], "prep.scale: robust is for columns"),
        (["balance=smote"], "balance.kind: smote mixes rows"),
        (["data.labels=label"], "data.labels: "),
        (["data.group=g"], "data.group: "),
    ],
)
def test_what_does_not_suit_images_is_one_sentence(words, sentence, tmp_path):
    np.savez(tmp_path / "zoo.npz", images=blobs(rows=120, height=9, width=9, channels=3), labels=np.arange(120) % 3)
    done = run("tune", "data=npz", f"data.path={tmp_path / 'zoo.npz'}", *words, runs=tmp_path / "runs")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()
