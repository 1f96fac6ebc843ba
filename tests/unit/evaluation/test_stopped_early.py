"""What choosing its own epoch adds to the score of a fold."""

from __future__ import annotations

import math

import pytest

from foldwise.evaluation.stopped_early import gain_of_stopping
from foldwise.spec.goal import Goal
from foldwise.trial.result import FoldScore, TrialResult

ACCURACY, LOSS, RMSE = Goal("accuracy", "maximize"), Goal("log_loss", "minimize"), Goal("rmse", "minimize")


def trial(curve, curves, bests, scores=(0.5, 0.5, 0.5)):
    folds = tuple(
        FoldScore(place, score, {}, {curve: tuple(values)}, best, 0.0)
        for place, (values, best, score) in enumerate(zip(curves, bests, scores, strict=True))
    )
    return TrialResult(0, {}, "COMPLETE", folds, mean=0.5)


def test_a_fold_is_scored_at_the_median_epoch_of_the_others():
    curves = [[0.5, 0.8, 0.6, 0.7], [0.4, 0.5, 0.9, 0.6], [0.3, 0.4, 0.5, 0.7]]
    # others' medians: of 3 and 4: 4 (rounded up); of 2 and 4: 3; of 2 and 3: 3
    expected = ((0.8 - 0.7) + (0.9 - 0.9) + (0.7 - 0.5)) / 3
    assert gain_of_stopping(ACCURACY, [trial("val_accuracy", curves, (2, 3, 4))]) == pytest.approx(expected)


def test_a_loss_gains_by_being_lower_and_a_short_curve_counts_to_its_end():
    curves = [[0.9, 0.5, 0.7], [0.9, 0.8, 0.6, 0.5, 0.4], [0.9, 0.8, 0.6, 0.5, 0.4]]
    assert gain_of_stopping(LOSS, [trial("val_loss", curves, (2, 5, 5))]) == pytest.approx(((0.7 - 0.5) + 0.1 + 0.1) / 3)


def test_the_loss_of_numbers_counts_by_its_ratio():
    curves = [[4.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    found = gain_of_stopping(RMSE, [trial("val_loss", curves, (2, 1, 1), scores=(10.0, 10.0, 10.0))])
    assert found == pytest.approx((10 * math.sqrt(4.0) - 10) / 3)


@pytest.mark.parametrize(
    ("goal", "result"),
    [
        (Goal("roc_auc", "maximize"), trial("val_loss", [[1.0]] * 3, (1, 1, 1))),
        (ACCURACY, trial("val_loss", [[1.0]] * 3, (1, 1, 1))),
        (ACCURACY, TrialResult(0, {}, "COMPLETE", (FoldScore(0, 0.5, {}, {"val_accuracy": (0.5,)}, 1, 0.0),), mean=0.5)),
    ],
)
def test_nothing_is_said_without_a_curve_or_with_one_fold(goal, result):
    assert gain_of_stopping(goal, [result]) is None


def test_folds_that_agree_gain_nothing():
    assert gain_of_stopping(ACCURACY, [trial("val_accuracy", [[0.5, 0.7, 0.6]] * 3, (2, 2, 2))]) == 0.0
