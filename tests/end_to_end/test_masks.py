"""Masks, from the command to the answers of the registered model."""

import base64
import json
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.end_to_end.doors import only_study, run, summary
from tests.unit.tasks.segmentation.circles import circles

pytestmark = pytest.mark.slow

TINY = ["model=unet", "model.depth=2", "model.width=4", "model.up=resize", "model.dropout=0", "folds=split", "fit.epochs=6"]
TINY += ["fit.optimizer.learning_rate=0.01", "fit.batch_size=8", "budget.trials=1", "fit.loss=cross_entropy+dice"]


def _archive(path, count=60, **arrays):
    images, masks = circles(count, side=24)
    np.savez(path, images=images, masks=masks, **arrays)
    return images


@pytest.mark.long
def test_masks_become_a_model_that_answers_pictures_and_arrays(tmp_path):
    images = _archive(tmp_path / "discs.npz")
    runs, answers = tmp_path / "runs", tmp_path / "answers.csv"
    words = ["data=npz", f"data.path={tmp_path / 'discs.npz'}", "data.masks=masks", "data.classes=[ground,disc]"]
    done = run("tune", *words, *TINY, "augment=images", "augment.flip=both", runs=runs)
    assert done.returncode == 0, done.stderr
    found = summary(runs)
    assert found["holdout"]["metrics"]["mean_iou"] > 0.8
    assert {"foreground_iou", "picture_iou", "dice", "pixel_accuracy"} <= set(found["holdout"]["metrics"])
    study = only_study(runs)
    assert (study / "figures" / "overlays.png").exists()
    held = pd.read_parquet(study / "holdout.parquet")

    (tmp_path / "pictures").mkdir()
    for row, picture in enumerate(images[..., 0]):
        Image.fromarray(picture).save(tmp_path / "pictures" / f"{row:03}.png")
    for name in ("discs.npz", "pictures"):
        done = run("predict", "model=discs@champion", f"input={tmp_path / name}", f"output={answers}", runs=runs)
        assert done.returncode == 0, done.stderr
        assert ("mean_iou" in done.stdout) == (name == "discs.npz")  # only an archive holds masks
        table = pd.read_csv(answers)
        assert len(table) == 60
        for row, area in zip(table["row"], table["pixels_disc"], strict=True):
            mask = np.asarray(Image.open(tmp_path / "answers" / table["prediction"][row]))
            assert (mask == 1).sum() == area
        for row, kept in zip(held["row"], held["prediction"], strict=True):
            served = np.asarray(Image.open(BytesIO(base64.b64decode(kept))))
            assert np.array_equal(served, np.asarray(Image.open(tmp_path / "answers" / table["prediction"][row])))
        for path in (tmp_path / "answers").iterdir():
            path.unlink()
        (tmp_path / "answers").rmdir()
    scores = json.loads((study / "predict.json").read_text())
    assert scores["metrics"]["foreground_iou"] > 0.6


def test_what_does_not_fit_masks_is_one_sentence_and_nothing_is_written(tmp_path):
    _archive(tmp_path / "discs.npz", small=np.zeros((60, 9, 9), np.uint8), strange=np.full((60, 24, 24), 7, np.uint8))
    words = ["data=npz", f"data.path={tmp_path / 'discs.npz'}"]
    cases = {
        ("data.masks=mask",): "data.masks: ",
        ("data.masks=small",): "masks are 9 x 9 pixels, and their images 24 x 24",
        ("data.masks=strange", "data.classes=[a,b]"): "has the value 7, and data.classes names 2",
        ("data.masks=masks", "model=mlp"): "model: mlp is not for a segmentation task; use model=unet",
        ("data.masks=masks", "model=unet", "model.depth=5"): "model.depth: an image of 24 x 24 cannot be halved 5 times",
        ("data.masks=masks", "model=unet", "fit.loss=mse"): "fit.loss: mse does not suit a segmentation task",
        ("data.masks=masks", "model=unet", "goal.metric=accuracy"): "goal.metric: 'accuracy' is not defined for a segmentation",
    }
    for given, sentence in cases.items():
        done = run("tune", *words, *given, runs=tmp_path / "runs")
        assert done.returncode == 2, (given, done.stdout, done.stderr)
        assert sentence in done.stderr, given
        assert len(done.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "runs").exists()
