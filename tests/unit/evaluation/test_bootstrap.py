import math
import time

import numpy as np
import pytest

from foldwise.evaluation.bootstrap import Comparison, compare, sentence
from foldwise.evaluation.metrics import scorer
from foldwise.spec.goal import Goal
from foldwise.trial.summary import BaselineScore

ACCURACY, RMSE, AUC = Goal("accuracy", "maximize"), Goal("rmse", "minimize"), Goal("roc_auc", "maximize")


def _labels(correct, truth):
    """Probabilities whose labels are right in the first `correct` rows."""
    labels = np.where(np.arange(len(truth)) < correct, truth, 1 - truth)
    return np.where(np.eye(2)[labels] > 0, 0.9, 0.1)


def _compare(goal, truth, ours, theirs, task="binary", **more):
    return compare(goal, scorer(task, 2, goal.metric), truth, ours, theirs, 0, **more)


def test_a_clear_lead_is_better_and_turned_round_worse():
    truth = np.arange(200) % 2
    ahead = _compare(ACCURACY, truth, _labels(190, truth), _labels(120, truth))
    assert ahead.difference == pytest.approx(0.35)
    assert (ahead.better, ahead.worse) == (True, False)
    assert 0 < ahead.low < 0.35 < ahead.high
    behind = _compare(ACCURACY, truth, _labels(120, truth), _labels(190, truth))
    assert (behind.better, behind.worse) == (False, True)


def test_one_more_right_row_is_no_lead():
    truth = np.arange(30) % 2
    comparison = _compare(ACCURACY, truth, _labels(29, truth), _labels(28, truth))
    assert not comparison.better
    assert not comparison.worse


def test_equal_predictions_differ_by_nothing():
    truth = np.arange(30) % 2
    assert _compare(ACCURACY, truth, _labels(20, truth), _labels(20, truth)) == Comparison(0.0, 0.0, 0.0, False, False)


def test_where_less_is_better_a_lead_is_negative():
    truth = np.linspace(0, 1, 100)
    comparison = _compare(RMSE, truth, truth + 0.1, truth + 0.5, task="regression")
    assert comparison.better
    assert comparison.high < 0


def test_the_same_seed_gives_the_same_interval():
    truth = np.arange(60) % 2
    once, again = (_compare(ACCURACY, truth, _labels(50, truth), _labels(40, truth)) for _ in range(2))
    assert once == again


def test_the_interval_is_that_of_theory():
    """One row in ten is answered better: the difference is a share of 0.1 with sd sqrt(0.1 * 0.9 / 1000)."""
    truth = np.arange(1000) % 2
    comparison = _compare(ACCURACY, truth, _labels(1000, truth), _labels(900, truth))
    sd = np.sqrt(0.1 * 0.9 / 1000)
    assert comparison.low == pytest.approx(0.1 - 1.96 * sd, abs=0.003)
    assert comparison.high == pytest.approx(0.1 + 1.96 * sd, abs=0.003)


def test_resamples_without_a_class_are_left_out():
    truth = np.array([0] * 8 + [1])
    comparison = _compare(AUC, truth, _labels(9, truth), _labels(8, truth))
    assert np.isfinite([comparison.low, comparison.high]).all()


def test_each_side_is_labelled_by_its_own_threshold():
    truth = np.arange(100) % 2
    ours, theirs = _labels(100, truth), np.column_stack([1 - 0.1 * truth, 0.1 * truth])
    assert _compare(ACCURACY, truth, ours, theirs).difference == 0.5
    assert _compare(ACCURACY, truth, ours, theirs, their_score=scorer("binary", 2, "accuracy", 0.05)).difference == 0


def test_what_cannot_be_judged_is_neither_better_nor_worse():
    truth = np.zeros(5, dtype=int)
    comparison = _compare(AUC, truth, _labels(5, truth), _labels(2, truth))
    assert not comparison.better
    assert not comparison.worse
    assert "cannot be judged" in sentence(AUC, math.nan, BaselineScore("logistic", 0.9, 0.01, math.nan), comparison, 5)


@pytest.mark.parametrize("goal", [ACCURACY, AUC, Goal("log_loss", "minimize"), Goal("f1", "maximize")], ids=lambda g: g.metric)
def test_three_hundred_rows_are_judged_in_seconds(goal):
    truth = np.arange(300) % 2
    began = time.process_time()
    _compare(goal, truth, _labels(250, truth), _labels(200, truth))
    assert time.process_time() - began < 2


def test_large_holdouts_get_fewer_resamples():
    calls = []

    def count(truth, predictions):
        calls.append(len(truth))
        return 0.5

    truth = np.zeros(100_000)
    compare(ACCURACY, count, truth, truth, truth, 0)
    assert len(calls) == 2 * 100 + 2


def test_the_sentence_agrees_with_the_interval():
    rival = BaselineScore("logistic", 0.9, 0.01, 0.9333)
    text = sentence(ACCURACY, 0.9667, rival, Comparison(0.0333, -0.0333, 0.1, False, False), 30)
    assert text == (
        "holdout accuracy 0.967 (30 rows); the better baseline, logistic, has 0.933; "
        "difference +0.033, 95 % interval -0.033 to +0.100: the baseline is as good"
    )
    assert sentence(ACCURACY, 1, rival, Comparison(0.07, 0.01, 0.1, True, False), 30).endswith(": the model is better")
    assert sentence(ACCURACY, 0, rival, Comparison(-0.9, -1, -0.8, False, True), 30).endswith(": the baseline is better")
