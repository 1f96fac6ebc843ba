"""Partial dependence."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldwise.data.preparation.fold import fit_preparation
from foldwise.data.schema import Column, Schema
from foldwise.evaluation.column_importance import FoldRows
from foldwise.evaluation.dependence import FEW, POINTS, dependence, grid_of
from foldwise.spec.prep import PrepSpec

ROWS = 200


@pytest.fixture
def mixed(table):
    draws = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": np.where(np.arange(ROWS) % 9 == 0, np.nan, draws.normal(5.0, 2.0, ROWS)),
            "rooms": draws.integers(1, 4, ROWS).astype(np.float64),
            "day": pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(draws.integers(0, 900, ROWS), unit="D")).astype(
                "datetime64[us]"
            ),
            "kind": pd.Series(draws.choice(["b", "a", None], ROWS, p=[0.6, 0.3, 0.1]), dtype=object),
            "grade": pd.Series(draws.choice(["10", "9", "2"], ROWS, p=[0.2, 0.7, 0.1]), dtype=object),
            "note": pd.Series(["red blue"] * ROWS, dtype=object),
            "same": np.ones(ROWS),
        }
    )
    kinds = {
        "size": "number",
        "rooms": "number",
        "day": "date",
        "kind": "category",
        "grade": "category",
        "note": "text",
        "same": "number",
    }
    return replace(table("regression", rows=ROWS), frame=frame, schema=Schema(tuple(Column(n, k) for n, k in kinds.items())))


def test_the_grid_of_each_kind(mixed):
    rows = np.arange(ROWS)
    size = grid_of(mixed, rows, "size")
    assert len(size.cells) == POINTS
    assert size.rows == ()
    assert set(size.cells) <= set(mixed.frame["size"].dropna())  # values that occur
    assert grid_of(mixed, rows, "rooms").cells.tolist() == [1.0, 2.0, 3.0]
    assert sum(grid_of(mixed, rows, "rooms").rows) == ROWS
    assert grid_of(mixed, rows, "day").cells.dtype.kind == "M"
    assert grid_of(mixed, rows, "kind").cells.tolist() == ["b", "a"]  # the most frequent first
    assert grid_of(mixed, rows, "grade").cells.tolist() == ["2", "9", "10"]  # numbers by size
    assert grid_of(mixed, rows, "note") is None
    assert grid_of(mixed, rows, "same") is None


def test_of_many_levels_the_most_frequent_are_looked_at(table):
    levels = [f"l{n}" for n in range(30) for _ in range(n + 1)]
    data = table("regression", rows=len(levels))
    data = replace(
        data, frame=pd.DataFrame({"kind": pd.Series(levels, dtype=object)}), schema=Schema((Column("kind", "category"),))
    )
    assert grid_of(data, np.arange(len(levels)), "kind").cells.tolist() == [f"l{n}" for n in range(29, 29 - FEW, -1)]


@pytest.mark.parametrize("column", ["size", "rooms", "day", "kind"])
def test_answers_are_those_to_rows_whose_cells_were_set(mixed, column):
    """The features of a value are put in place; the same answers come from cells that are set and prepared."""
    halves = [np.arange(ROWS // 2), np.arange(ROWS // 2, ROWS)]
    preparations = [fit_preparation(mixed, half, PrepSpec()) for half in halves]
    weights = np.random.default_rng(1).normal(size=(100, 2))

    def predict(x):
        return np.tanh(x @ weights[: x.shape[1]])

    folds = [
        FoldRows(prep.rows(mixed.frame, half), prep.origins, predict, lambda _: 0.0)
        for prep, half in zip(preparations, halves[::-1], strict=True)
    ]
    grid = grid_of(mixed, np.arange(ROWS), column)
    found = dependence(mixed, grid, folds, preparations)
    assert found.shape == (2, len(grid.cells), 2)
    for place, (prep, half) in enumerate(zip(preparations, halves[::-1], strict=True)):
        for point, cell in enumerate(grid.cells):
            rows = mixed.frame.iloc[half].copy()
            rows[column] = pd.Series([cell] * len(rows), index=rows.index, dtype=mixed.frame[column].dtype)
            np.testing.assert_allclose(found[place, point], predict(prep.transform(rows)).mean(axis=0), rtol=1e-5, atol=1e-6)
