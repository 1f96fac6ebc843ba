"""The greedy choice of an ensemble, against one that tries everything by hand."""

from __future__ import annotations

from math import gcd

import numpy as np
import pytest

from foldwise.evaluation.greedy import PATIENCE, ROUNDS, greedy, weighted_mean


def minus_rmse(truth):
    return lambda models: np.array([-np.sqrt(np.mean((model - truth) ** 2)) for model in models])


def accuracy(truth):
    return lambda models: np.array([np.mean(model.argmax(axis=1) == truth) for model in models])


def by_hand(models, score, most):
    """The same rule, with lists of names and every mean computed anew."""
    best_of_all, list_of_all = -np.inf, []
    taken, without = [], 0
    while len(taken) < ROUNDS and without < PATIENCE:
        tried = []
        for place in range(len(models)):
            if len({*taken, place}) <= most:
                mean = sum(models[one] for one in [*taken, place]) / (len(taken) + 1)
                tried.append((score([mean])[0], -place))
        reached, place = max(tried)
        taken = [*taken, -place]
        if reached > best_of_all + 1e-12:
            best_of_all, list_of_all, without = reached, taken, 0
        else:
            without += 1
    counts = [list_of_all.count(place) for place in range(len(models))]
    return tuple(count // gcd(*counts) for count in counts)


@pytest.mark.parametrize("most", [2, 3, 10])
@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_greedy_choice_of_numbers(seed, most):
    draw = np.random.default_rng(seed)
    truth = draw.normal(size=25)
    models = [truth + draw.normal(size=25) * draw.uniform(0.5, 2) for _ in range(6)]
    score = minus_rmse(truth)
    counts = greedy(models, score, most)
    assert counts == by_hand(models, score, most)
    assert 1 <= np.count_nonzero(counts) <= most
    assert score([weighted_mean(models, counts)])[0] >= score(models).max()


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_greedy_choice_of_probabilities(seed):
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 3, 40)
    models = [draw.dirichlet(np.ones(3), 40) + 0.4 * np.eye(3)[truth] for _ in range(6)]
    score = accuracy(truth)
    counts = greedy(models, score, 3)
    assert counts == by_hand(models, score, 3)
    assert np.count_nonzero(counts) <= 3


def test_the_earlier_of_equals_is_taken():
    truth = np.array([0.0, 1.0, 2.0])
    model = truth + 0.5
    assert greedy([model, model.copy(), model.copy()], minus_rmse(truth), 5) == (1, 0, 0)


def test_two_models_that_err_to_opposite_sides_are_averaged():
    truth = np.array([0.0, 1.0, 2.0, 3.0])
    wrong = np.array([1.0, -1.0, 1.0, -1.0])
    assert greedy([truth + wrong, truth - wrong, truth + 3], minus_rmse(truth), 5) == (1, 1, 0)


def test_weights_are_counts():
    truth = np.zeros(4)
    up, down = np.ones(4), np.full(4, -2.0)
    counts = greedy([up, down], minus_rmse(truth), 2)
    assert counts == (2, 1)
    assert weighted_mean([up, down], counts) == pytest.approx(truth)


def test_a_model_without_a_score_is_never_taken():
    truth = np.array([0.0, 1.0, 2.0])
    broken = np.array([np.nan, 1.0, 2.0])
    assert greedy([broken, truth + 1], minus_rmse(truth), 5) == (0, 1)
    assert greedy([broken], minus_rmse(truth), 5) == (0,)
