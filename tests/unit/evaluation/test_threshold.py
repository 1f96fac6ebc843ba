"""Thresholds, held against trying every one with the metrics themselves."""

import numpy as np
import pytest

from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.threshold import ALONE, final_threshold, fold_thresholds, tuned


def _pair(truth, scores):
    return np.asarray(truth), np.column_stack([1 - np.asarray(scores), scores])


def _reached(metric, truth, scores, threshold):
    return scorer("binary", 2, metric, threshold)(*_pair(truth, scores))


@pytest.mark.parametrize("metric", ALONE)
@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_is_better(metric, seed):
    draws = np.random.default_rng(seed)
    rows = int(draws.choice([4, 15, 80]))
    truth = (draws.random(rows) < draws.choice([0.2, 0.5, 0.8])).astype(np.int64)
    truth[:2] = [0, 1]
    scores = np.clip(draws.normal(0.3 + 0.3 * truth, 0.3), 0, 1)  # zeros and ones among them
    if seed % 2:
        scores = np.round(scores, 1)
    best = max(_reached(metric, truth, scores, at) for at in [0.0, *scores])
    found = tuned(metric, truth, scores)
    assert 0 <= found <= 1
    assert _reached(metric, truth, scores, found) == pytest.approx(best, abs=1e-12)


def test_one_half_stays_where_none_is_better():
    truth, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    assert tuned("accuracy", truth, scores) == 0.5
    assert tuned("accuracy", truth, scores / 10) == pytest.approx(0.05)
    assert tuned("f1", truth, np.full(4, 0.4)) == pytest.approx(0.2)  # all positive is all that one score allows


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "recall", "precision", "specificity", "pr_auc"])
def test_a_metric_that_cannot_tune_a_threshold_leaves_it_to_balanced_accuracy(metric):
    draws = np.random.default_rng(1)
    truth = (draws.random(300) < 0.1).astype(np.int64)
    scores = np.clip(draws.normal(0.1 + 0.2 * truth, 0.1), 0, 1)
    assert tuned(metric, truth, scores) == tuned("balanced_accuracy", truth, scores) < 0.4


def test_where_there_is_one_class_only_nothing_can_be_tuned():
    assert tuned("f1", np.ones(5, dtype=np.int64), np.linspace(0, 0.4, 5)) == 0.5
    assert fold_thresholds("auto", "f1", [_pair([0, 1], [0.1, 0.2])]) == [0.5]


def test_a_fold_does_not_tune_its_own_threshold():
    draws = np.random.default_rng(0)
    folds = []
    for _ in range(4):
        truth = draws.integers(0, 2, 50)
        folds.append(_pair(truth, np.clip(draws.normal(0.2 + 0.1 * truth, 0.1), 0, 1)))
    found = fold_thresholds("auto", "f1", folds)
    planted = [*folds[:2], _pair(1 - folds[2][0], folds[2][1][:, 1] + 0.5), folds[3]]
    other = fold_thresholds("auto", "f1", planted)
    assert found[2] == other[2]
    assert found[0] != other[0]
    pooled = [np.concatenate(parts) for parts in zip(*folds, strict=True)]
    assert final_threshold("auto", "f1", folds) == tuned("f1", pooled[0], pooled[1][:, 1])


def test_a_given_threshold_is_every_fold_s_and_the_model_s():
    folds = [_pair([0, 1], [0.1, 0.9])] * 3
    assert fold_thresholds(0.3, "f1", folds) == [0.3] * 3
    assert final_threshold(0.3, "f1", folds) == 0.3


def test_fifty_thousand_rows_are_tuned_in_a_moment():
    import time

    draws = np.random.default_rng(0)
    truth = (draws.random(50_000) < 0.01).astype(np.int64)
    began = time.process_time()
    tuned("mcc", truth, draws.random(50_000))
    assert time.process_time() - began < 0.5
