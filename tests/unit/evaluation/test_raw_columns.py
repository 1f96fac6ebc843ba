"""Columns as trees take them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldwise.data.schema import Column, Schema
from foldwise.evaluation.raw_columns import fit_raw


@pytest.fixture
def mixed(table):
    """Four rows of every kind of column, each with a gap."""
    frame = pd.DataFrame(
        {
            "size": [1e9, np.nan, -3.5, 0.0],
            "day": pd.Series(["2020-12-31", "NaT", "2021-01-01", "2021-01-02"]).astype("datetime64[us]"),
            "note": pd.Series(["red red", None, "blue", ""], dtype=object),
            "kind": pd.Series(["b", None, "a", "b"], dtype=object),
        }
    )
    kinds = {"size": "number", "day": "date", "note": "text", "kind": "category"}
    columns = tuple(Column(name, kind) for name, kind in kinds.items())
    return replace(table("regression", rows=4), frame=frame, schema=Schema(columns))


def test_numbers_are_raw_and_gaps_stay_gaps(mixed):
    columns = fit_raw(mixed, np.arange(4))
    cells = columns.matrix(mixed.frame)
    np.testing.assert_array_equal(cells[:, 0], [1e9, np.nan, -3.5, 0.0])
    np.testing.assert_array_equal(cells[:, 1:4], [[2020, 12, 3], [np.nan] * 3, [2021, 1, 4], [2021, 1, 5]])
    assert (cells[:, 4:-1].sum(axis=1) > 0).tolist() == [True, False, True, False]
    np.testing.assert_array_equal(cells[:, -1], [1, np.nan, 0, 1])
    assert np.flatnonzero(columns.categorical).tolist() == [cells.shape[1] - 1]


def test_a_level_that_was_not_in_training_is_missing(mixed):
    columns = fit_raw(mixed, np.array([0, 1, 3]))
    np.testing.assert_array_equal(columns.matrix(mixed.frame)[:, -1], [0, np.nan, np.nan, 0])


def test_of_too_many_levels_the_rarest_are_joined(table):
    often = [f"level {number}" for number in range(5)]
    levels = often * 2 + [f"rare {number}" for number in range(4)]
    data = table("regression", rows=len(levels))
    data = replace(data, frame=pd.DataFrame({"kind": pd.Series(levels, dtype=object)}))
    data = replace(data, schema=Schema((Column("kind", "category"),)))
    every = np.arange(len(levels))
    assert fit_raw(data, every, most_levels=9).joined == fit_raw(data, every).joined == ()
    columns = fit_raw(data, every, most_levels=6)
    assert columns.joined == ("kind",)
    np.testing.assert_array_equal(columns.matrix(data.frame)[:, 0], [0, 1, 2, 3, 4] * 2 + [5] * 4)


def test_without_a_column_there_is_an_empty_matrix(table):
    data = table("regression", rows=3)
    assert fit_raw(replace(data, schema=Schema(())), np.arange(3)).matrix(data.frame).shape == (3, 0)
