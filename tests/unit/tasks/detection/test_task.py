import math

import keras
import numpy as np
import pytest

from foldwise.models.heads import head_for
from foldwise.spec.augment import ImageAugment, NoAugment
from foldwise.spec.centre import CentreSpec
from foldwise.spec.fit import FitSpec
from foldwise.tasks.detection.precision import condense
from foldwise.tasks.table import task_of
from tests.unit.tasks.detection.cases import random_case

pytestmark = pytest.mark.slow

TASK = task_of("detection")
MODEL = CentreSpec(kind="centre", image=(30, 48, 3), stride=4)
HEAD = head_for("detection", 2, MODEL, FitSpec())


def test_the_head_knows_how_maps_become_boxes():
    assert (HEAD.units, HEAD.activation, HEAD.loss) == (6, "linear", "centres")
    assert (HEAD.height, HEAD.width, HEAD.stride, HEAD.overlap) == (30, 48, 4, 0.5)


def test_targets_have_the_places_of_the_outputs():
    boxes = np.array([[[1, 4, 4, 12, 28], [-1] * 5]], np.float32)
    target = TASK.encoder(HEAD, MODEL)(boxes)
    assert target.shape == (1, 8, 12, 8)
    assert np.asarray(target)[0, 4, 2, -2:].tolist() == [0.5, 1.0]  # the weights of the specification


def test_a_loss_for_each_row_or_for_the_batch():
    target = np.asarray(TASK.encoder(HEAD, MODEL)(np.array([[[1, 4, 4, 12, 28]], [[0, 0, 0, 9, 9]]], np.float32)))
    maps = np.zeros((2, 8, 12, 6), np.float32)
    each = np.asarray(TASK.loss(HEAD, per_row=True)(target, maps))
    assert each.shape == (2,)
    assert float(TASK.loss(HEAD)(target, maps)) == pytest.approx(each.mean(), rel=1e-5)


def test_the_curve_is_the_share_of_centres_that_are_found():
    target = np.asarray(
        TASK.encoder(HEAD, MODEL)(np.array([[[1, 4, 4, 12, 28], [0, 20, 4, 40, 20]], [[-1] * 5] * 2], np.float32))
    )
    maps = np.full((2, 8, 12, 6), -5.0, np.float32)
    maps[0, 4, 2, 1] = 2.0
    metric = TASK.curve(HEAD)
    metric.update_state(target, maps)
    assert float(metric.result()) == pytest.approx(0.75)  # half of those of one picture, and all of none
    assert isinstance(metric, keras.metrics.Metric)


def test_no_rows_give_no_boxes():
    assert TASK.predictions(HEAD, np.zeros((0, 8, 12, 6)), None).shape == (0, 100, 6)


def test_scores_are_means_over_the_classes_that_are_there():
    truth, found = random_case(2, pictures=10)
    rows = TASK.condensed(truth, found, 4)
    assert np.array_equal(rows, condense(truth, found, 4))
    scored = TASK.by_class(rows, ("a", "b", "c", "nowhere"))
    assert list(scored) == ["a", "b", "c"]
    for metric in ("ap50", "ap"):
        whole = TASK.scorer(4, metric)(np.arange(10), rows)
        assert whole == pytest.approx(np.mean([one[metric] for one in scored.values()]))


def test_pictures_without_any_box_have_no_score():
    truth, found = random_case(2)
    rows = TASK.condensed(np.full_like(truth, -1), found, 3)
    assert math.isnan(TASK.scorer(3, "ap50")(np.arange(len(rows)), rows))


def test_weights_repeat_pictures():
    truth, found = random_case(3, pictures=8)
    rows = TASK.condensed(truth, found, 3)
    weights = np.array([[1] * 8, [2, 0, 1, 0, 3, 1, 0, 1]])
    scored = TASK.under_weights(3, "ap50", np.arange(8), [rows], [0.5])(weights)
    again = np.repeat(np.arange(8), weights[1])
    assert scored[:, 0] == pytest.approx(
        [TASK.scorer(3, "ap50")(np.arange(8), rows), TASK.scorer(3, "ap50")(again, rows[again])]
    )


def test_only_images_are_moved():
    assert TASK.moved(NoAugment(), (30, 48, 3), 1) is None
    images, boxes = np.full((2, 30, 48, 3), 100, np.float32), np.array([[[1, 4, 4, 12, 28]]] * 2, np.float32)
    move = TASK.moved(
        ImageAugment(kind="images", flip="both", shift=0.1, contrast=0.2, brightness=0.2, noise=0.1), (30, 48, 3), 1
    )
    changed, moved = move(images, boxes, np.int64(0))
    assert changed.shape == images.shape
    assert moved.shape == boxes.shape
    assert 0 <= np.asarray(changed).min() < np.asarray(changed).max() <= 255


def test_words_for_prepare_and_for_a_service():
    truth = np.array([[[1, 4, 4, 12, 28], [1, 0, 0, 9, 9]], [[-1] * 5] * 2], np.float32)
    assert TASK.in_words(truth, ("cat", "dog")) == {"cat": 0, "dog": 2, "pictures without boxes": 1}
    assert TASK.columns(("cat", "dog")) == {"prediction": "string", "boxes_cat": "double", "boxes_dog": "double"}
    assert TASK.baselines(balanced=False, pixels=True) == ("mean_box", "no_boxes")
