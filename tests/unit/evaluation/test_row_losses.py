"""The loss of a row: its mean is the metric where nothing is capped, and it stays from 0 to 1."""

import json

import numpy as np
import pytest

from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.row_losses import RowLoss, fix_loss
from foldwise.spec.goal import METRICS, has_row_loss

DRAWS = np.random.default_rng(0)
TRUTH = DRAWS.choice(3, 400, p=[0.7, 0.2, 0.1])
CHAMPION, CHALLENGER = (DRAWS.dirichlet([1, 1, 1], 400) for _ in range(2))
VALUES = DRAWS.normal(size=400)
NEAR, FAR = VALUES + 0.1 * DRAWS.normal(size=400), VALUES + 0.5 * DRAWS.normal(size=400)


def test_only_metrics_that_are_means_over_rows_have_one():
    fitting = {metric for metric in METRICS if has_row_loss(metric)}
    assert fitting == {"accuracy", "balanced_accuracy", "log_loss", "mse", "rmse", "mae", "r2"}
    assert has_row_loss("top_2_accuracy")


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "log_loss", "top_2_accuracy"])
def test_the_mean_difference_of_classes_is_the_difference_of_the_metric(metric):
    found = fix_loss(metric, 3, TRUTH, CHAMPION, 0.5, 0.01)
    found = RowLoss(found.metric, 100.0 if metric == "log_loss" else found.bound, found.weights, found.margin, found.asked)
    losses = [found.of(TRUTH, answers) for answers in (CHAMPION, CHALLENGER)]
    score = scorer("multiclass", 3, metric)
    sign = -1 if metric == "log_loss" else 1
    gain = sign * (score(TRUTH, CHALLENGER) - score(TRUTH, CHAMPION))
    assert found.bound * (losses[0] - losses[1]).mean() == pytest.approx(gain)
    assert all(((side >= 0) & (side <= 1)).all() for side in losses)


@pytest.mark.parametrize("metric", ["mse", "rmse", "mae", "r2"])
def test_errors_are_capped_at_what_the_champion_rarely_exceeds(metric):
    found = fix_loss(metric, 0, VALUES, FAR, 0.5, 0.0)
    far, near = found.of(VALUES, FAR), found.of(VALUES, NEAR)
    assert 0.0 <= (far == 1.0).mean() <= 0.011
    assert far.mean() > near.mean()
    assert (found.of(VALUES, VALUES + 1e9) == 1.0).all()
    assert (found.of(VALUES, VALUES * np.nan) == 1.0).all()


@pytest.mark.parametrize("metric", ["mse", "rmse", "mae", "r2"])
def test_a_margin_is_the_same_gain_in_the_loss(metric):
    """A challenger that gains exactly the margin in the metric gains the margin in the loss, on the rows that fixed it."""
    score, sign = scorer("regression", 0, metric), 1 if metric == "r2" else -1
    gain = sign * (score(VALUES, NEAR) - score(VALUES, FAR))
    found = fix_loss(metric, 0, VALUES, FAR, 0.5, gain)
    uncapped = RowLoss(metric, 1e9, (), 0.0, 0.0)
    in_loss = 1e9 * (uncapped.of(VALUES, FAR) - uncapped.of(VALUES, NEAR)).mean()
    assert found.margin * found.bound == pytest.approx(in_loss)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "log_loss", "top_2_accuracy"])
def test_an_answer_that_is_not_a_number_costs_the_most(metric):
    found = fix_loss(metric, 3, TRUTH, CHAMPION, 0.5, 0.0)
    assert (found.of(TRUTH, CHAMPION * np.nan) == 1.0).all()


def test_one_wrong_answer_is_not_cheap_because_the_champion_is_sure():
    sure = np.eye(3)[TRUTH]
    assert fix_loss("log_loss", 3, TRUTH, sure, 0.5, 0.0).bound >= np.log(3)
    assert fix_loss("mse", 0, VALUES, VALUES, 0.5, 0.0).bound == 1.0


def test_the_threshold_of_a_model_counts():
    found = fix_loss("accuracy", 2, np.array([1]), np.array([[0.7, 0.3]]), 0.2, 0.0)
    assert found.of(np.array([1]), np.array([[0.7, 0.3]]), 0.2).tolist() == [0.0]
    assert found.of(np.array([1]), np.array([[0.7, 0.3]]), 0.5).tolist() == [1.0]


def test_it_comes_back_from_the_ledger_as_it_was():
    found = fix_loss("balanced_accuracy", 3, TRUTH, CHAMPION, 0.5, 0.01)
    assert RowLoss.from_json(json.loads(json.dumps(found.to_json()))) == found
