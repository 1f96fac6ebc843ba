import numpy as np
import pytest

from foldwise.tasks.detection.boxes import overlaps, suppressed
from foldwise.tasks.detection.decode import decode
from foldwise.tasks.detection.targets import encode

pytestmark = pytest.mark.slow

SIZE = (32, 48)


def maps_of(boxes, stride, labels=2):
    """The maps that a perfect network would give."""
    cells = (SIZE[0] // stride, SIZE[1] // stride)
    target = np.asarray(encode(np.asarray(boxes, np.float32)[None], labels, cells, stride))[0]
    heat = np.clip(target[..., :labels], 1e-6, 1 - 1e-6)
    return np.concatenate([np.log(heat / (1 - heat)), target[..., labels : labels + 4]], axis=-1)[None]


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_boxes_come_back_from_their_maps(stride):
    boxes = [[0, 3, 4, 19, 17], [1, 30, 8, 46, 30], [1, 1, 20, 9, 31]]
    found = decode(maps_of(boxes, stride), SIZE, stride)[0]
    there = found[found[:, 0] >= 0]
    assert len(there) == 3
    assert sorted(there[:, [0, 2, 3, 4, 5]].round(3).tolist()) == sorted(np.array(boxes, float).tolist())
    assert (found[3:] == -1).all()


def test_boxes_end_at_the_edges():
    maps = maps_of([[0, 2, 2, 10, 10]], 4)
    maps[..., 2:4] += 2.0  # far larger than the object
    corners = decode(maps, SIZE, 4)[0, 0, 2:]
    assert corners.min() == 0
    assert (corners[2:] <= [SIZE[1], SIZE[0]]).all()


def test_a_worse_box_of_the_same_label_goes():
    found = np.array([[0, 0.9, 0, 0, 10, 10], [0, 0.8, 1, 0, 11, 10], [1, 0.7, 0, 0, 10, 10], [0, 0.6, 20, 20, 30, 30]])
    assert suppressed(found, 0.5).tolist() == [False, True, False, False]
    assert not suppressed(found, 1.0).any()


def test_a_box_that_went_suppresses_no_other():
    found = np.array([[0, 0.9, 0, 0, 10, 10], [0, 0.8, 4, 0, 14, 10], [0, 0.7, 8, 0, 18, 10]])
    assert suppressed(found, 0.4).tolist() == [False, True, False]


def test_overlap_of_boxes():
    one, other = np.array([[0, 0, 10, 10.0]]), np.array([[5, 0, 15, 10.0], [20, 20, 30, 30], [0, 0, 10, 10]])
    assert overlaps(one, other).round(6).tolist() == [[0.333333, 0.0, 1.0]]
    assert overlaps(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [[0.0]]


def test_numbers_that_are_not_finite_give_no_box_and_no_error():
    maps = np.full((2, 8, 12, 6), np.nan, np.float32)
    assert (decode(maps, SIZE, 4) == -1).all()
    maps[:] = np.inf
    assert np.isfinite(decode(maps, SIZE, 4)).all()
    assert decode(maps[:0], SIZE, 4).shape == (0, 100, 6)


def test_at_most_100_boxes():
    maps = np.zeros((1, 40, 40, 5), np.float32)
    maps[0, ::2, ::2, 0] = 3.0
    maps[..., 1:3] = -1.0
    assert (decode(maps, (160, 160), 4)[0, :, 0] == 0).all()
