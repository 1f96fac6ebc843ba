"""Segmentation as a task: from masks to a trained network and its scores."""

from types import SimpleNamespace

import numpy as np
import pytest

from foldwise.data.masked_table import masked_table
from foldwise.data.sources.image_array import ImageSource
from foldwise.models.heads import Head
from foldwise.spec.goal import METRICS, PIXELS
from foldwise.spec.images import NpzData
from foldwise.tasks.scores import condensed_for, score
from foldwise.tasks.segmentation.scores import SCORES
from foldwise.tasks.table import task_of
from tests.unit.tasks.segmentation.circles import circles

TASK = task_of("segmentation")
HEAD = Head(2, "softmax", "cross_entropy+dice", "segmentation")


def _table(count=160):
    images, masks = circles(count)
    source = ImageSource(images, None, np.arange(count), "x", masks=masks, classes=("ground", "disc"))
    return masked_table(source, NpzData(kind="npz", path="x", masks="masks"))


def test_its_scores_are_the_metrics_of_the_goal():
    assert set(SCORES) == {name for name, (_, tasks) in METRICS.items() if tasks == PIXELS}


def test_predictions_are_the_most_probable_class():
    outputs = np.array([[[[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]]])
    assert TASK.predictions(HEAD, outputs, None).tolist() == [[[1, 0, 0]]]


def test_answers_have_the_columns_that_it_names():
    masks = np.zeros((3, 4, 4), np.uint8)
    found = TASK.answers(masks, ["a", "b"])
    assert list(found) == list(TASK.columns(["a", "b"]))
    assert all(len(cells) == 3 for cells in found.values())


def test_right_answers_have_the_best_score():
    table = _table(10)
    rows = condensed_for(table, np.arange(10), table.target)
    assert rows.shape == (10, 2, 3)
    assert set(score("segmentation", 2, table.target, rows).values()) == {1.0}


def test_weights_of_pictures_repeat_them():
    table = _table(6)
    rows = condensed_for(table, np.arange(6), np.roll(table.target, 2, axis=1))
    weighted = TASK.under_weights(2, "mean_iou", np.arange(6), [rows], [0.5])
    times = np.array([[0, 2, 1, 0, 3, 0], [1, 1, 1, 1, 1, 1]])
    expected = [TASK.scorer(2, "mean_iou")(None, rows[np.repeat(np.arange(6), some)]) for some in times]
    assert weighted(times)[:, 0].tolist() == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.usefixtures("tensorflow_started")
def test_made_circles_reach_an_intersection_over_union_of_95_percent(training, train):
    """A known answer: trained by the engine, with masks that move with their pictures."""
    from dataclasses import replace

    from foldwise.data.preparation.fold import prepare_fold
    from foldwise.spec.augment import ImageAugment
    from foldwise.spec.balance import NoBalance
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.lr_schedule import OneCycle
    from foldwise.spec.prep import PrepSpec
    from foldwise.spec.unet import UnetSpec

    table = _table()
    split = SimpleNamespace(train=np.arange(120), valid=np.arange(120, 160))
    data = prepare_fold(table, split, PrepSpec(), NoBalance(), 0)
    model = UnetSpec(kind="unet", image=(32, 32, 1), depth=2, width=8, up="resize")
    fit = FitSpec.model_validate({"epochs": 12, "batch_size": 16, "optimizer": {"kind": "adam", "learning_rate": 0.01}})
    asked = replace(
        training(fit=fit, schedule=OneCycle(kind="one_cycle")),
        model=model,
        head=HEAD,
        augment=ImageAugment(kind="images", flip="both"),
    )
    (fold,) = train(asked, data)
    rows = condensed_for(table, split.valid, fold.predictions)
    assert score("segmentation", 2, table.target[split.valid], rows)["foreground_iou"] > 0.95
    assert len(fold.curves["val_mean_iou"]) == 12
