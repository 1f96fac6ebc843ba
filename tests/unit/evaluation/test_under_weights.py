"""A metric under row weights is the metric of the rows that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.under_weights import under_weights
from foldwise.spec.goal import METRICS

DRAW = np.random.default_rng(3)
ROWS, MODELS = 60, 3
TASKS = {"binary": 2, "multiclass": 4, "regression": 0}
CASES = [(task, name) for task in TASKS for name, (_, tasks) in METRICS.items() if task in tasks]
CASES.append(("multiclass", "top_2_accuracy"))


def predictions(labels):
    """Of a model: probabilities with many ties, or values."""
    if not labels:
        return DRAW.normal(size=ROWS)
    drawn = DRAW.integers(1, 6, (ROWS, labels)).astype(float)
    return drawn / drawn.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("task", "metric"), CASES)
def test_weights_are_repeated_rows(task, metric):
    labels = TASKS[task]
    truth = DRAW.integers(0, labels, ROWS) if labels else DRAW.normal(size=ROWS)
    models = [predictions(labels) for _ in range(MODELS)]
    thresholds = [0.5, 0.4, DRAW.uniform(0.3, 0.7, ROWS)]
    drawn = [DRAW.integers(0, ROWS, ROWS) for _ in range(5)]
    weights = np.stack([np.bincount(rows, minlength=ROWS) for rows in drawn]).astype(float)
    found = under_weights(task, labels, metric, truth, models, thresholds)(weights)
    for draw, rows in enumerate(drawn):
        for place, (model, threshold) in enumerate(zip(models, thresholds, strict=True)):
            cut = threshold if np.isscalar(threshold) else threshold[rows]
            expected = scorer(task, labels, metric, cut)(truth[rows], model[rows])
            assert found[draw, place] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("metric", ["roc_auc", "pr_auc", "balanced_accuracy"])
def test_a_missing_class_gives_nan(metric):
    truth = np.array([0, 0, 1, 1])
    model = np.column_stack([[0.9, 0.6, 0.3, 0.1], [0.1, 0.4, 0.7, 0.9]])
    found = under_weights("binary", 2, metric, truth, [model], [0.5])(np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]))
    assert np.isnan(found[0, 0])
    assert found[1, 0] == 1.0


def test_r2_of_equal_numbers_gives_nan():
    found = under_weights("regression", 0, "r2", np.array([1.0, 1.0, 5.0]), [np.zeros(3)], [0.5])
    assert np.isnan(found(np.array([[2.0, 1.0, 0.0]]))[0, 0])
