"""Permutation importance."""

import numpy as np
import pytest

from foldwise.evaluation import column_importance
from foldwise.evaluation.column_importance import FoldRows, drops, over_folds

WEIGHTS = np.array([2.0, 1.0, 0.0, 0.5, 0.5])
COLUMNS = ("a", "b", "c", "d", "d")


@pytest.fixture
def fold():
    x = np.random.default_rng(0).normal(size=(300, 5))
    truth = x @ WEIGHTS
    return FoldRows(x, COLUMNS, lambda rows: rows @ WEIGHTS, lambda own: -float(((own - truth) ** 2).mean()))


def test_a_column_costs_what_its_shuffled_cells_add_to_the_error(fold):
    units = [("a",), ("b",), ("c",), ("d",), ("a", "b"), ("missing",)]
    found = drops(fold, units, 40, seed=1)
    assert found.shape == (6, 40)
    # of independent features with variance 1, the squared error is twice the sum of the squared weights
    np.testing.assert_allclose(found.mean(axis=1)[:5], [8.0, 2.0, 0.0, 1.0, 10.0], rtol=0.15, atol=1e-9)
    assert (found[[2, 5]] == 0.0).all()


def test_columns_that_are_shuffled_together_keep_their_rows(fold):
    """Of a column and its copy, which cancel, both in the same order change nothing; each alone does."""
    x = np.repeat(fold.x[:, :1], 2, axis=1)
    cancelling = FoldRows(x, ("a", "copy"), lambda rows: rows[:, 0] - rows[:, 1], lambda own: -float((own**2).mean()))
    found = drops(cancelling, [("a",), ("copy",), ("a", "copy")], 5, seed=1)
    assert (found[:2] > 1.0).all()
    assert (found[2] == 0.0).all()


def test_rows_are_left_as_they_are_and_chunks_do_not_matter(fold, monkeypatch):
    before = fold.x.copy()
    whole = drops(fold, [("a",), ("d",)], 7, seed=3)
    monkeypatch.setattr(column_importance, "AT_ONCE", 2 * fold.x.nbytes)
    np.testing.assert_allclose(drops(fold, [("a",), ("d",)], 7, seed=3), whole)
    np.testing.assert_array_equal(fold.x, before)


def test_an_exception_between_columns_ends_the_work(fold):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drops(fold, [("a",)], 1, seed=0, between=stop)


def test_the_interval_is_the_corrected_one():
    found = over_folds([0.1, 0.2, 0.3, 0.4], train_rows=75, valid_rows=25)
    half = 3.1824463 * np.sqrt((1 / 4 + 1 / 3) * np.var([0.1, 0.2, 0.3, 0.4], ddof=1))
    assert (found.mean, found.low, found.high) == pytest.approx((0.25, 0.25 - half, 0.25 + half))


def test_one_fold_has_no_interval_and_what_is_not_finite_is_left_out():
    one = over_folds([0.1, np.nan], 3, 1)
    assert one.mean == 0.1
    assert np.isnan([one.low, one.high]).all()
    assert np.isnan(over_folds([np.nan], 3, 1).mean)
