"""Scores by level of a column, with counts and intervals."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.slices import MISSING, OTHERS, levels_of, wilson, with_interval

ACCURACY = scorer("binary", 2, "accuracy")


def answers(right):
    """Truth and probabilities of rows of which those are answered right."""
    truth = np.zeros(len(right), dtype=np.int64)
    return truth, np.where(np.asarray(right)[:, None], [0.9, 0.1], [0.1, 0.9])


@pytest.mark.parametrize(("hits", "rows"), [(0, 5), (5, 5), (7, 10), (90, 100)])
def test_accuracy_has_wilson_s_interval(hits, rows):
    theirs = binomtest(hits, rows).proportion_ci(0.95, "wilson")
    assert wilson(hits / rows, rows) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    found = with_interval(ACCURACY, "accuracy", *answers([True] * hits + [False] * (rows - hits)), seed=0)
    assert (found.rows, found.score) == (rows, hits / rows)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_other_metrics_have_a_bootstrap_and_few_rows_have_none():
    rng = np.random.default_rng(0)
    truth, values = rng.normal(size=400), np.zeros(400)
    mae = scorer("regression", 0, "mae")
    found = with_interval(mae, "mae", truth, values, seed=1)
    error = np.abs(truth).std() / 20
    assert found.score == pytest.approx(np.abs(truth).mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert with_interval(mae, "mae", truth, values, seed=1) == found
    few = with_interval(mae, "mae", truth[:9], values[:9], seed=1)
    assert few.score is not None
    assert few.low is few.high is None


def test_a_score_that_cannot_be_computed_is_none():
    alone = with_interval(scorer("binary", 2, "roc_auc"), "roc_auc", *answers([True] * 20), seed=0)
    assert (alone.rows, alone.score) == (20, None)
    assert with_interval(ACCURACY, "accuracy", *answers([]), seed=0).score is None


def test_levels_are_the_cells_and_missing_ones_a_level_of_their_own():
    found = levels_of(pd.Series(["a", "b", None, " a", ""], dtype=object))
    assert {level: np.flatnonzero(rows).tolist() for level, rows in found.items()} == {"a": [0, 3], "b": [1], MISSING: [2, 4]}


def test_the_rarest_of_many_levels_are_taken_together():
    cells = pd.Series([f"l{place}" for place in range(30)] + ["l0"] * 5, dtype=object)
    found = levels_of(cells)
    assert len(found) == 12
    assert found["l0"].sum() == 6
    assert found[OTHERS].sum() == 19
    assert sum(rows.sum() for rows in found.values()) == len(cells)


def test_numbers_with_many_values_are_cut_into_quarters():
    values = pd.Series([*np.arange(100.0), math.nan])
    found = levels_of(values)
    assert list(found) == ["0 to below 24.75", "24.75 to below 49.5", "49.5 to below 74.25", "74.25 to 99", MISSING]
    assert [int(rows.sum()) for rows in found.values()] == [25, 25, 25, 25, 1]
    assert list(levels_of(pd.Series([1.0, 2.0, 1.0]))) == ["1", "2"]
