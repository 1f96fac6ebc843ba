from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pandas as pd
import pytest

from foldwise.data.sources.typed_cells import in_order, typed_cells

MARKS = frozenset({"", "?"})


@pytest.mark.parametrize(
    ("values", "dtype", "cells"),
    [
        ([1, 2], "int64", [1, 2]),
        ([1, 2.5], "float64", [1.0, 2.5]),
        ([Decimal("1.5"), 2], "float64", [1.5, 2.0]),
        ([1, None], "object", [1, None]),
        ([2**80, 1], "object", [2**80, 1]),
        ([True, None], "object", [True, None]),
        ([" a ", "?", "", None], "object", ["a", None, None, None]),
        ([date(2024, 1, 2), None], "object", [date(2024, 1, 2), None]),
        ([datetime(2024, 1, 2, 3, tzinfo=UTC)], "object", [datetime(2024, 1, 2, 3, tzinfo=UTC)]),
        ([b"\xc3\xa9"], "object", ["é"]),
        ([UUID(int=1)], "object", ["00000000-0000-0000-0000-000000000001"]),
        (["3", 4], "object", ["3", 4]),
    ],
)
def test_values_become_cells(values, dtype, cells):
    column = typed_cells(values, MARKS)
    assert column.dtype == dtype
    assert column.tolist() == cells


def test_missing_among_numbers_is_nan():
    assert typed_cells([1.5, None], MARKS).isna().tolist() == [False, True]


def test_rows_in_any_order_get_one_order():
    frame = pd.DataFrame({"a": ["x", None, "b", "10", "9"], "n": [2, 1, 2, 1, 1]})
    expected = [("9", 1), ("10", 1), (None, 1), ("b", 2), ("x", 2)]
    for places in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
        ordered = in_order(frame.iloc[places], ["n"])
        assert [(None if pd.isna(a) else a, n) for a, n in ordered.itertuples(index=False)] == expected
        assert ordered.index.tolist() == [0, 1, 2, 3, 4]
