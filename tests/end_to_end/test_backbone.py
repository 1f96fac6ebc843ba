"""Networks that begin with weights from a file: from the command to the bundle, in other processes, again, and refused."""

import hashlib
import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import only_study, run, summary
from tests.unit.data.images import blobs

pytestmark = pytest.mark.slow

MODEL = ["model=backbone", "model.architecture=MobileNetV3Small", "model.weights=w.weights.h5", "model.dropout=[float,0.0,0.3]"]
QUICK = [
    "folds=split",
    "fit.epochs=3",
    "budget.trials=2",
    "study=zoo",
    "explain=none",
    "tracking.figures=false",
    "baselines=[majority]",
]


@pytest.fixture
def zoo(tmp_path):
    """Words that choose 90 images and the folder of a file of weights."""
    np.savez(
        tmp_path / "zoo.npz", images=blobs(rows=90, height=32, width=32, channels=3), labels=np.tile(["ape", "bat", "cat"], 30)
    )
    return ["data=npz", f"data.path={tmp_path / 'zoo.npz'}", f"paths.data={tmp_path}"]


def _write_weights(folder, seed):
    import keras

    keras.utils.set_random_seed(seed)
    network = keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=(32, 32, 3))
    network.save_weights(folder / "w.weights.h5")
    return network


@pytest.mark.long
def test_a_study_keeps_its_weights_and_takes_no_others(tmp_path, zoo):
    from foldwise.bundle.bundle import load_bundle

    runs = tmp_path / "runs"
    given = _write_weights(tmp_path, 1)
    done = run("tune", *zoo, *MODEL, *QUICK, runs=runs)
    assert done.returncode == 0, done.stderr
    assert "random weights" not in done.stdout
    assert summary(runs)["trials"]["complete"] == 2

    network = load_bundle(only_study(runs) / "bundle").network
    frozen = {weight.path: np.asarray(weight) for weight in network.weights}
    for weight in given.weights:  # the output layer alone was trained
        assert np.array_equal(frozen[weight.path], np.asarray(weight)), weight.path

    answers = tmp_path / "answers.parquet"
    done = run("predict", "model=zoo@champion", f"input={tmp_path / 'zoo.npz'}", f"output={answers}", runs=runs)
    assert done.returncode == 0, done.stderr
    held = pd.read_parquet(only_study(runs) / "holdout.parquet")
    classes = ["p_ape", "p_bat", "p_cat"]
    assert np.abs(pd.read_parquet(answers).loc[held["row"], classes].to_numpy() - held[classes].to_numpy()).max() <= 1e-6

    again = run("tune", "study=zoo", "replay=0", f"paths.data={tmp_path}", runs=runs)
    assert again.returncode == 0, again.stderr
    assert "trial 0 is the same, bit for bit" in again.stdout

    _write_weights(tmp_path, 2)
    for words in ([*zoo, *MODEL, *QUICK], ["study=zoo", "replay=0", f"paths.data={tmp_path}"]):
        done = run("tune", *words, runs=runs)
        assert done.returncode == 2, done.stdout
        assert "sha256" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.long
def test_workers_get_the_weights_as_they_were(tmp_path, zoo):
    _write_weights(tmp_path, 1)
    sha256 = hashlib.sha256((tmp_path / "w.weights.h5").read_bytes()).hexdigest()
    runs = tmp_path / "runs"
    done = run("tune", *zoo, *MODEL, *QUICK, "execute=dask", "execute.workers=1", "budget.trials=1", runs=runs)
    assert done.returncode == 0, done.stderr
    assert summary(runs)["trials"]["complete"] == 1  # a worker takes no file but that which it was sent
    with closing(sqlite3.connect(runs / "ledger.db")) as ledger:
        (recipe,) = ledger.execute("SELECT recipe FROM studies").fetchone()
    assert json.loads(recipe)["model"]["sha256"] == sha256


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([*MODEL, "model.weights=none.h5"], "model.weights: file not found: none.h5; it is never downloaded"),
        ([*MODEL, "prep.scale=unit"], "prep.scale: unit is not for model=backbone"),
        (
            [*MODEL, "model.weights=zoo.h5"],
            "model.weights: zoo.h5 does not hold the weights of MobileNetV3Small without its top",
        ),
        (["model=resnet", "model.stages=6"], "model.stages: 6 stages halve an image of 32 x 32 6 times and leave no pixel"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_writes_nothing(words, sentence, tmp_path, zoo):
    (tmp_path / "zoo.h5").write_bytes((tmp_path / "zoo.npz").read_bytes())
    (tmp_path / "w.weights.h5").write_bytes(b"")
    done = run("tune", *zoo, *words, runs=tmp_path / "runs")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()
