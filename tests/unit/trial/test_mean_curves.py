import pytest

from foldwise.trial.mean_curves import curve_names, mean_curves, metrics_of
from foldwise.trial.result import FoldScore


def fold(number, **curves):
    return FoldScore(number, 0.5, {}, curves, 1, 0.0)


def test_every_followed_metric_has_its_curves_and_the_rate_comes_last():
    folds = [fold(0, learning_rate=(0.1,), loss=(3.0,), accuracy=(0.5,), val_loss=(4.0,), val_accuracy=(0.25,))]
    assert metrics_of(folds) == ["accuracy"]
    assert curve_names(folds) == ["loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"]
    assert [name for name, _, _ in mean_curves(folds, 10, each=True)][5:7] == ["fold.0.loss", "fold.0.val_loss"]


def test_a_study_from_before_has_the_curves_that_it_has():
    folds = [fold(0, loss=(3.0, 1.0), learning_rate=(0.1, 0.1)), fold(1, loss=(5.0,))]
    assert metrics_of(folds) == []
    assert list(mean_curves(folds, 10)) == [
        ("loss", 1, pytest.approx(4.0)),
        ("loss", 2, 1.0),
        ("learning_rate", 1, 0.1),
        ("learning_rate", 2, 0.1),
    ]
    assert list(mean_curves([], 10)) == []
