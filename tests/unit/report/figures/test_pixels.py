"""Images in the range that a figure shows."""

import numpy as np
import pytest

from foldwise.report.figures.pixels import OUTSIDE, as_shown, weights_shown, window_of


def test_bytes_are_levels_of_255():
    assert as_shown(np.array([[[0, 51], [255, 102]]], dtype=np.uint8)).tolist() == [[[0.0, 0.2], [1.0, 0.4]]]


def test_numbers_within_0_and_1_stay_and_others_are_stretched_alike():
    assert as_shown(np.full((1, 2, 2), 0.3)).max() == 0.3
    whole = np.array([[[[-1.0]]], [[[3.0]]]])
    assert as_shown(whole[:1], whole).tolist() == [[[0.0]]]
    assert as_shown(np.array([[[1.0]]]), whole).tolist() == [[[0.5]]]
    assert as_shown(np.full((1, 2, 2), 7.0)).max() == 0.0


@pytest.mark.parametrize(("channels", "shape"), [(1, (2, 4, 5)), (3, (2, 4, 5, 3)), (4, (2, 4, 5, 3)), (2, (2, 4, 5))])
def test_channels_become_grey_or_colours(channels, shape):
    assert as_shown(np.zeros((2, 4, 5, channels), dtype=np.uint8)).shape == shape


def test_weights_have_0_at_the_middle():
    assert weights_shown(np.array([[[-2.0], [1.0]]])).tolist() == [[-1.0, 0.5]]
    assert weights_shown(np.array([[[-2.0, 0.0, 1.0]]])).tolist() == [[[0.0, 0.5, 0.75]]]
    assert weights_shown(np.zeros((2, 2, 1))).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_window_is_grey_where_it_reaches_beyond():
    picture = np.arange(9.0).reshape(3, 3)
    assert window_of(picture, (1, 1), (2, 2)).tolist() == [[4, 5], [7, 8]]
    assert window_of(picture, (-1, -1), (2, 2)).tolist() == [[OUTSIDE, OUTSIDE], [OUTSIDE, 0]]
    assert window_of(picture, (2, 2), (2, 2)).tolist() == [[8, OUTSIDE], [OUTSIDE, OUTSIDE]]
    assert window_of(picture, (5, 0), (2, 2)).tolist() == [[OUTSIDE] * 2] * 2
    assert window_of(np.zeros((3, 3, 3)), (2, 0), (2, 2)).shape == (2, 2, 3)
