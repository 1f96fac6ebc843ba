"""The figure of filters and the patches that excite them."""

import numpy as np
import pytest

from foldwise.models.network_graph import FirstLayer
from foldwise.report.figures.filters import draw_filters


def _first(filters, channels, count=None, patches=2):
    return FirstLayer(
        name="conv_1",
        count=count or filters,
        kernels=np.random.default_rng(0).normal(size=(filters, 3, 3, channels)).astype(np.float32),
        rows=np.tile(np.arange(patches), (filters, 1)),
        corners=np.full((filters, patches, 2), -1),
        window=(3, 3),
        answers=np.ones((filters, patches), dtype=np.float32),
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_a_filter_is_followed_by_its_patches(channels):
    images = np.random.default_rng(1).integers(0, 256, (2, 8, 8, channels), dtype=np.uint8)
    first = _first(5, channels)
    pictures = draw_filters(first, images).axes[0].images
    assert len(pictures) == 5 * 3
    weights, patch = (np.asarray(pictures[place].get_array()) for place in (0, 1))
    shape = (3, 3) if channels == 1 else (3, 3, 3)
    assert weights.shape == patch.shape == shape
    assert np.allclose(patch[1:, 1:], images[0, :2, :2].reshape(patch[1:, 1:].shape) / 255)  # the window begins outside
    if channels == 1:
        assert np.allclose(weights, first.kernels[0, ..., 0] / np.abs(first.kernels[0]).max())


def test_the_picture_says_how_many_filters_there_are():
    images = np.zeros((2, 8, 8, 1), dtype=np.uint8)
    some = draw_filters(_first(5, 1, count=64), images).axes[0].texts[0].get_text()
    assert some == "First layer, conv_1: the 5 of 64 filters with the largest weights"
    assert draw_filters(_first(5, 1), images).axes[0].texts[0].get_text() == "First layer, conv_1: its 5 filters"
