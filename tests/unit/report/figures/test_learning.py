import math

import numpy as np
import pytest

from foldwise.report.figures.learning import draw_curves, draw_rate, over_folds, stacked
from foldwise.trial.curves import WrittenCurves
from foldwise.trial.result import FoldScore, TrialResult


def trial(*curves, kept=2):
    folds = tuple(FoldScore(place, 0.9, {}, each, kept, 0.1) for place, each in enumerate(curves))
    return TrialResult(4, {}, "COMPLETE", folds, 0.9, 0.0)


def losses(*values, rate=0.01):
    return {"loss": values, "val_loss": tuple(v + 0.1 for v in values), "learning_rate": (rate,) * len(values)}


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].lines if not line.get_label().startswith("_")}


def test_mean_and_deviation_are_over_the_folds_that_still_trained():
    table = stacked(trial(losses(3, 2, 1), losses(5, 4)).folds, "loss")
    mean, sd = over_folds(table)
    assert mean == pytest.approx([4, 3, 1])
    assert sd == pytest.approx([math.sqrt(2), math.sqrt(2), 0])


def test_a_loss_that_is_not_finite_is_left_out():
    mean, sd = over_folds(stacked(trial(losses(3, math.nan), losses(5, math.inf)).folds, "loss"))
    assert mean[0] == 4
    assert np.isnan([mean[1], sd[1]]).all()


def test_the_picture_shows_both_losses_the_ends_and_the_kept_weights():
    figure = draw_curves(trial(losses(3, 2, 1), losses(5, 4)))
    axes = figure.axes[0]
    assert lines(figure)["training"].get_ydata() == pytest.approx([4, 3])
    assert lines(figure)["validation"].get_ydata() == pytest.approx([4.1, 3.1])
    dotted = [line.get_ydata().tolist() for line in axes.lines if line.get_linestyle() == ":"]
    assert dotted == [pytest.approx([3, 1]), pytest.approx([3.1, 1.1])]
    dots = {shown.get_label(): shown.get_offsets().tolist() for shown in axes.collections}
    assert dots["end of a fold"] == [pytest.approx([3, 1.1]), pytest.approx([2, 4.1])]
    assert dots["kept weights"] == [pytest.approx([2, 2.1]), pytest.approx([2, 4.1])]
    assert axes.get_title(loc="right") == "mean ± sd over 2 folds; dotted: some folds have ended"


def test_the_picture_names_the_fit():
    falling = tuple(2.0 - 0.05 * epoch for epoch in range(30))
    assert (
        draw_curves(trial(losses(*falling))).get_supxlabel().startswith("Under-fitting: the validation loss was still falling")
    )


def test_losses_can_have_different_lengths():
    uneven = {"loss": (3.0, 2.0, 1.0), "val_loss": (4.0, 3.0)}
    assert lines(draw_curves(trial(uneven)))["validation"].get_ydata().tolist() == [4, 3]


def test_one_fold_has_no_spread():
    figure = draw_curves(trial(losses(3, 2, 1)))
    assert figure.axes[0].get_title(loc="right") == "one fold"


def test_written_curves_are_read():
    written = WrittenCurves('{"loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "learning_rate": [0.1, 0.1]}')
    assert lines(draw_curves(trial(written)))["validation"].get_ydata().tolist() == [2.5, 1.5]


def test_a_rate_that_falls_by_powers_has_a_logarithmic_axis_and_folds_that_differ_are_drawn():
    one = {"learning_rate": (0.1, 0.01, 0.001)}
    same, apart = draw_rate(trial(one, one)), draw_rate(trial(one, {"learning_rate": (0.1, 0.1, 0.01)}))
    assert same.axes[0].get_yscale() == "log"
    assert [text.get_text() for text in same.axes[0].get_yticklabels()] == ["0.001", "0.003", "0.01", "0.03", "0.1"]
    assert same.axes[0].get_title(loc="right") == "the same in all folds"
    assert len(same.axes[0].lines) == 1
    assert apart.axes[0].get_title(loc="right") == "2 folds differ"
    assert lines(apart)["mean over folds"].get_ydata() == pytest.approx([0.1, 0.055, 0.0055])


def test_a_constant_rate_is_noted():
    assert draw_rate(trial(losses(3, 2, rate=0.02))).axes[0].get_title(loc="right") == "constant"


def test_each_followed_metric_stands_beside_the_loss():
    accuracy = {"accuracy": (0.5, 0.7, 0.9), "val_accuracy": (0.4, 0.6, 0.8)}
    figure = draw_curves(trial(losses(3, 2, 1) | accuracy, losses(5, 4, 3) | accuracy), steps=7)
    loss, beside = figure.axes
    assert (loss.get_ylabel(), beside.get_ylabel()) == ("loss", "accuracy")
    assert [line.get_ydata().tolist() for line in beside.lines if line.get_linestyle() == "-"] == [
        pytest.approx([0.5, 0.7, 0.9]),
        pytest.approx([0.4, 0.6, 0.8]),
    ]
    assert beside.get_xlabel() == "epoch (7 steps each)"


def test_several_metrics_are_rows_of_two_and_one_without_values_is_left_out():
    metrics = dict.fromkeys(("accuracy", "val_accuracy", "top_3", "val_top_3"), (0.5, 0.6))
    gone = {"mae": (math.nan, math.nan), "val_mae": (math.nan, math.nan)}
    figure = draw_curves(trial(losses(3, 2) | metrics | gone))
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "top_3", ""]


def test_the_same_rows_are_not_called_validation():
    figure = draw_curves(trial(losses(3, 2, 1)), same_rows=True)
    assert set(lines(figure)) >= {"training", "the same rows, after the epoch"}
    assert figure.get_supxlabel().startswith("Trained and judged on the same rows")
