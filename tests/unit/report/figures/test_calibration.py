"""Calibration, compared with its definition and with scipy's Wilson interval."""

import numpy as np
import pytest
from scipy.stats import binomtest

from foldwise.report.figures.calibration import draw_calibration, judged, reliability, wilson


def _rows(count=1000):
    rng = np.random.default_rng(0)
    probabilities = rng.random(count) ** 2
    return probabilities, rng.random(count) < probabilities


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (3, 10), (50, 100), (0, 40)])
def test_intervals_are_wilsons(hits, count):
    low, high = wilson(np.array([hits / count]), np.array([count]))
    theirs = binomtest(hits, count).proportion_ci(0.95, "wilson")
    assert (low[0], high[0]) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_bins_have_equal_counts_and_hold_means():
    probabilities, came_true = _rows()
    found = reliability(probabilities, came_true)
    assert found.counts.tolist() == [100] * 10
    lowest = np.argsort(probabilities)[:100]
    assert found.predicted[0] == pytest.approx(probabilities[lowest].mean())
    assert found.observed[0] == pytest.approx(came_true[lowest].mean())
    assert (np.diff(found.predicted) > 0).all()


def test_the_error_is_the_weighted_distance():
    found = reliability(np.array([0.1, 0.1, 0.1, 0.9]), np.array([True, False, False, True]), bins=2)
    assert found.counts.tolist() == [3, 1]
    assert found.error == pytest.approx(0.75 * (1 / 3 - 0.1) + 0.25 * 0.1)


def test_equal_probabilities_stay_together():
    found = reliability(np.full(50, 0.4), np.arange(50) < 10)
    assert (found.counts.tolist(), found.predicted.tolist(), found.observed.tolist()) == ([50], [pytest.approx(0.4)], [0.2])


def test_of_two_labels_the_second_is_judged_and_of_more_the_answer():
    assert judged(np.array([1, 0]), np.array([[0.7, 0.3], [0.4, 0.6]]))[0].tolist() == [0.3, 0.6]
    given, came_true = judged(np.array([2, 0]), np.array([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3]]))
    assert (given.tolist(), came_true.tolist()) == ([0.7, 0.4], [True, False])


def test_the_picture_shows_the_error_the_bins_and_all_probabilities():
    probabilities, came_true = _rows()
    figure = draw_calibration(came_true.astype(int), np.column_stack([1 - probabilities, probabilities]), "ill = yes")
    upper, lower = figure.axes
    found = reliability(probabilities, came_true)
    assert upper.get_title(loc="left") == f"Expected calibration error {found.error:.3f}, 1,000 rows"
    drawn = upper.containers[0].lines[0]
    assert np.allclose(drawn.get_xdata(), found.predicted)
    assert np.allclose(drawn.get_ydata(), found.observed)
    assert sum(bar.get_height() for bar in lower.patches) == 1000
    assert lower.get_xlabel() == "predicted probability of ill = yes"


@pytest.mark.parametrize("rows", [1, 30])
def test_one_row_and_constant_answers_are_drawn(rows):
    upper, _ = draw_calibration(np.ones(rows, dtype=int), np.tile([0.3, 0.7], (rows, 1)), "ill").axes
    assert upper.get_title(loc="left").startswith("Expected calibration error 0.300")
