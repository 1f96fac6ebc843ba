"""Two models on the same rows: the difference of their losses with a paired interval."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.paired_rows import paired

RNG = np.random.default_rng(4)
TRUTH = RNG.integers(0, 2, 400)


def answers(right):
    """Probabilities with which these rows are answered right."""
    label = np.where(right, TRUTH, 1 - TRUTH)
    return np.where(label[:, None] == np.arange(2), 0.8, 0.2)


GOOD, POOR = answers(RNG.random(400) < 0.9), answers(RNG.random(400) < 0.75)


def test_a_difference_of_accuracy_is_that_of_the_scores_and_its_interval_scipy_s():
    found = paired("accuracy", 2, TRUTH, (GOOD, POOR))
    score = scorer("binary", 2, "accuracy")
    assert found.difference == pytest.approx(score(TRUTH, GOOD) - score(TRUTH, POOR))
    right = [(one.argmax(axis=1) == TRUTH).astype(float) for one in (GOOD, POOR)]
    theirs = ttest_rel(*right).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert (found.rows, found.unit, found.answer) == (400, "accuracy", "first")
    assert found.apart == int((right[0] != right[1]).sum())


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "log_loss"])
def test_the_order_of_the_two_changes_the_sign_alone(metric):
    one, other = paired(metric, 2, TRUTH, (GOOD, POOR)), paired(metric, 2, TRUTH, (POOR, GOOD))
    assert (other.difference, other.low, other.high) == pytest.approx((-one.difference, -one.high, -one.low))
    assert (one.answer, other.answer) == ("first", "other")


def test_a_smaller_alpha_gives_a_wider_interval():
    one, three = paired("accuracy", 2, TRUTH, (GOOD, POOR)), paired("accuracy", 2, TRUTH, (GOOD, POOR), alpha=0.05 / 3)
    assert three.high - three.low > one.high - one.low
    assert three.level == pytest.approx(1 - 0.05 / 3)


def test_errors_of_numbers_are_capped_and_speak_for_the_smaller_ones():
    truth = RNG.normal(size=300)
    near, far = truth + 0.1 * RNG.normal(size=300), truth + RNG.normal(size=300)
    far[0] = 1e9
    found = paired("rmse", 0, truth, (near, far))
    assert (found.answer, found.unit) == ("first", "squared error")
    assert found.difference < 10


def test_few_rows_that_differ_decide_nothing():
    right = np.ones(400, dtype=bool)
    wrong = right.copy()
    wrong[:5] = False
    found = paired("accuracy", 2, TRUTH, (answers(right), answers(wrong)))
    assert found.low > 0
    assert (found.apart, found.answer) == (5, "neither")
    same = paired("accuracy", 2, TRUTH, (GOOD, GOOD))
    assert (same.apart, same.difference, same.answer) == (0, 0.0, "neither")


def test_equal_models_are_rarely_told_apart():
    told = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        one, other = (answers(rng.random(400) < 0.8) for _ in range(2))
        told += paired("accuracy", 2, TRUTH, (one, other)).answer != "neither"
    assert told <= 27  # 15 are expected; more than 27 happen in one of a thousand such tests
