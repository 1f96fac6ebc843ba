"""Several numbers as a task: answers, baselines, and the table of each number alone."""

import numpy as np
import pytest

from foldwise.data.preparation.target_scale import fit_target_scale
from foldwise.data.read_table import read_table
from foldwise.models.heads import Head
from foldwise.spec.data import CsvData
from foldwise.spec.goal import METRICS, SEVERAL
from foldwise.tasks.scores import condensed_for, score
from foldwise.tasks.several.scores import MEANS
from foldwise.tasks.table import task_of
from tests.unit.tasks.several.tables import two_numbers

TASK = task_of("multioutput")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("two") / "two.csv"
    two_numbers().to_csv(path, index=False)
    return read_table(CsvData(kind="csv", path=str(path), target=["height", "price"]))


def test_its_means_are_the_metrics_of_the_goal():
    assert set(MEANS) == {name for name, (_, tasks) in METRICS.items() if tasks == SEVERAL}


def test_predictions_are_in_the_units_of_the_numbers(table):
    scale = fit_target_scale(table.target, "standard")
    outputs = scale.forward(table.target)
    np.testing.assert_allclose(outputs.std(axis=0), 1.0)
    np.testing.assert_allclose(TASK.predictions(Head(2, "linear", "mse", "multioutput"), outputs, scale), table.target)


def test_answers_have_the_columns_that_it_names(table):
    found = TASK.answers(table.target, table.classes)
    assert list(found) == list(TASK.columns(table.classes)) == ["height", "price"]
    assert found["price"].tolist() == table.target[:, 1].tolist()


def test_right_answers_have_the_best_scores(table):
    rows = condensed_for(table, np.arange(len(table)), table.target)
    found = score("multioutput", 2, table.target, rows, targets=table.targets)
    assert found == {
        **{"mean_rmse": 0.0, "mean_mae": 0.0, "mean_r2": 1.0},
        **{"rmse_height": 0.0, "mae_height": 0.0, "r2_height": 1.0},
        **{"rmse_price": 0.0, "mae_price": 0.0, "r2_price": 1.0},
    }


def test_a_table_of_predictions_has_truth_and_prediction_of_each_number(table):
    rows = condensed_for(table, np.arange(len(table)), table.target + 1)
    found = TASK.of_rows(rows, table.classes, "mean_rmse")
    assert list(found) == ["truth_height", "truth_price", "height", "price"]
    np.testing.assert_allclose(found["price"] - found["truth_price"], 1.0)


@pytest.mark.parametrize("name", TASK.baselines(balanced=False, pixels=False))
def test_a_baseline_is_that_of_each_number_alone(table, name):
    train, rows = np.arange(90), table.take(np.arange(90, 120))
    both = TASK.baseline(name, table, train, rows, None, 0)
    assert both.shape == (30, 2)
    for place in range(2):
        alone = task_of("regression").baseline(name, table.alone(place), train, rows.alone(place), None, 0)
        np.testing.assert_array_equal(both[:, place], alone)


def test_a_number_alone_is_a_regression_on_it(table):
    alone = table.alone(1)
    assert (alone.task, alone.target_name, alone.classes, alone.targets) == ("regression", "price", (), ())
    assert alone.target.tolist() == table.target[:, 1].tolist()
