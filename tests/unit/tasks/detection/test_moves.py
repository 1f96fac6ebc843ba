import numpy as np
import pytest
import tensorflow as tf

from foldwise.spec.augment import ImageAugment
from foldwise.tasks.detection.moves import draw_moves, move_boxes, move_images

pytestmark = pytest.mark.slow

SIZE = (48, 64)
BOX = [20, 12, 34, 22]


def moved(augment, count=64, seed=3):
    """A white box on black and its frame, moved `count` times."""
    images = np.zeros((count, *SIZE, 1), np.float32)
    images[:, BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    boxes = np.full((count, 2, 5), -1.0, np.float32)
    boxes[:, 0] = [1, *BOX]
    moves = draw_moves(ImageAugment(kind="images", **augment), count, SIZE, tf.constant([seed, 0], tf.int64))
    return move_images(images, moves).numpy(), move_boxes(boxes, moves, SIZE).numpy()


def extent(image):
    """Where the white pixels are: x_min, y_min, x_max, y_max, and their middle."""
    weight = image[..., 0] / image.sum()
    rows, columns = np.nonzero(image[..., 0] > 127)
    middle = (weight.sum(axis=0) @ (np.arange(SIZE[1]) + 0.5), weight.sum(axis=1) @ (np.arange(SIZE[0]) + 0.5))
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]), np.array(middle)


@pytest.mark.parametrize("augment", [{"flip": "horizontal"}, {"flip": "vertical"}, {"flip": "both"}])
def test_a_flip_is_exact(augment):
    images, boxes = moved(augment)
    assert len({tuple(box) for box in boxes[:, 0].tolist()}) == (4 if augment["flip"] == "both" else 2)
    for image, box in zip(images, boxes, strict=True):
        assert np.allclose(extent(image)[0], box[0, 1:], atol=1e-3)
        assert box[1].tolist() == [-1] * 5


@pytest.mark.parametrize("augment", [{"shift": 0.15}, {"zoom": 0.3}, {"shift": 0.1, "zoom": 0.2, "flip": "both"}])
def test_a_box_stays_around_its_object(augment):
    images, boxes = moved(augment)
    for image, box in zip(images, boxes, strict=True):
        assert np.abs(extent(image)[0] - box[0, 1:]).max() <= 1.0
    assert len(np.unique(boxes[:, 0, 1].round(3))) > 30


def test_a_turned_box_has_the_centre_and_about_the_area_of_its_object():
    images, boxes = moved({"rotation": 180.0})
    for image, box in zip(images, boxes, strict=True):
        corners, middle = extent(image)
        assert np.abs(middle - (box[0, 1:3] + box[0, 3:5]) / 2).max() < 0.5
        assert np.prod(box[0, 3:5] - box[0, 1:3]) <= np.prod(corners[2:] - corners[:2]) * 1.3


def test_a_box_that_is_mostly_outside_goes_and_others_are_cut():
    _, boxes = moved({"shift": 0.6}, count=300)
    kept = boxes[:, 0, 0] >= 0
    assert 20 < kept.sum() < 280
    assert (boxes[~kept] == -1).all()
    corners = boxes[kept, 0, 1:]
    assert corners.min() >= 0
    assert (corners[:, 2:] <= [SIZE[1], SIZE[0]]).all()
    area = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    assert area.min() >= 0.25 * 140 - 1e-3
    assert area.min() < 0.4 * 140


def test_nothing_asked_moves_nothing():
    images, boxes = moved({}, count=2)
    assert np.allclose(extent(images[0])[0], BOX)
    assert np.allclose(boxes[0, 0], [1, *BOX])


def test_draws_follow_from_the_seed():
    one, same, other = (moved({"shift": 0.2}, seed=seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
