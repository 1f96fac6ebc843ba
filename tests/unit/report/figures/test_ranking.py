"""ROC and precision-recall curves, compared with scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from foldwise.report.figures.ranking import (
    COLOURED,
    draw_precision_recall,
    draw_roc,
    mean_precision_recall,
    mean_roc,
    precision_recall,
    roc,
)


def _binary(rows=300, ties=False):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, rows)
    scores = np.clip(0.3 * truth + rng.random(rows) * 0.7, 0, 1)
    return truth, np.round(scores, 1) if ties else scores


def _many(classes, rows=400):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, classes, rows)
    raw = rng.random((rows, classes))
    raw[np.arange(rows), truth] += 0.5
    return truth, raw / raw.sum(axis=1, keepdims=True)


def _lines(axes):
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


@pytest.mark.parametrize("ties", [False, True])
def test_roc_is_scikit_learns(ties):
    truth, scores = _binary(ties=ties)
    curve = roc(truth == 1, scores)
    across, up, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    assert np.allclose(curve.across, across)
    assert np.allclose(curve.up, up)
    assert curve.area == pytest.approx(metrics.roc_auc_score(truth, scores))


@pytest.mark.parametrize("ties", [False, True])
def test_precision_over_recall_is_scikit_learns(ties):
    truth, scores = _binary(ties=ties)
    curve = precision_recall(truth == 1, scores)
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    assert np.allclose(curve.across[1:], recall[-2::-1])
    assert np.allclose(curve.up[1:], precision[-2::-1])
    assert curve.area == pytest.approx(metrics.average_precision_score(truth, scores))


@pytest.mark.parametrize("kind", [roc, precision_recall])
def test_rows_of_one_class_have_no_curve(kind):
    scores = np.array([0.2, 0.7])
    assert kind(np.array([True, True]), scores) is None
    assert kind(np.array([False, False]), scores) is None


def test_constant_scores_are_chance():
    truth, scores = np.array([True, False, False, False]), np.full(4, 0.3)
    curve = roc(truth, scores)
    assert (curve.across.tolist(), curve.up.tolist(), curve.area) == ([0, 1], [0, 1], 0.5)
    assert precision_recall(truth, scores).area == 0.25


def test_means_of_curves_are_means_at_each_place():
    one, other = roc(np.array([True, False]), np.array([0.9, 0.1])), roc(np.array([True, False]), np.array([0.1, 0.9]))
    mean = mean_roc([one, other])
    assert mean.area == 0.5
    assert np.allclose(mean.up[1:-1], 0.5)
    sure = precision_recall(np.array([True, False, True]), np.array([0.9, 0.1, 0.8]))
    late = precision_recall(np.array([True, False, True]), np.array([0.2, 0.9, 0.8]))
    mean = mean_precision_recall([sure, late])
    assert mean.area == pytest.approx((sure.area + late.area) / 2)
    assert mean.up[-1] == pytest.approx((1 + 2 / 3) / 2)


def test_the_threshold_is_on_the_binary_curves():
    truth, scores = _binary()
    probabilities, answered = np.column_stack([1 - scores, scores]), scores > 0.6
    at = _lines(draw_roc(truth, probabilities, ["no", "yes"], "ill = yes", 0.6).axes[0])["threshold 0.6"]
    assert at.get_xdata()[0] == pytest.approx(np.mean(answered[truth == 0]))
    assert at.get_ydata()[0] == pytest.approx(metrics.recall_score(truth, answered))
    lines = _lines(draw_precision_recall(truth, probabilities, ["no", "yes"], "ill = yes", 0.6).axes[0])
    assert lines["threshold 0.6"].get_xdata()[0] == pytest.approx(metrics.recall_score(truth, answered))
    assert lines["threshold 0.6"].get_ydata()[0] == pytest.approx(metrics.precision_score(truth, answered))
    assert f"base rate {truth.mean():.3f}" in lines
    assert f"average precision {metrics.average_precision_score(truth, scores):.4f}" in lines


def test_no_threshold_is_marked_without_answers_above_it():
    truth, scores = _binary()
    figure = draw_precision_recall(truth, np.column_stack([1 - scores, scores]), ["no", "yes"], "ill", 1.0)
    assert not any(label.startswith("threshold") for label in _lines(figure.axes[0]))


def test_every_class_has_its_curve_and_a_class_without_rows_none():
    truth, probabilities = _many(4)
    axes = draw_roc(truth, probabilities, list("abcd"), None, 0.5).axes[0]
    areas = [metrics.roc_auc_score(truth == code, probabilities[:, code]) for code in range(4)]
    said = [f"{label} ({area:.4f})" for label, area in zip("abcd", areas, strict=True)]
    assert list(_lines(axes)) == ["chance", *said, f"mean of classes ({np.mean(areas):.4f})"]
    there = truth != 2
    labels = _lines(draw_roc(truth[there], probabilities[there], list("abcd"), None, 0.5).axes[0])
    assert [label[0] for label in labels] == ["c", "a", "b", "d", "m"]  # chance, a, b, d, mean


def test_of_many_classes_the_lowest_are_in_colour_and_the_legend_stays_short():
    truth, probabilities = _many(100, rows=2000)
    axes = draw_precision_recall(truth, probabilities, [f"class {code}" for code in range(100)], None, 0.5).axes[0]
    lines = _lines(axes)
    assert len(lines) == 8
    areas = [metrics.average_precision_score(truth == code, probabilities[:, code]) for code in range(100)]
    assert list(lines)[1].startswith(f"class {np.argmin(areas)} (")
    assert any(label.startswith("95 others") for label in lines)
    assert len(axes.get_lines()) > 100 > COLOURED


def test_curves_in_the_corner_are_also_enlarged():
    truth = np.repeat([0, 1], 50)
    sure = np.where(truth == 1, 0.9, 0.1) + np.linspace(0, 0.05, 100)
    close = draw_roc(truth, np.column_stack([1 - sure, sure]), ["no", "yes"], "ill", 0.5).axes[0]
    assert [child.get_ylim() for child in close.child_axes] == [(0.9, 1.002)]
    truth, scores = _binary()
    assert not draw_roc(truth, np.column_stack([1 - scores, scores]), ["no", "yes"], "ill", 0.5).axes[0].child_axes


@pytest.mark.parametrize("draw", [draw_roc, draw_precision_recall])
def test_one_row_has_no_curve(draw):
    assert draw(np.array([1]), np.array([[0.3, 0.7]]), ["no", "yes"], "ill", 0.5) is None
