import numpy as np
import pandas as pd
import pytest

from foldwise.data.blocks import ROWS_AT_ONCE
from foldwise.data.row_hashes import hash_of_rows, hash_rows

ROWS = 2 * ROWS_AT_ONCE + 7


def test_a_row_has_the_same_hash_in_a_table_of_several_blocks_and_alone():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"n": draw.normal(size=ROWS), "c": draw.choice(["a", "B", None], ROWS)})
    frame.loc[draw.random(ROWS) < 0.1, "n"] = np.nan
    hashes = hash_rows(frame, ("n", "c"))
    some = [0, 1, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE, ROWS - 1]
    assert hashes[some].tolist() == [hash_rows(frame.iloc[[row]], ("n", "c"))[0] for row in some]
    assert len(np.unique(hashes)) > 0.89 * ROWS  # rows without a number differ by their level alone


def test_the_hash_of_rows_is_the_same_in_any_order_of_several_blocks():
    draw = np.random.default_rng(0)
    numbers, words = draw.normal(size=ROWS), draw.choice(np.array(["a", "b", None], dtype=object), ROWS)
    order = draw.permutation(ROWS)
    assert hash_of_rows([numbers, words]) == hash_of_rows([numbers[order], words[order]])
    words[order[0]] = "c"
    assert hash_of_rows([numbers, words]) != hash_of_rows([numbers[order], words])


@pytest.mark.parametrize("number", [0.5, -0.0, 3.0, np.nan, 1e300, np.inf, -(2.0**53), 2.0**53 - 1])
def test_a_number_has_the_same_hash_in_a_column_of_numbers_and_as_a_cell_of_any_kind(number):
    cells = [1.25, number]
    typed, mixed = (pd.DataFrame({"n": pd.Series(cells, dtype=kind)}) for kind in ("float64", "object"))
    assert hash_rows(typed, ("n",)).tolist() == hash_rows(mixed, ("n",)).tolist()
