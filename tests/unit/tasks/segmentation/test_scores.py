"""Scores of class maps: every one against an independent statement, on cases made by chance."""

import time

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, jaccard_score

from foldwise.data.masks import IGNORED
from foldwise.tasks.segmentation.scores import SCORES, by_class, by_picture, condense, score, scores


def _case(seed):
    """Masks and predictions by chance: 2 to 6 classes, ignored pixels, classes that are nowhere, empty masks."""
    draws = np.random.default_rng(seed)
    classes, pictures = int(draws.integers(2, 7)), int(draws.integers(1, 8))
    size = (pictures, int(draws.integers(1, 12)), int(draws.integers(1, 12)))
    some = draws.choice(classes, int(draws.integers(1, classes + 1)), replace=False)
    truth = draws.choice(some, size).astype(np.uint8)
    predicted = np.where(draws.random(size) < draws.random(), truth, draws.integers(0, classes, size)).astype(np.uint8)
    if seed % 3 == 0:
        truth[draws.random(size) < 0.3] = IGNORED
    if seed % 4 == 0:
        truth[0], predicted[0] = 0, 0  # a picture that has nothing, rightly
    if seed % 5 == 0:
        truth[-1] = 0
    if seed % 7 == 0:
        predicted[:] = 0
    return truth, predicted, classes


CASES = range(200)


@pytest.mark.parametrize("seed", CASES)
def test_every_score_is_that_of_scikit_learn(seed):
    truth, predicted, classes = _case(seed)
    condensed = condense(truth, predicted, classes)
    known = truth != IGNORED
    if not known.any():
        assert all(np.isnan(value) for value in scores(condensed).values())
        return
    a, b = truth[known], predicted[known]
    there = np.union1d(a, b)
    expected = {
        "mean_iou": jaccard_score(a, b, labels=there, average="macro", zero_division=0),
        "dice": f1_score(a, b, labels=there, average="macro", zero_division=0),
        "pixel_accuracy": accuracy_score(a, b),
    }
    objects = there[there != 0]
    mean = jaccard_score(a, b, labels=objects, average="macro", zero_division=0) if len(objects) else 1.0
    expected["foreground_iou"] = mean
    seen = [pair for pair in zip(truth, predicted, strict=True) if (pair[0] != IGNORED).any()]
    expected["picture_iou"] = np.mean([_iou_of_a_picture(*pair, classes) for pair in seen])
    assert scores(condensed) == pytest.approx(expected, abs=1e-12)
    own = confusion_matrix(a, b, labels=range(classes))
    assert np.array_equal(condensed.sum(axis=0), np.stack([own.diagonal(), own.sum(axis=0), own.sum(axis=1)], axis=1))


def _iou_of_a_picture(truth, predicted, classes):
    """Said once more with sets of places."""
    found = []
    for code in range(1, classes):
        true = {tuple(place) for place in np.argwhere(truth == code)}
        guess = {tuple(place) for place in np.argwhere((predicted == code) & (truth != IGNORED))}
        found.append(len(true & guess) / len(true | guess) if true | guess else 1.0)
    return np.mean(found)


def test_empty_against_empty_is_right_and_against_something_wrong():
    truth = np.zeros((3, 2, 2), np.uint8)
    predicted = truth.copy()
    predicted[1, 0, 0] = 1
    truth[2, 0, 0] = 1
    condensed = condense(truth, predicted, 2)
    assert by_picture(condensed).tolist() == [1.0, 0.0, 0.0]
    assert score(condensed, "picture_iou") == pytest.approx(1 / 3)
    assert score(condensed[:1], "foreground_iou") == 1.0
    assert score(condensed[:1], "mean_iou") == 1.0


def test_an_ignored_pixel_counts_nowhere():
    truth = np.array([[[0, 1, IGNORED]]], np.uint8)
    for code in (0, 1):
        assert condense(truth, np.array([[[0, 1, code]]], np.uint8), 2).tolist() == [[[1, 1, 1], [1, 1, 1]]]


def test_a_picture_without_a_known_pixel_is_not_among_the_pictures():
    truth = np.array([[[0, 1]], [[IGNORED, IGNORED]]], np.uint8)
    predicted = np.zeros((2, 1, 2), np.uint8)
    assert scores(condense(truth, predicted, 2)) == scores(condense(truth[:1], predicted[:1], 2))


def test_scores_pool_the_pixels_of_pictures_and_picture_iou_is_a_mean_over_pictures():
    truth, predicted = np.zeros((2, 10, 10), np.uint8), np.zeros((2, 10, 10), np.uint8)
    truth[0], predicted[0] = 1, 1  # 100 pixels right
    truth[1, 0, 0], predicted[1, 0, 1] = 1, 1  # one missed, one invented
    condensed = condense(truth, predicted, 2)
    assert score(condensed, "foreground_iou") == pytest.approx(100 / 102)
    assert score(condensed, "picture_iou") == pytest.approx(0.5)


def test_classes_by_name():
    truth, predicted = np.array([[[0, 0, 1, 1]]], np.uint8), np.array([[[0, 0, 1, 0]]], np.uint8)
    found = by_class(condense(truth, predicted, 3), ["back", "cell", "none"])
    assert found["cell"] == {"iou": 0.5, "dice": pytest.approx(2 / 3), "share": 0.5}
    assert found["back"]["iou"] == pytest.approx(2 / 3)
    assert np.isnan(found["none"]["iou"])


def test_no_picture_has_no_score():
    assert np.isnan(score(np.zeros((0, 2, 3)), "mean_iou"))


@pytest.mark.parametrize("metric", SCORES)
def test_a_score_of_a_hundred_pictures_takes_less_than_a_millisecond(metric):
    condensed = condense(*np.random.default_rng(0).integers(0, 4, (2, 100, 8, 8), np.uint8), 4)
    before = time.process_time()
    for _ in range(100):
        score(condensed, metric)
    assert time.process_time() - before < 0.1
