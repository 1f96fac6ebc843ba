"""Columns of a model card are columns of the data."""

from dataclasses import replace

import numpy as np
import pytest

from foldwise.data.slice_columns import check_slices
from foldwise.errors import ConfigError


def test_columns_of_the_source_are_taken_and_others_refused(table):
    made = table("binary", rows=20)
    check_slices(("colour", "a"), made)
    check_slices((), made)
    with pytest.raises(ConfigError, match=r"'color' is not a column of the data, did you mean colour\?") as caught:
        check_slices(("colour", "color"), made)
    assert caught.value.key == "card.slices"
    with pytest.raises(ConfigError, match="'target' is the target"):
        check_slices(("target",), made)
    images = replace(made, images=np.zeros((20, 2, 2, 1), dtype=np.uint8))
    with pytest.raises(ConfigError, match="for the rows are images"):
        check_slices(("colour",), images)
    check_slices((), images)
