"""Whether an ensemble is better is judged on rows that chose neither it nor the single best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from foldwise.evaluation import greedy_gain
from foldwise.evaluation.greedy import weighted_mean
from foldwise.evaluation.greedy_gain import FEWEST_DRAWS, Rule, choose, draws_for, gain_of_choice, rows_for
from foldwise.evaluation.metrics import scorer
from foldwise.spec.goal import Goal

ACCURACY = Rule(Goal("accuracy", "maximize"), "binary", 2)
LOSS = Rule(Goal("log_loss", "minimize"), "binary", 2)
F1 = Rule(Goal("f1", "maximize"), "binary", 2, "auto")
RMSE = Rule(Goal("rmse", "minimize"), "regression", 0)
ROWS = 300


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(greedy_gain, "DRAWS", 40)


def of_classes(logits):
    positive = 1 / (1 + np.exp(-logits))
    return np.column_stack([1 - positive, positive])


def one_signal(seed, models=12, own=0.0):
    """Two classes and models that all see the same signal, with noise of their own that has this deviation."""
    draw = np.random.default_rng(seed)
    signal = draw.normal(size=ROWS)
    truth = (signal + draw.normal(size=ROWS) > 0).astype(int)
    return truth, [of_classes(signal + own * draw.normal(size=ROWS)) for _ in range(models)]


def with_noise(seed):
    """One model that knows something, and eleven of pure noise."""
    truth, (good, *_) = one_signal(seed)
    draw = np.random.default_rng(1000 + seed)
    return truth, [good, *(of_classes(draw.normal(size=ROWS)) for _ in range(11))]


@pytest.mark.parametrize("rule", [ACCURACY, LOSS])
def test_noise_is_rarely_better(rule):
    clear = [gain.is_clear for seed in range(12) if (gain := gain_of_choice(rule, *with_noise(seed), 10, seed))]
    assert len(clear) == 12
    assert sum(clear) <= 1


@pytest.mark.parametrize("rule", [ACCURACY, LOSS])
def test_models_that_complete_each_other_are_better(rule):
    clear = [gain_of_choice(rule, *one_signal(seed, own=2.0), 10, seed).is_clear for seed in range(6)]
    assert sum(clear) >= 5


def test_numbers_with_independent_errors_are_better_by_what_theory_says():
    draw = np.random.default_rng(3)
    truth = draw.normal(size=ROWS)
    models = [truth + draw.normal(size=ROWS) for _ in range(8)]
    gain = gain_of_choice(RMSE, truth, models, 8, 0)
    assert gain.single == pytest.approx(1.0, abs=0.1)
    assert gain.ensemble == pytest.approx(1 / np.sqrt(8), abs=0.05)
    assert gain.gain == pytest.approx(gain.single - gain.ensemble)
    assert gain.is_clear


def test_on_its_own_rows_a_choice_of_noise_looks_better_than_it_is():
    flattery, honest = [], []
    for seed in range(10):
        truth, models = with_noise(seed)
        score = scorer("binary", 2, "accuracy")
        own = score(truth, weighted_mean(models, choose(ACCURACY, truth, models, 10)))
        flattery.append(own - max(score(truth, model) for model in models))
        honest.append(gain_of_choice(ACCURACY, truth, models, 10, seed).gain)
    assert np.mean(flattery) > 0.005
    assert np.mean(honest) < 0


def test_a_threshold_is_tuned_on_the_rows_that_choose():
    """All models are shifted, so that 0.5 gives every row the same label: only a tuned threshold sees that they know much."""
    truth, models = one_signal(1, own=1.0)
    shifted = [np.column_stack([1 - 0.3 * model[:, 1], 0.3 * model[:, 1]]) for model in models]
    assert gain_of_choice(replace(F1, threshold=0.5), truth, shifted, 5, 0).ensemble == 0.0
    assert gain_of_choice(F1, truth, shifted, 5, 0).ensemble > 0.6


def test_the_same_seed_gives_the_same_numbers_and_groups_are_drawn_together():
    truth, models = one_signal(2, own=1.0)
    alone = gain_of_choice(LOSS, truth, models, 5, 0)
    assert alone == gain_of_choice(LOSS, truth, models, 5, 0)
    together = gain_of_choice(LOSS, truth, models, 5, 0, np.repeat(np.arange(ROWS // 10), 10))
    assert together != alone


def test_nothing_is_said_where_no_draw_has_a_score():
    rule = Rule(Goal("roc_auc", "maximize"), "binary", 2)
    assert gain_of_choice(rule, np.zeros(20, dtype=int), [np.full((20, 2), 0.5)] * 2, 2, 0) is None


def test_very_many_rows_are_thinned_and_groups_stay_whole(monkeypatch):
    monkeypatch.setattr(greedy_gain, "FEWEST_ROWS", 50)
    monkeypatch.setattr(greedy_gain, "MOST_SUMMED", 1)
    truth, models = one_signal(4, own=1.0)
    assert rows_for(LOSS, ROWS, 12) == 50
    assert draws_for(LOSS, ROWS, 12) == FEWEST_DRAWS
    groups = np.repeat(np.arange(ROWS // 3), 3)
    kept = greedy_gain._some(ROWS, 50, groups, 0)
    assert 50 <= len(kept) <= 52
    assert all(np.isin(np.flatnonzero(groups == group), kept).all() for group in np.unique(groups[kept]))
    assert gain_of_choice(LOSS, truth, models, 5, 0).draws == FEWEST_DRAWS
    assert sum(choose(LOSS, truth, models, 5, 0)) >= 1
