import pytest

from foldwise.data.blocks import blocks


@pytest.mark.parametrize("rows", [0, 1, 3, 4, 9])
def test_blocks_hold_every_row_once_in_order(rows):
    found = list(blocks(rows, 4))
    assert [place for at in found for place in range(rows)[at]] == list(range(rows))
    assert all(0 < at.stop - at.start <= 4 for at in found)
