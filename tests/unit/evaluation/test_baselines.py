from dataclasses import replace

import numpy as np
import pytest

from foldwise.errors import ConfigError
from foldwise.evaluation import baselines
from foldwise.spec.goal import goal_for


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_those_that_look_beat_the_one_that_looks_at_nothing(task, table, splits):
    data, goal = table(task), goal_for("auto", "auto", task)
    blind, *others = (baselines.cross_validated(name, data, splits(data), goal)[0] for name in baselines.names(task))
    assert len(others) == 2
    assert all(goal.better(other, blind) for other in others)


def test_a_baseline_is_ranked_by_top_k_accuracy_too(table, splits):
    data, goal = table("multiclass"), goal_for("top_2_accuracy", "auto", "multiclass", 3)
    by_top, by_label = (
        baselines.cross_validated("logistic", data, splits(data), of)[0]
        for of in (goal, goal_for("auto", "auto", "multiclass"))
    )
    assert by_label < by_top <= 1


def test_the_majority_is_the_most_frequent_class(table):
    data = table("binary")
    probabilities = baselines.holdout_predictions("majority", data, np.arange(60), data.take(np.arange(60, 90)))
    assert probabilities.shape == (30, 2)
    np.testing.assert_allclose(probabilities[:, 1], data.target[:60].mean())


def test_the_mean_is_that_of_the_development_rows(table):
    data = table("regression", shift=100.0)
    values = baselines.holdout_predictions("mean", data, np.arange(60), data.take(np.arange(60, 90)))
    np.testing.assert_allclose(values, data.target[:60].mean())


def test_a_class_without_training_rows_has_probability_zero(table):
    data = table("multiclass")
    development = np.flatnonzero(data.target != 2)
    probabilities = baselines.holdout_predictions("logistic", data, development, data)
    assert probabilities.shape == (90, 3)
    assert (probabilities[:, 2] == 0).all()


def test_mean_and_sd_are_over_the_folds(table, splits):
    data = table("binary")
    mean, sd, _ = baselines.cross_validated("logistic", data, splits(data), goal_for("auto", "auto", "binary"))
    assert 0.8 < mean <= 1
    assert 0 <= sd < 0.2


def test_a_baseline_s_threshold_is_tuned_as_a_network_s(table, splits):
    data = table("binary", rows=300)
    rare = replace(data, target=(data.target & (np.arange(300) % 4 == 0)).astype(np.int64))
    goal = goal_for("f1", "auto", "binary")
    usual, tuned, fixed = (baselines.cross_validated("logistic", rare, splits(rare), goal, at) for at in (0.5, "auto", 0.2))
    assert (usual.threshold, fixed.threshold) == (0.5, 0.2)
    assert tuned.threshold < 0.5
    assert tuned.mean > usual.mean


def test_where_the_network_is_balanced_a_linear_baseline_is_too(table, splits):
    assert baselines.names("binary", balanced=True, pixels=True) == ("majority", "logistic", "logistic_balanced")
    data = table("binary", rows=300)
    rare = replace(data, target=(data.target & (np.arange(300) % 4 == 0)).astype(np.int64))
    goal = goal_for("balanced_accuracy", "auto", "binary")
    for name in ("logistic", "boosting"):
        plain, balanced = (baselines.cross_validated(one, rare, splits(rare), goal) for one in (name, f"{name}_balanced"))
        assert balanced.mean > plain.mean


def test_boosting_is_for_tables_and_balanced_where_the_network_is():
    assert baselines.names("binary") == baselines.names("multiclass") == ("majority", "logistic", "boosting")
    assert baselines.names("regression", balanced=True) == ("mean", "ridge", "boosting")
    assert baselines.names("binary", balanced=True)[-2:] == ("boosting", "boosting_balanced")
    assert baselines.names("binary", pixels=True) == ("majority", "logistic")
    assert baselines.names("regression", pixels=True) == ("mean", "ridge")


def test_a_baseline_of_another_task_is_refused():
    baselines.check_names(None, "binary")
    baselines.check_names(("majority", "logistic_balanced"), "multiclass")
    with pytest.raises(ConfigError, match=r"baselines\.1: ridge is not a baseline of a binary task; use some of majo"):
        baselines.check_names(("majority", "ridge"), "binary")
    with pytest.raises(
        ConfigError, match=r"baselines\.0: logistic is not a baseline of a regression task; use some of mean, ridge, boo"
    ):
        baselines.check_names(("logistic",), "regression")
    baselines.check_names(("ridge", "boosting"), "regression")
    with pytest.raises(ConfigError, match="boosting_balanced is not a baseline of a regression task"):
        baselines.check_names(("boosting_balanced",), "regression")
    rule = r"baselines\.1: boosting is for tables, not for images; use some of majority, logistic, logistic_balanced$"
    with pytest.raises(ConfigError, match=rule):
        baselines.check_names(("logistic", "boosting"), "multiclass", images=True)


def test_the_clock_hears_of_every_fit(table, splits):
    class Clock:
        fits = 0

        def fit_ends(self):
            self.fits += 1

    data, clock = table("binary"), Clock()
    baselines.cross_validated("logistic", data, splits(data), goal_for("auto", "auto", "binary"), clock=clock)
    for name in ("logistic", "boosting"):
        baselines.holdout_predictions(name, data, np.arange(60), data.take(np.arange(60, 90)), clock)
    assert clock.fits == len(splits(data)) + 2
