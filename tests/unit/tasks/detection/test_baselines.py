import numpy as np

from foldwise.tasks.detection.baselines import BASELINES

TRUTH = np.full((4, 3, 5), -1.0, np.float32)
TRUTH[0, :2] = [[0, 0, 0, 10, 10], [1, 20, 20, 30, 40]]
TRUTH[1, :1] = [[0, 4, 2, 14, 14]]
TRUTH[2, :3] = [[0, 2, 1, 12, 12]] * 3


def test_the_mean_box_is_at_the_mean_place_with_the_share_of_pictures_as_its_score():
    found = BASELINES["mean_box"](TRUTH, 2, 3)
    assert found.shape == (2, 100, 6)
    assert np.array_equal(found[0], found[1])
    assert found[0, :2].round(4).tolist() == [[0, 0.75, 2, 1, 12, 12], [1, 0.25, 20, 20, 30, 40]]
    assert (found[0, 2:] == -1).all()  # the third label is nowhere


def test_no_boxes():
    assert (BASELINES["no_boxes"](TRUTH, 2, 3) == -1).all()
