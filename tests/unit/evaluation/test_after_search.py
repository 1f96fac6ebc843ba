"""The best of many models, corrected for the choice."""

from __future__ import annotations

import numpy as np
import pytest

from foldwise.evaluation.after_search import corrected
from foldwise.evaluation.fold_test import p_value
from foldwise.evaluation.under_weights import under_weights
from foldwise.spec.goal import Goal

ACCURACY, LOSS = Goal("accuracy", "maximize"), Goal("log_loss", "minimize")
ROWS, MODELS = 400, 40


def right_or_wrong(seed, share=0.7):
    """Truth and equally good models of two classes that are right on this share of rows, each by chance."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 2, ROWS)
    models = []
    for _ in range(MODELS):
        own = np.where(draw.random(ROWS) < share, truth, 1 - truth)
        models.append(np.column_stack([np.where(own == 0, 0.8, 0.2), np.where(own == 1, 0.8, 0.2)]))
    return truth, models


def of(goal, truth, models, **options):
    scores = under_weights("binary", 2, goal.metric, truth, models, [0.5] * len(models))
    return corrected(goal, scores, len(truth), len(models), 0, ranked=False, **options), scores(np.ones((1, len(truth))))[0]


def test_models_that_differ_by_chance_alone_look_better_than_they_are():
    errors = []
    for seed in range(30):
        found, naive = of(ACCURACY, *right_or_wrong(seed))
        assert found.low < found.score < found.high
        assert found.optimism == pytest.approx(naive.max() - found.score)
        errors.append((naive.max() - 0.7, found.score - 0.7))
    lucky, honest = np.mean(errors, axis=0)
    assert lucky > 0.04  # about two standard errors of a score
    assert abs(honest) < 0.01


def test_a_score_that_is_minimised_is_corrected_upwards():
    found, naive = of(LOSS, *right_or_wrong(1))
    assert found.score > naive.min()
    assert found.optimism == pytest.approx(found.score - naive.min())


def test_a_single_model_has_no_optimism():
    truth, models = right_or_wrong(2)
    found, naive = of(ACCURACY, truth, models[:1])
    assert found.score == pytest.approx(naive[0], abs=0.003)
    assert found.low < naive[0] < found.high
    assert found.optimism == 0.0


def test_the_same_seed_gives_the_same_numbers():
    truth, models = right_or_wrong(4)
    assert of(ACCURACY, truth, models)[0] == of(ACCURACY, truth, models)[0]


def test_rows_of_a_group_are_drawn_together():
    truth, models = right_or_wrong(5)
    twice = np.repeat(np.arange(ROWS // 20), 20)
    apart, together = of(ACCURACY, truth, models)[0], of(ACCURACY, truth, models, groups=twice)[0]
    assert together != apart
    same = np.tile(np.arange(ROWS), 4)  # four copies of each row tell no more than one
    copies = of(ACCURACY, truth[same], [model[same] for model in models], groups=same)[0]
    assert copies.high - copies.low == pytest.approx(apart.high - apart.low, rel=0.15)
    loose = of(ACCURACY, truth[same], [model[same] for model in models])[0]
    assert loose.high - loose.low < 0.7 * (copies.high - copies.low)


def test_nothing_is_said_where_no_draw_has_a_score():
    scores = under_weights("binary", 2, "roc_auc", np.zeros(5, dtype=int), [np.full((5, 2), 0.5)], [0.5])
    found = corrected(Goal("roc_auc", "maximize"), scores, 5, 1, 0, ranked=True)
    assert np.isnan([found.score, found.low, found.high, found.optimism]).all()


def test_the_paired_test_is_that_of_nadeau_and_bengio():
    ours, theirs = [0.90, 0.92, 0.88, 0.91, 0.95], [0.88, 0.91, 0.87, 0.90, 0.91]
    differences = np.subtract(ours, theirs)
    plain = differences.mean() / np.sqrt(differences.var(ddof=1) / 5)
    from scipy.stats import t

    assert p_value(ours, theirs, 80, 20) == pytest.approx(2 * t.sf(plain / np.sqrt((1 / 5 + 20 / 80) * 5), 4))
    assert p_value(ours, ours, 80, 20) == 1.0
    assert p_value([0.5, 0.6], [0.4, 0.5], 80, 20) < 1e-6
    assert np.isnan(p_value([0.9], [0.8], 80, 20))
