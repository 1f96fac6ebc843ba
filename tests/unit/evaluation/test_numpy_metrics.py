"""The quick metrics, held against scikit-learn's on many small tables, degenerate ones among them."""

import numpy as np
import pytest

from foldwise.evaluation.metrics import score
from foldwise.evaluation.numpy_metrics import scorer


def _agree(task, classes, truth, predictions, threshold=0.5):
    expected = score(task, classes, truth, predictions, threshold)
    quick = {name: scorer(task, classes, name, threshold)(truth, predictions) for name in expected}
    assert quick == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(30))
def test_classes(classes, seed):
    draws = np.random.default_rng(seed)
    rows = int(draws.choice([1, 3, 10, 200]))
    probabilities = draws.dirichlet(np.ones(classes), rows)
    if seed % 2:
        probabilities = np.round(probabilities * 3)  # ties, ones and zeros
        probabilities = (probabilities + 1e-3) / (probabilities + 1e-3).sum(axis=1, keepdims=True)
    truth = draws.integers(0, draws.integers(1, classes + 1), rows)
    _agree("binary" if classes == 2 else "multiclass", classes, truth, probabilities)
    _agree("binary" if classes == 2 else "multiclass", classes, truth, probabilities, threshold=0.3)


@pytest.mark.parametrize("seed", range(5))
def test_certain_answers(seed):
    draws = np.random.default_rng(seed)
    _agree("binary", 2, draws.integers(0, 2, 20), np.eye(2)[draws.integers(0, 2, 20)])


@pytest.mark.parametrize("seed", range(10))
def test_values(seed):
    draws = np.random.default_rng(seed)
    rows = 1 + seed * 7
    _agree("regression", 0, draws.normal(size=rows) * 100, draws.normal(size=rows))
