"""Calibrated probabilities and intervals of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from foldwise.evaluation.answer_interval import half_width
from foldwise.evaluation.calibration import Calibration, expected_error, fit, that_helps
from foldwise.models.heads import label_codes

DRAW = np.random.default_rng(11)
ROWS = 4000


def two_classes(slope, bias):
    """Truth of two classes, and probabilities whose logits are `slope` times too steep and shifted by `bias`."""
    logits = DRAW.normal(0, 1.5, ROWS)
    truth = (DRAW.random(ROWS) < expit(logits)).astype(int)
    positive = expit(slope * logits + bias)
    return truth, np.column_stack([1 - positive, positive])


def many_classes(slope):
    logits = DRAW.normal(0, 1.0, (ROWS, 4))
    truth = np.array([DRAW.choice(4, p=row) for row in softmax(logits, axis=1)])
    return truth, softmax(slope * logits, axis=1)


def test_the_temperature_of_sure_networks_is_found():
    found = fit(*two_classes(3.0, 0.0), bias=False)
    assert found.slope == pytest.approx(1 / 3, rel=0.1)
    assert found.bias == 0.0
    assert fit(*many_classes(0.5), bias=True).slope == pytest.approx(2.0, rel=0.1)


def test_the_shift_of_balanced_classes_is_found():
    found = fit(*two_classes(1.0, 2.0), bias=True)
    assert found.slope == pytest.approx(1.0, abs=0.12)
    assert found.bias == pytest.approx(-2.0, abs=0.25)


@pytest.mark.parametrize("of", [lambda: two_classes(4.0, 0.0), lambda: many_classes(4.0)])
def test_the_calibration_error_falls_and_no_label_changes(of):
    truth, probabilities = of()
    folds = np.arange(ROWS) % 5
    found = that_helps(truth, probabilities, folds, bias=False)
    after = found.apply(probabilities)
    assert expected_error(truth, after) < 0.3 * expected_error(truth, probabilities)
    np.testing.assert_allclose(after.sum(axis=1), 1.0)
    assert (after.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_the_moved_threshold_keeps_the_labels():
    truth, probabilities = two_classes(2.0, 1.5)
    found = fit(truth, probabilities, bias=True)
    for threshold in (0.2, 0.5, 0.83):
        moved = label_codes(found.apply(probabilities), found.threshold(threshold))
        assert (moved == label_codes(probabilities, threshold)).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_that_are_all_answered_rightly_do_not_make_the_answers_certain(classes):
    truth = np.arange(150) % classes
    sure = DRAW.uniform(0.8, 0.99, 150)[:, None]
    probabilities = np.where(np.eye(classes)[truth] == 1, sure, (1 - sure) / (classes - 1))
    calibration = that_helps(truth, probabilities, np.arange(150) % 5, bias=False)
    assert calibration is not None
    wrong = calibration.apply(probabilities)[0, 1]  # an answer as sure as one of these, of a row of another class
    assert -np.log(wrong) < 15
    assert calibration.apply(probabilities).max(axis=1).mean() == pytest.approx(1 - 1 / (150 / classes + 2), abs=0.01)


def test_probabilities_that_are_right_stay_as_they_are():
    adopted = 0
    for _ in range(20):
        truth, probabilities = two_classes(1.0, 0.0)
        adopted += that_helps(truth[:500], probabilities[:500], np.arange(500) % 5, bias=True) is not None
    assert adopted <= 6


def test_few_rows_or_one_fold_are_not_calibrated():
    truth, probabilities = two_classes(4.0, 0.0)
    assert that_helps(truth[:40], probabilities[:40], np.arange(40) % 5, bias=False) is None
    assert that_helps(truth, probabilities, np.zeros(ROWS), bias=False) is None


def test_certain_and_wrong_probabilities_give_finite_numbers():
    truth, probabilities = np.array([0, 1] * 50), np.array([[1.0, 0.0], [1.0, 0.0]] * 50)
    found = fit(truth, probabilities, bias=True).apply(probabilities)
    assert np.isfinite(found).all()
    assert found[:, 1].mean() == pytest.approx(0.5, abs=0.05)


def test_a_calibration_of_nothing_changes_nothing():
    _, probabilities = many_classes(1.0)
    np.testing.assert_allclose(Calibration(1.0).apply(probabilities), probabilities, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.95])
def test_the_interval_holds_new_values(coverage):
    inside = []
    for _ in range(200):
        errors = DRAW.standard_t(4, 300)
        half = half_width(errors[:200], np.zeros(200), coverage)
        inside.append(np.mean(np.abs(errors[200:]) <= half))
    assert np.mean(inside) == pytest.approx(coverage, abs=0.012)
    assert np.mean(inside) >= coverage - 0.008


def test_too_few_rows_have_no_interval():
    assert half_width(np.arange(8.0), np.zeros(8), 0.9) is None
    assert half_width(np.arange(9.0), np.zeros(9), 0.9) == 8.0
