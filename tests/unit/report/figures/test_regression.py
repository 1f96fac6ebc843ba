"""Predicted against true numbers, compared with scikit-learn."""

import math

import numpy as np
import pytest
from matplotlib.collections import PathCollection, PolyCollection
from sklearn import metrics

from foldwise.report.figures.regression import LEAST, draw_predicted_true, draw_residuals, measures, running_band


def _rows(count):
    rng = np.random.default_rng(0)
    truth = rng.normal(50_000, 20_000, count)
    return truth, truth + rng.normal(0, 5_000, count)


def test_measures_are_scikit_learns():
    truth, predictions = _rows(200)
    found = measures(truth, predictions)
    assert found.r2 == pytest.approx(metrics.r2_score(truth, predictions))
    assert found.rmse == pytest.approx(metrics.root_mean_squared_error(truth, predictions))
    assert found.mae == pytest.approx(metrics.mean_absolute_error(truth, predictions))
    assert math.isnan(measures(np.ones(3), np.arange(3.0)).r2)


def test_the_band_holds_quantiles_of_equal_parts():
    predictions = np.arange(40.0)
    band = running_band(predictions, np.where(predictions < 20, 1.0, -predictions))
    assert len(band.median) == 4
    assert band.predicted.tolist() == [4.5, 14.5, 24.5, 34.5]
    assert band.median.tolist() == [1, 1, -24.5, -34.5]
    assert band.low[2] == pytest.approx(np.quantile(-predictions[20:30], 0.1))


def test_few_rows_or_constant_predictions_have_no_band():
    assert running_band(np.arange(2.0 * LEAST - 1), np.zeros(2 * LEAST - 1)) is None
    assert running_band(np.ones(500), np.arange(500.0)) is None


def test_every_row_is_a_point_and_the_title_has_the_errors():
    truth, predictions = _rows(200)
    axes = draw_predicted_true(truth, predictions, "price in $ of $x$").axes[0]
    points = next(part for part in axes.collections if isinstance(part, PathCollection))
    assert np.allclose(points.get_offsets(), np.column_stack([truth, predictions]))
    assert axes.get_title(loc="left").startswith(f"R² {metrics.r2_score(truth, predictions):.3f}, RMSE ")
    assert axes.get_xlabel() == "true price in $ of $x$"
    assert axes.get_xlim() == axes.get_ylim()


def test_many_rows_are_counted_in_cells():
    truth, predictions = _rows(5000)
    cells = next(
        part for part in draw_predicted_true(truth, predictions, "y").axes[0].collections if isinstance(part, PolyCollection)
    )
    assert cells.get_array().sum() == 5000


def test_residuals_are_truth_less_prediction_and_their_bars_hold_all_rows():
    truth, predictions = _rows(200)
    left, right = draw_residuals(truth, predictions, "y").axes
    points = next(part for part in left.collections if isinstance(part, PathCollection))
    assert np.allclose(points.get_offsets(), np.column_stack([predictions, truth - predictions]))
    assert sum(bar.get_width() for bar in right.patches) == 200
    assert {"running median", "10 % and 90 % quantiles"} <= {line.get_label() for line in left.get_lines()}


@pytest.mark.parametrize(
    ("truth", "predictions"),
    [([3.0], [2.0]), ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]), ([1.0, 1.0], [1.0, 1.0]), ([0.0] * 4000, [0.0] * 4000)],
)
def test_degenerate_rows_are_drawn(truth, predictions, tmp_path):
    from foldwise.report.figures.style import save

    for draw in (draw_predicted_true, draw_residuals):
        assert save(draw(np.array(truth), np.array(predictions), "y"), tmp_path / "picture.png").exists()
