"""Metrics by hand, and held against scikit-learn's on many small tables, degenerate ones among them."""

import itertools
import math

import numpy as np
import pytest
from sklearn import metrics

from foldwise.evaluation.metrics import confusion, score, scorer
from foldwise.models.heads import label_codes
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


def test_a_metric_that_needs_a_missing_class_is_nan_and_raises_nothing():
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


NEED_ALL_CLASSES = ("balanced_accuracy", "recall", "specificity", "roc_auc", "pr_auc")
VALUES = {
    "mse": metrics.mean_squared_error,
    "rmse": metrics.root_mean_squared_error,
    "mae": metrics.mean_absolute_error,
    "r2": lambda truth, values: math.nan if len(truth) < 2 or np.ptp(truth) == 0 else metrics.r2_score(truth, values),
}


def scikit_learn(task, classes, truth, predictions, threshold):
    """Every metric by scikit-learn, nan where a class that it needs is missing."""
    if task == "regression":
        return {name: metric(truth, predictions) for name, metric in VALUES.items()}
    labels = label_codes(predictions, threshold)
    average = "binary" if classes == 2 else "macro"
    codes = [1] if classes == 2 else range(classes)
    complete = np.bincount(truth, minlength=classes).all()
    tables = metrics.multilabel_confusion_matrix(truth, labels, labels=[1] if classes == 2 else range(classes))

    def over_classes(metric):
        return np.mean([metric(truth == code, predictions[:, code]) for code in codes])

    by_name = {
        "accuracy": lambda: metrics.accuracy_score(truth, labels),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(truth, labels),
        "precision": lambda: metrics.precision_score(truth, labels, average=average, zero_division=0),
        "recall": lambda: metrics.recall_score(truth, labels, average=average),
        "specificity": lambda: np.mean([table[0, 0] / table[0].sum() for table in tables]),
        "f1": lambda: metrics.f1_score(truth, labels, average=average, zero_division=0),
        "mcc": lambda: 0.0 if np.ptp(truth) == 0 or np.ptp(labels) == 0 else metrics.matthews_corrcoef(truth, labels),
        "log_loss": lambda: metrics.log_loss(truth, predictions, labels=range(classes)),
        "roc_auc": lambda: over_classes(metrics.roc_auc_score),
        "pr_auc": lambda: over_classes(metrics.average_precision_score),
    }
    return {name: by_name[name]() if complete or name not in NEED_ALL_CLASSES else math.nan for name in by_name}


def agree(task, classes, truth, predictions, threshold=0.5):
    expected = scikit_learn(task, classes, truth, predictions, threshold)
    assert score(task, classes, truth, predictions, threshold) == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    each = {name: scorer(task, classes, name, threshold)(truth, predictions) for name in expected}
    assert each == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    if classes:
        table = metrics.confusion_matrix(truth, label_codes(predictions, threshold), labels=range(classes))
        np.testing.assert_array_equal(confusion(truth, predictions, threshold), table)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(30))
def test_scikit_learn_agrees_on_classes(classes, seed):
    draws = np.random.default_rng(seed)
    rows = int(draws.choice([1, 3, 10, 200]))
    probabilities = draws.dirichlet(np.ones(classes), rows)
    if seed % 2:
        probabilities = np.round(probabilities * 3)  # ties, ones and zeros
        probabilities = (probabilities + 1e-3) / (probabilities + 1e-3).sum(axis=1, keepdims=True)
    truth = draws.integers(0, draws.integers(1, classes + 1), rows)
    task = "binary" if classes == 2 else "multiclass"
    agree(task, classes, truth, probabilities)
    agree(task, classes, truth, probabilities, threshold=0.3)
    agree(task, classes, truth, probabilities, threshold=draws.random(rows))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("code", [0, 1])
def test_scikit_learn_agrees_on_one_class_alone(classes, code):
    draws = np.random.default_rng(code)
    probabilities = draws.dirichlet(np.ones(classes), 8)
    agree("binary" if classes == 2 else "multiclass", classes, np.full(8, code), probabilities)


@pytest.mark.parametrize("classes", [2, 3])
def test_scikit_learn_agrees_where_all_scores_are_equal(classes):
    task = "binary" if classes == 2 else "multiclass"
    agree(task, classes, np.arange(12) % classes, np.full((12, classes), 1 / classes))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_scikit_learn_agrees_on_certain_answers(classes, seed):
    draws = np.random.default_rng(seed)
    truth, labels = draws.integers(0, classes, (2, 20))
    agree("binary" if classes == 2 else "multiclass", classes, truth, np.eye(classes)[labels])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_scikit_learn_agrees_on_codes_of_any_width(dtype):
    draws = np.random.default_rng(0)
    agree("multiclass", 40, draws.permutation(np.arange(400) % 40).astype(dtype), draws.dirichlet(np.ones(40), 400))


@pytest.mark.parametrize("seed", range(10))
def test_scikit_learn_agrees_on_values(seed):
    draws = np.random.default_rng(seed)
    rows = 1 + seed * 7
    agree("regression", 0, draws.normal(size=rows) * 100, draws.normal(size=rows))
    agree("regression", 0, np.full(rows, 0.1), draws.normal(size=rows))


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("task", "classes"), [("binary", 2), ("multiclass", 3), ("regression", 0)])
def test_a_prediction_that_is_not_finite_makes_every_metric_nan(task, classes, wrong):
    """scikit-learn's metrics of scores raise here, and its metrics of labels never see the scores."""
    truth = np.arange(12) % (classes or 12)
    predictions = _probabilities(truth, classes) if classes else truth + 0.5
    predictions[3] = wrong
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        metrics.roc_auc_score(truth == 1, predictions[:, 1]) if classes else metrics.mean_squared_error(truth, predictions)
    assert all(math.isnan(value) for value in score(task, classes, truth, predictions).values())


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("seed", range(10))
def test_scikit_learn_agrees_on_the_labels_among_the_k_most_probable(count, seed):
    draws = np.random.default_rng(seed)
    probabilities, truth = draws.dirichlet(np.ones(5), 60), draws.integers(0, 5, 60)
    name = f"top_{count}_accuracy"
    expected = metrics.top_k_accuracy_score(truth, probabilities, k=count, labels=range(5))
    assert score("multiclass", 5, truth, probabilities, also=name)[name] == pytest.approx(expected)
    assert scorer("multiclass", 5, name)(truth, probabilities) == pytest.approx(expected)


@pytest.mark.parametrize("count", [2, 3])
def test_a_tie_for_the_last_place_counts_as_the_mean_over_all_orders_of_the_labels(count):
    """scikit-learn breaks ties by the labels' order; ours is its mean over all orders."""
    draws = np.random.default_rng(count)
    probabilities, truth = np.round(draws.dirichlet(np.ones(4), 40) * 2), draws.integers(0, 4, 40)
    each = []
    for order in itertools.permutations(range(4)):
        moved = np.argsort(order)[truth]
        each.append(metrics.top_k_accuracy_score(moved, probabilities[:, order], k=count, labels=range(4)))
    assert max(each) > min(each)
    assert scorer("multiclass", 4, f"top_{count}_accuracy")(truth, probabilities) == pytest.approx(np.mean(each))
    equal = np.full((4, 4), 0.25)
    assert scorer("multiclass", 4, f"top_{count}_accuracy")(np.arange(4), equal) == pytest.approx(count / 4)


def test_a_metric_that_is_not_asked_for_is_not_there():
    truth = np.array([0, 1, 2])
    assert "top_2_accuracy" not in score("multiclass", 3, truth, _probabilities(truth, 3))
    assert "accuracy" in score("multiclass", 3, truth, _probabilities(truth, 3), also="accuracy")
