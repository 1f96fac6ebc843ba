"""How the classes of masks are written and read."""

import numpy as np
import pytest

from foldwise.data.masks import IGNORED, MaskValues, check_masks, coded, read_classes, shares
from foldwise.errors import ConfigError, DataError


def masks(*values, dtype=np.uint8):
    """One mask for each list of values."""
    return np.array([[row] for row in values], dtype=dtype)


@pytest.mark.parametrize(
    ("values", "names", "ignored", "labels", "written"),
    [
        ([0, 1, 2], None, None, ("0", "1", "2"), (0, 1, 2)),
        ([0, 255, 255], None, None, ("0", "255"), (0, 255)),
        ([0, 255, 7], None, 7, ("0", "255"), (0, 255)),
        ([0, 1, 1], ("back", "cell"), None, ("back", "cell"), (0, 1)),
        ([0, 255, 0], ("back", "cell"), None, ("back", "cell"), (0, 255)),
        ([0, 1, 0], ("a", "b", "c"), None, ("a", "b", "c"), (0, 1, 2)),
        ([-1, 3000, 5], ("a", "b"), -1, ("a", "b"), (5, 3000)),
        ([False, True, True], None, None, ("0", "1"), (0, 1)),
    ],
)
def test_values_and_names_of_classes(values, names, ignored, labels, written):
    dtype = np.bool_ if isinstance(values[0], bool) else np.int32
    given = masks(values, dtype=dtype)
    found, how = read_classes(given, names, ignored, "x")
    assert (found, how.values) == (labels, written)
    expected = [IGNORED if value == ignored else written.index(value) for value in values]
    assert coded(given, how, "x").tolist() == [[expected]]
    assert MaskValues.read(how.written) == how


@pytest.mark.parametrize(
    ("values", "names", "ignored", "sentence"),
    [
        (
            [0, 3, 0],
            ("a", "b", "c"),
            None,
            r"x: mask 1 has the value 3, and data.classes names 3, for the values 0 to 2; name 2",
        ),
        ([0, 0, 0], None, None, "x: every known pixel of every mask is 0, so there is nothing to learn"),
        ([7, 7, 7], None, 7, "x: all pixels of the masks are data.ignored=7; correct it"),
        (list(range(60)), None, None, "the masks have 60 different values, from 0 to 59, which are hardly classes"),
    ],
)
def test_values_that_are_no_classes_are_refused(values, names, ignored, sentence):
    with pytest.raises(DataError, match=sentence):
        read_classes(masks(values), names, ignored, "x")


def test_two_classes_of_one_name_are_refused():
    with pytest.raises(ConfigError, match=r"data\.classes.*names a class twice"):
        read_classes(masks([0, 1]), ("a", "a"), None, "x")


def test_a_value_that_the_training_masks_lack_is_refused_with_its_mask():
    with pytest.raises(DataError, match=r"x: mask 2 has the value 9, which is none of the training masks' classes \(0 and 1\)"):
        coded(masks([0, 1], [0, 9]), MaskValues((0, 1)), "x")


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((3, 4, 5), "there are 2 images and 3 masks"),
        ((2, 4, 4), "masks are 4 x 4 pixels, and their images 4 x 5"),
        ((2, 4, 5, 3), "as colours or one map for each class have; give the code of each pixel's class"),
        ((2, 4), "give the code of each pixel's class, .rows, height, width."),
    ],
)
def test_masks_of_another_shape_are_refused(shape, sentence):
    with pytest.raises(DataError, match=sentence):
        check_masks(np.zeros(shape, np.uint8), np.zeros((2, 4, 5, 1), np.uint8), "x")


def test_masks_are_whole_numbers_and_may_have_a_last_axis():
    images = np.zeros((2, 4, 5, 3), np.uint8)
    assert check_masks(np.zeros((2, 4, 5, 1), np.int64), images, "x").shape == (2, 4, 5)
    with pytest.raises(DataError, match="masks have dtype float64"):
        check_masks(np.zeros((2, 4, 5)), images, "x")


def test_shares_leave_ignored_pixels_out():
    assert shares(masks([0, 0, 1, IGNORED]), ("back", "cell")) == "back 66.7 %, cell 33.3 %"
