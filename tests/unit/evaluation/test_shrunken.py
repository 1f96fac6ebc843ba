"""Images made smaller for a baseline."""

import numpy as np
import pandas as pd
import pytest

from foldwise.data.schema import Schema
from foldwise.data.table import Table
from foldwise.evaluation.shrunken import averaged, shrunken, step_for


@pytest.mark.parametrize(
    ("size", "step"),
    [((16, 16, 1), 1), ((28, 28, 1), 2), ((32, 32, 3), 4), ((64, 64, 3), 8), ((400, 400, 3), 45), ((1, 1, 900), 1)],
)
def test_images_of_few_values_keep_their_size(size, step):
    assert step_for(*size) == step


def test_a_pixel_is_the_mean_of_its_square_also_at_the_edges():
    images = np.random.default_rng(0).integers(0, 256, (1500, 5, 7, 3), dtype=np.uint8)
    small = averaged(images, 3)
    assert small.shape == (1500, 2, 3, 3)
    for place, rows in enumerate((slice(0, 3), slice(3, 5))):
        for across, columns in enumerate((slice(0, 3), slice(3, 6), slice(6, 7))):
            mean = images[:, rows, columns].mean(axis=(1, 2))
            assert np.abs(small[:, place, across] - mean).max() <= 0.5 + 1e-9
    assert averaged(np.full((2, 5, 7, 1), 255, dtype=np.uint8), 4).min() == 255


def test_the_table_of_small_images_has_the_same_rows():
    images, none = np.zeros((6, 30, 20, 3), dtype=np.uint8), pd.DataFrame(index=pd.RangeIndex(6))
    target = np.arange(6) % 2
    table = Table(none, Schema((), (30, 20, 3)), none, target, ("a", "b"), "binary", "label", np.arange(6), images=images)
    small = shrunken(table)
    assert (small.schema.image, small.images.shape) == ((10, 7, 3), (6, 10, 7, 3))
    assert small.target is table.target
    assert shrunken(small) is small


def test_a_table_without_images_does_not_change(table):
    data = table("binary")
    assert shrunken(data) is data
