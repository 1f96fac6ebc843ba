import numpy as np
import pytest

from foldwise.tasks.detection.loss import centre_loss
from foldwise.tasks.detection.targets import encode, radius

pytestmark = pytest.mark.slow

CELLS, STRIDE = (8, 12), 4


def target_of(*boxes, labels=2, weights=(1.0, 1.0)):
    rows = np.full((1, 4, 5), -1.0, np.float32)
    for place, box in enumerate(boxes):
        rows[0, place] = box
    return np.asarray(encode(rows, labels, CELLS, STRIDE, weights))


def test_a_box_has_its_centre_size_and_place():
    target = target_of([1, 4, 8, 20, 14])  # centre (12, 11) = cell (3, 2) and three quarters down
    assert np.argwhere(target[0, ..., 1] == 1).tolist() == [[2, 3]]
    assert (target[0, ..., 0] == 0).all()
    assert np.allclose(target[0, 2, 3, 2:], [np.log(4), np.log(1.5), 0.0, 0.75, 1, 1])
    assert (target[..., 2:].sum(axis=-1) != 0).sum() == 1  # sizes, places and weights are at the centre alone


def test_a_heatmap_falls_off_with_distance_and_keeps_the_nearest_centre():
    heat = target_of([0, 0, 0, 24, 24], [0, 20, 0, 44, 24])[0, ..., 0]
    assert heat.max() == 1
    assert (heat == 1).sum() == 2
    assert heat[3, 3] > heat[3, 4] > heat[3, 5] > 0
    assert np.array_equal(heat, np.maximum(target_of([0, 0, 0, 24, 24])[0, ..., 0], target_of([0, 20, 0, 44, 24])[0, ..., 0]))


def test_no_boxes_are_a_map_of_nothing():
    target = target_of()
    assert target.shape == (1, 8, 12, 8)
    assert (target == 0).all()
    assert float(centre_loss(target, np.full((1, 8, 12, 6), -20.0, np.float32))[0]) == pytest.approx(0.0, abs=1e-5)


def test_of_two_centres_in_one_cell_the_later_has_its_shape():
    target = target_of([0, 0, 0, 16, 16], [1, 4, 4, 12, 12])
    assert target[0, 2, 2, :2].tolist() == [1, 1]
    assert np.allclose(target[0, 2, 2, 2:4], np.log(2))


@pytest.mark.parametrize("sides", [(4.0, 4.0), (10.0, 3.0), (1.0, 20.0)])
def test_corners_off_by_the_radius_still_overlap(sides):
    width, height = sides
    r = float(radius(np.array([[width, height]], np.float32))[0])
    inner = max(width - 2 * r, 0) * max(height - 2 * r, 0) / (width * height)
    outer = width * height / ((width + 2 * r) * (height + 2 * r))
    shared = max(width - r, 0) * max(height - r, 0)
    assert min(inner, outer, shared / (2 * width * height - shared)) == pytest.approx(0.3, abs=1e-3)


def test_the_loss_is_that_of_the_source():
    target = target_of([1, 4, 8, 20, 14], weights=(0.5, 2.0))
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(1, 8, 12, 6)).astype(np.float32)
    p, y = 1 / (1 + np.exp(-maps[..., :2])), target[..., :2]
    focal = -np.where(y == 1, (1 - p) ** 2 * np.log(p), (1 - y) ** 4 * p**2 * np.log(1 - p)).sum()
    at = maps[0, 2, 3, 2:] - target[0, 2, 3, 2:6]
    expected = focal + 0.5 * np.abs(at[:2]).sum() + 2.0 * np.abs(at[2:]).sum()
    assert float(centre_loss(target, maps)[0]) == pytest.approx(expected, rel=1e-5)


def test_better_maps_cost_less():
    target = target_of([1, 4, 8, 20, 14], [0, 24, 4, 40, 20])
    good = np.concatenate([np.where(target[..., :2] == 1, 6.0, -6.0), target[..., 2:6]], axis=-1).astype(np.float32)
    assert float(centre_loss(target, good)[0]) < 0.1 < float(centre_loss(target, np.zeros_like(good))[0])
