import math

import numpy as np
import pytest
from sklearn import metrics

from foldwise.evaluation.metrics import confusion, score
from foldwise.spec.goal import METRICS


def _probabilities(labels, classes, sure=0.8):
    rest = (1 - sure) / (classes - 1)
    return np.where(np.eye(classes)[labels] > 0, sure, rest)


@pytest.mark.parametrize(("task", "classes"), [("binary", 2), ("multiclass", 3), ("regression", 0)])
def test_every_metric_of_the_task_is_there(task, classes):
    truth = np.array([0, 1, 2, 0, 1, 2]) % max(classes, 3)
    if classes == 2:
        truth = truth % 2
    predictions = _probabilities(truth, classes) if classes else truth + 0.5
    assert set(score(task, classes, truth, predictions)) == {name for name, (_, tasks) in METRICS.items() if task in tasks}


def test_binary_metrics_by_hand():
    """TP 3, FN 1, FP 2, TN 4."""
    truth = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    labels = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])
    result = score("binary", 2, truth, _probabilities(labels, 2))
    assert result["accuracy"] == pytest.approx(0.7)
    assert result["precision"] == pytest.approx(3 / 5)
    assert result["recall"] == pytest.approx(3 / 4)
    assert result["specificity"] == pytest.approx(4 / 6)
    assert result["f1"] == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert result["balanced_accuracy"] == pytest.approx((3 / 4 + 4 / 6) / 2)
    assert result["mcc"] == pytest.approx((3 * 4 - 2 * 1) / math.sqrt(5 * 4 * 6 * 5))
    assert result["log_loss"] == pytest.approx(-(7 * math.log(0.8) + 3 * math.log(0.2)) / 10)


def test_multiclass_metrics_are_scikit_learn_s_macro_averages():
    draws = np.random.default_rng(0)
    truth = draws.integers(0, 3, 60)
    raw = draws.uniform(size=(60, 3)) + np.eye(3)[truth]
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    labels = probabilities.argmax(axis=1)
    result = score("multiclass", 3, truth, probabilities)
    assert result["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, labels))
    assert result["precision"] == pytest.approx(metrics.precision_score(truth, labels, average="macro"))
    assert result["recall"] == pytest.approx(metrics.recall_score(truth, labels, average="macro"))
    assert result["f1"] == pytest.approx(metrics.f1_score(truth, labels, average="macro"))
    assert result["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, probabilities, multi_class="ovr"))
    assert result["pr_auc"] == pytest.approx(metrics.average_precision_score(np.eye(3)[truth], probabilities))
    each = [metrics.recall_score(truth != code, labels != code) for code in range(3)]
    assert result["specificity"] == pytest.approx(np.mean(each))


def test_regression_metrics_by_hand():
    truth, values = np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 4.0, 4.0])
    result = score("regression", 0, truth, values)
    assert result == pytest.approx({"mse": 5 / 4, "rmse": math.sqrt(5 / 4), "mae": 3 / 4, "r2": 1 - 5 / 14})


def test_a_missing_class_makes_nan_of_what_asks_for_it_and_raises_nothing():
    truth = np.zeros(5, dtype=int)
    result = score("binary", 2, truth, _probabilities(np.array([0, 0, 0, 1, 1]), 2))
    undefined = {name for name, value in result.items() if math.isnan(value)}
    assert undefined == {"balanced_accuracy", "recall", "specificity", "roc_auc", "pr_auc"}
    assert result["accuracy"] == pytest.approx(0.6)
    assert result["precision"] == result["f1"] == 0


def test_a_multiclass_table_without_one_class_is_scored_where_it_can_be():
    truth = np.array([0, 1, 0, 1])
    result = score("multiclass", 3, truth, _probabilities(truth, 3))
    assert result["accuracy"] == result["f1"] == result["precision"] == 1
    assert math.isnan(result["recall"])


def test_a_certain_mistake_costs_much_but_not_everything():
    value = score("binary", 2, np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))["log_loss"]
    assert math.isfinite(value)
    assert value > 5


def test_a_label_never_predicted_has_precision_zero():
    assert score("binary", 2, np.array([0, 1]), _probabilities(np.array([0, 0]), 2))["precision"] == 0


@pytest.mark.parametrize("truth", [np.array([3.0]), np.array([3.0, 3.0])])
def test_r2_of_a_constant_target_is_undefined(truth):
    assert math.isnan(score("regression", 0, truth, truth + 1)["r2"])


def test_confusion_has_truth_in_rows_and_predictions_in_columns():
    table = confusion(np.array([0, 0, 1]), _probabilities(np.array([0, 2, 2]), 3))
    np.testing.assert_array_equal(table, [[1, 0, 1], [0, 0, 1], [0, 0, 0]])


def test_one_half_is_the_threshold_of_two_labels():
    result = score("binary", 2, np.array([1, 0]), np.array([[0.49, 0.51], [0.51, 0.49]]))
    assert result["accuracy"] == 1
