"""What a class map must beat."""

import numpy as np
import pytest

from foldwise.data.masks import IGNORED
from foldwise.tasks.segmentation.baselines import BASELINES, logistic, majority
from tests.unit.tasks.segmentation.circles import circles


def test_the_majority_is_the_commonest_known_class():
    masks = np.array([[[IGNORED, IGNORED, IGNORED, 2, 2, 0]]], np.uint8)
    assert (majority(np.zeros((1, 1, 6, 3), np.uint8), masks, 0)(np.zeros((2, 4, 4, 3), np.uint8)) == 2).all()


def test_a_regression_on_colour_tells_colours_apart():
    images, masks = circles(20)
    right = logistic(images, masks, 0)(images) == masks
    assert right.mean() > 0.95
    images = np.zeros((4, 8, 8, 3), np.uint8)
    images[:, :4, :, 0], images[:, 4:, :, 2] = 200, 200
    masks = np.zeros((4, 8, 8), np.uint8)
    masks[:, 4:], masks[0, 0] = 1, IGNORED
    guess = logistic(images, masks, 1)(images)
    assert np.array_equal(guess[1:], masks[1:])
    assert guess.dtype == np.uint8


@pytest.mark.parametrize("name", BASELINES)
def test_no_picture_has_no_answer_and_one_class_is_no_fault(name):
    images, masks = np.zeros((2, 4, 4, 1), np.uint8), np.zeros((2, 4, 4), np.uint8)
    guess = BASELINES[name](images, masks, 0)
    assert guess(images[:0]).shape == (0, 4, 4)
    assert (guess(images) == 0).all()
