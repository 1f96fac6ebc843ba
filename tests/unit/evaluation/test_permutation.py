"""The error rate is the stated one for every metric, and a true gain is found."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import stats

from foldwise.evaluation import permutation
from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.permutation import Side
from foldwise.spec.goal import METRICS, Goal


def paired_test(goal, task, labels, *rows, **options):
    return permutation.paired_test(goal, partial(scorer, task, labels, goal.metric), *rows, **options)


def _goal(metric):
    return Goal(metric, METRICS[metric][0])


def _models(seed, rows, gain=0.0, classes=2):
    """Truth and two models' probabilities: they share most of their mistakes; the first is better by `gain`."""
    rng = np.random.default_rng(seed)
    truth = np.arange(rows) % classes
    shared = rng.normal(size=(rows, classes))
    sides = []
    for more in (gain, 0.0):
        logits = shared + 0.7 * rng.normal(size=(rows, classes)) + (1.2 + more) * np.eye(classes)[truth]
        sides.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    return truth, *sides


FEW = 250  # exchanges are enough to count decisions at 5 %


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "f1", pytest.param("roc_auc", marks=pytest.mark.long)])
def test_errors_are_as_rare_as_stated(metric):
    wrong, tests = 0, 120
    for seed in range(tests):
        truth, ours, theirs = _models(seed, 50)
        found = paired_test(_goal(metric), "binary", 2, truth, Side(ours, 0.5), Side(theirs, 0.4), seed, draws=FEW)
        wrong += found.p_value <= 0.05
    assert wrong <= stats.binom.ppf(0.999, tests, 0.05)


def test_regression_has_the_same_rate_and_finds_a_gain():
    rng = np.random.default_rng(1)
    wrong = found = 0
    for seed in range(120):
        truth = rng.normal(size=60)
        equal = [truth + rng.normal(size=60) for _ in range(2)]
        better = truth + 0.7 * rng.normal(size=60)
        sides = [Side(values, 0.5) for values in (*equal, better)]
        wrong += paired_test(_goal("rmse"), "regression", 0, truth, sides[0], sides[1], seed, draws=FEW).p_value <= 0.05
        found += paired_test(_goal("rmse"), "regression", 0, truth, sides[2], sides[1], seed, draws=FEW).p_value <= 0.05
    assert wrong <= stats.binom.ppf(0.999, 120, 0.05)
    assert found > 80


@pytest.mark.long
def test_a_true_gain_of_two_standard_errors_is_found_in_most():
    found, tests, rows, apart = 0, 200, 400, 0.1
    for seed in range(tests):
        rng = np.random.default_rng(seed)
        truth, disagree = rng.integers(0, 2, rows), rng.random(rows) < apart
        right = rng.random(rows) < 0.5 + 1 / math.sqrt(apart * rows)
        ours = Side(np.eye(2)[np.where(disagree & ~right, 1 - truth, truth)], 0.5)
        theirs = Side(np.eye(2)[np.where(disagree & right, 1 - truth, truth)], 0.5)
        found += paired_test(_goal("accuracy"), "binary", 2, truth, ours, theirs, seed, draws=FEW).p_value <= 0.05
    assert found > tests / 2


def test_accuracy_s_p_value_is_the_sign_test_s():
    truth = np.zeros(40, dtype=np.int64)
    ours, theirs = np.zeros(40, dtype=np.int64), np.zeros(40, dtype=np.int64)
    theirs[:9] = 1  # nine rows where only ours is right, two where only theirs is
    ours[9:11] = 1
    found = paired_test(_goal("accuracy"), "binary", 2, truth, Side(np.eye(2)[ours], 0.5), Side(np.eye(2)[theirs], 0.5), 0)
    exact = stats.binomtest(9, 11, alternative="greater").pvalue
    assert found.gain == pytest.approx(7 / 40)
    assert found.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact / 2000))


def test_equal_answers_are_no_gain():
    truth, ours, _ = _models(3, 50)
    found = paired_test(_goal("accuracy"), "binary", 2, truth, Side(ours, 0.5), Side(ours, 0.5), 0)
    assert (found.gain, found.p_value) == (0.0, 1.0)


def test_a_threshold_belongs_to_its_model():
    truth = np.array([0, 1] * 30)
    scores = np.where(truth == 1, 0.3, 0.2)
    both = np.column_stack([1 - scores, scores])
    found = paired_test(_goal("accuracy"), "binary", 2, truth, Side(both, 0.25), Side(both, 0.5), 0)
    assert (found.challenger, found.champion) == (1.0, 0.5)
    assert found.p_value < 0.001


def test_several_classes_and_ranks_of_other_scales():
    truth, ours, theirs = _models(4, 90, gain=2.0, classes=3)
    for metric in ("accuracy", "log_loss", "roc_auc"):
        assert paired_test(_goal(metric), "multiclass", 3, truth, Side(ours, 0.5), Side(theirs, 0.5), 0).p_value < 0.05
    squeezed = 0.5 + 0.01 * ours[:, :2]  # the same order on another scale is the same model to a metric of ranks
    same = paired_test(_goal("roc_auc"), "binary", 2, truth % 2, Side(ours[:, :2], 0.5), Side(squeezed, 0.5), 0)
    assert same.gain == 0.0
    assert same.p_value == 1.0


def test_rows_that_belong_together_count_once():
    truth = np.zeros(60, dtype=np.int64)
    theirs = np.where(np.arange(60) < 20, 1, 0)  # wrong in twenty rows, which are of two patients
    sides = Side(np.eye(2)[truth], 0.5), Side(np.eye(2)[theirs], 0.5)
    alone = paired_test(_goal("accuracy"), "binary", 2, truth, *sides, 0)
    together = paired_test(_goal("accuracy"), "binary", 2, truth, *sides, 0, units=np.arange(60) // 10)
    assert alone.p_value < 0.001
    assert together.p_value == pytest.approx(0.25, abs=0.05)


def test_a_score_that_cannot_be_computed_is_nan():
    found = paired_test(_goal("roc_auc"), "binary", 2, np.zeros(5, dtype=np.int64), *[Side(np.full((5, 2), 0.5), 0.5)] * 2, 0)
    assert math.isnan(found.p_value)
    empty = paired_test(_goal("accuracy"), "binary", 2, np.zeros(0, dtype=np.int64), *[Side(np.zeros((0, 2)), 0.5)] * 2, 0)
    assert math.isnan(empty.p_value)


def test_a_p_value_is_never_less_than_the_exchanges_can_show():
    truth = np.zeros(200, dtype=np.int64)
    right, wrong = (Side(np.tile(row, (200, 1)), 0.5) for row in np.eye(2))
    found = paired_test(_goal("accuracy"), "binary", 2, truth, right, wrong, 0, draws=100)
    assert (found.gain, found.p_value) == (1.0, 1 / 101)
