"""The bins of numbers for a piecewise-linear embedding."""

import numpy as np

from foldwise.data.preparation import bins
from foldwise.data.preparation.bins import edges_of


def test_quantiles_hold_equally_many_rows():
    x = np.random.default_rng(0).lognormal(size=(1000, 1))
    (edges,) = edges_of(x, np.zeros((1000, 1)), 4, tree=False)
    np.testing.assert_allclose(edges, np.quantile(x, [0, 0.25, 0.5, 0.75, 1]))
    assert np.histogram(x, edges)[0].tolist() == [250, 250, 250, 250]


def test_equal_values_make_fewer_bins_and_a_constant_none():
    x = np.array([[0.0, 7.0]] * 90 + [[5.0, 7.0]] * 10)
    mostly, constant = edges_of(x, np.zeros((100, 1)), 8, tree=False)
    assert mostly.tolist() == [0.0, 5.0]
    assert constant.tolist() == [7.0]


def test_a_tree_cuts_where_the_target_changes():
    x = np.linspace(0, 1, 400)[:, None]
    y = ((x > 0.3) & (x < 0.35)).astype(np.float32)
    (edges,) = edges_of(x, y, 3, tree=True)
    assert edges[0] == 0
    assert edges[-1] == 1
    np.testing.assert_allclose(edges[1:-1], [0.3, 0.35], atol=0.01)


def test_a_tree_cuts_for_numbers_and_for_many_classes_too():
    x = np.linspace(0, 1, 300)[:, None]
    step = np.where(x < 0.25, -3.0, 2.5)
    np.testing.assert_allclose(edges_of(x, step, 2, tree=True)[0][1], 0.25, atol=0.01)
    classes = np.eye(3)[np.digitize(x[:, 0], [0.4, 0.8])]
    np.testing.assert_allclose(edges_of(x, classes, 3, tree=True)[0][1:-1], [0.4, 0.8], atol=0.01)


def test_a_tree_cuts_where_any_of_several_numbers_changes():
    x = np.linspace(0, 1, 300)[:, None]
    y = np.column_stack([np.where(x < 0.25, -3.0, 2.5), np.where(x < 0.7, 1.5, -2.0)])
    np.testing.assert_allclose(edges_of(x, y, 3, tree=True)[0][1:-1], [0.25, 0.7], atol=0.01)


def test_many_rows_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(bins, "MOST_ROWS", 100)
    x = np.arange(1000.0)[:, None]
    (edges,) = edges_of(x, np.zeros((1000, 1)), 2, tree=False)
    assert edges.tolist() == [0.0, 495.0, 990.0]
