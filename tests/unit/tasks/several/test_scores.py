"""Scores of several numbers: each in its own unit, and a mean in units that can be compared."""

import numpy as np
import pytest
from sklearn import metrics

from foldwise.data.target_columns import TargetColumn, weights_of, with_units
from foldwise.tasks.several.scores import MEANS, by_number, condense, weighted_means

COLUMNS = (TargetColumn("height", weight=3.0), TargetColumn("price", weight=1.0))


def _rows(count=40, seed=0):
    draw = np.random.default_rng(seed)
    truth = draw.normal(size=(count, 2)) * (0.5, 2000.0) + (1.0, 30_000.0)
    predictions = truth + draw.normal(size=truth.shape) * (0.2, 300.0)
    return truth, predictions, condense(truth, predictions, with_units(COLUMNS, truth))


def test_each_number_has_the_scores_of_scikit_learn_in_its_own_unit():
    truth, predictions, rows = _rows()
    found = by_number(rows, ["height", "price"])
    for place, name in enumerate(found):
        pair = truth[:, place], predictions[:, place]
        expected = {
            "rmse": metrics.root_mean_squared_error(*pair),
            "mae": metrics.mean_absolute_error(*pair),
            "r2": metrics.r2_score(*pair),
        }
        assert found[name] == pytest.approx(expected)


def test_the_mean_is_weighted_in_standard_deviations():
    truth, _, rows = _rows()
    each = by_number(rows, ["height", "price"])
    scaled = [each[name]["rmse"] / truth[:, place].std() for place, name in enumerate(each)]
    assert weighted_means(rows, "mean_rmse")[0] == pytest.approx(np.average(scaled, weights=[3, 1]))
    r2 = [own["r2"] for own in each.values()]
    assert weighted_means(rows, "mean_r2")[0] == pytest.approx(np.average(r2, weights=[3, 1]))


@pytest.mark.parametrize("metric", MEANS)
def test_another_unit_of_a_number_changes_no_mean(metric):
    truth, predictions, rows = _rows()
    in_thousands = condense(truth * (1, 0.001), predictions * (1, 0.001), with_units(COLUMNS, truth * (1, 0.001)))
    assert weighted_means(in_thousands, metric) == pytest.approx(weighted_means(rows, metric))


@pytest.mark.parametrize("metric", MEANS)
def test_weights_of_rows_repeat_them(metric):
    _, _, rows = _rows(30)
    times = np.random.default_rng(1).integers(0, 4, size=(5, 30)).astype(float)
    expected = [weighted_means(rows[np.repeat(np.arange(30), some.astype(int))], metric)[0] for some in times]
    assert weighted_means(rows, metric, times) == pytest.approx(expected)


def test_what_is_not_defined_is_nan():
    truth, predictions, rows = _rows(5)
    assert np.isnan(weighted_means(rows[:0], "mean_rmse")).all()
    assert np.isnan(weighted_means(rows[:1], "mean_r2")).all()  # one row has no variance
    assert set(by_number(rows[:1], ["height", "price"])["price"]) == {"rmse", "mae"}
    predictions[2, 1] = np.inf
    assert np.isnan(weighted_means(condense(truth, predictions, COLUMNS), "mean_mae")).all()


def test_equal_weights_are_none_for_the_loss():
    assert weights_of(COLUMNS) == (3.0, 1.0)
    assert weights_of([TargetColumn("a", 2.0), TargetColumn("b", 2.0)]) == ()


def test_a_constant_number_has_the_unit_one():
    assert [one.unit for one in with_units(COLUMNS, np.array([[1.0, 5.0], [3.0, 5.0]]))] == [1.0, 1.0]
