"""Boxes in pictures, from the command to a served model."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.end_to_end.doors import only_study, run, summary
from tests.unit.tasks.detection.squares import squares, write_squares

pytestmark = pytest.mark.slow

SMALL = [
    "model=centre",
    "model.width=8",
    "model.depth=3",
    "model.stride=4",
    "model.dropout=0",
    "prep.scale=unit",
    "folds=split",
]
LEARNS = ["fit.batch_size=8", "fit.optimizer.learning_rate=0.005", "lr_schedule=cosine", "budget.trials=1"]


@pytest.mark.long
def test_squares_are_found_and_answered(tmp_path):
    runs = tmp_path / "runs"
    words = [*write_squares(tmp_path), *SMALL, *LEARNS, "fit.epochs=30", "augment=images", "augment.flip=both"]
    done = run("tune", *words, runs=runs)
    assert done.returncode == 0, done.stderr
    assert "detection of boxes" in done.stdout
    found = summary(runs)
    assert found["holdout"]["metrics"]["ap50"] >= 0.95
    assert min(one["ap50"] for one in found["holdout"]["classes"].values()) >= 0.9
    assert found["answer"] == "better"
    assert {one["name"] for one in found["baselines"]} == {"mean_box", "no_boxes"}
    figures = {path.name for path in (only_study(runs) / "figures").iterdir()}
    assert {"boxes.png", "precision_recall.png", "network.png"} <= figures

    images, boxes = squares(count=4, seed=9)
    (tmp_path / "p").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / "p" / f"{number}.png")
    answers = tmp_path / "answers.csv"
    done = run("predict", "model=squares@champion", f"input={tmp_path / 'p'}", f"output={answers}", runs=runs)
    assert done.returncode == 0, done.stderr
    rows, listed = pd.read_csv(answers), pd.read_csv(tmp_path / "answers" / "boxes.csv")
    for number, own in enumerate(boxes):
        sure = listed[(listed["row"] == number) & (listed["score"] > 0.3)]
        assert sorted(sure["label"]) == sorted(box["label"] for box in own)
        assert [box["box"] for box in json.loads(rows["prediction"][number])] == listed[listed["row"] == number][
            ["x_min", "y_min", "x_max", "y_max"]
        ].to_numpy().tolist()
    content = json.loads((tmp_path / "answers" / "boxes.json").read_text())
    assert len(content["annotations"]) == len(listed)
    assert len(list((tmp_path / "answers" / "pictures").iterdir())) == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["data.classes=[light]"], "squares.json, image "),
        (["data.boxes=gone.json"], "data.boxes: not found: gone.json"),
        (["model.depth=7"], "cannot be halved 7 times"),
        (["goal.metric=accuracy"], "goal.metric: 'accuracy' is not defined for a detection task; use one of ap50, ap"),
        (["fit.loss=mse"], "fit.loss: mse does not suit a detection task"),
        (["baselines=[logistic]"], "logistic is not a baseline of a detection task; use some of mean_box, no_boxes"),
        (["augment=images", "augment.cutout=0.1"], "augment.cutout: does not move masks or boxes"),
        (["data.task=multiclass"], "with data.boxes use detection"),
    ],
)
def test_what_does_not_suit_boxes_is_one_sentence(words, sentence, tmp_path):
    done = run("tune", *write_squares(tmp_path, count=20), *SMALL, *words, runs=tmp_path / "runs")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_a_network_for_labels_is_one_sentence(tmp_path):
    done = run("tune", *write_squares(tmp_path, count=20), "model=cnn", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "model: cnn is not for a detection task; use model=centre" in done.stderr


def test_an_empty_file_of_boxes_is_one_sentence(tmp_path):
    words = write_squares(tmp_path, count=20)
    (tmp_path / "squares.json").write_text("")
    done = run("tune", *words, *SMALL, runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "squares.json is empty; give COCO's JSON" in done.stderr
    assert np.array_equal([path.name for path in sorted(tmp_path.iterdir())], ["squares.json", "squares.npz"])
