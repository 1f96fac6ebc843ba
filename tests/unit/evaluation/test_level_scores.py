"""Scores of classes and of levels."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldwise.data.schema import Column, Schema
from foldwise.evaluation.level_scores import FEWEST, MISSING, Predicted, level_scores, wilson
from foldwise.spec.goal import Goal

ROWS = 200


@pytest.fixture
def sorted_rows(table):
    """Half of the rows are of level a, most of the others of b, a few of c, and 20 without one."""
    levels = ["a"] * 100 + ["b"] * 70 + ["c"] * 10 + [None] * 20
    frame = pd.DataFrame({"kind": pd.Series(levels, dtype=object)})
    data = replace(table("binary", rows=ROWS), frame=frame, schema=Schema((Column("kind", "category"),)))
    return replace(data, target=np.arange(ROWS) % 2)


def predicted(table, wrong=(), at=None):
    """Sure answers, wrong for these rows."""
    at = np.arange(ROWS) if at is None else at
    yes = table.target[at].astype(float)
    yes = np.where(np.isin(at, wrong), 1 - yes, yes) * 0.8 + 0.1
    return Predicted(at, np.column_stack([1 - yes, yes]), np.full(len(at), 0.5))


def test_each_class_and_each_level_with_enough_rows_has_its_score(sorted_rows):
    wrong = [0, 2, 100, 101, 102, 103, 104]  # three of them of class 1
    found = level_scores(sorted_rows, predicted(sorted_rows, wrong), Goal("accuracy", "maximize"), 0)
    target, (no, yes) = sorted_rows.target_name, sorted_rows.labels
    assert [(one.kind, one.column, one.level, one.rows, one.metric) for one in found] == [
        ("class", target, no, 100, "recall"),
        ("class", target, yes, 100, "recall"),
        ("level", "kind", "a", 100, "accuracy"),
        ("level", "kind", "b", 70, "accuracy"),
        ("level", "kind", MISSING, 20, "accuracy"),
    ]
    assert FEWEST == 20
    assert [one.score for one in found] == pytest.approx([0.95, 0.98, 0.98, 65 / 70, 1.0])
    assert (found[-1].low, found[-1].high) == pytest.approx(wilson(1.0, 20))
    assert found[-1].low < 0.9  # twenty rows that are all right do not show a model that is never wrong


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "f1"])
def test_other_metrics_have_the_interval_of_a_bootstrap(sorted_rows, metric):
    found = level_scores(sorted_rows, predicted(sorted_rows, range(0, ROWS, 9)), Goal(metric, "maximize"), 0)
    levels = [one for one in found if one.kind == "level"]
    assert len(levels) == 3
    assert all(one.low < one.score < one.high for one in levels[:2])
    again = level_scores(sorted_rows, predicted(sorted_rows, range(0, ROWS, 9)), Goal(metric, "maximize"), 0)
    assert again == found


def test_a_level_whose_metric_is_undefined_is_left_out(sorted_rows):
    one_class = replace(sorted_rows, target=np.where(np.arange(ROWS) < 100, 1, np.arange(ROWS) % 2))
    found = level_scores(one_class, predicted(one_class), Goal("roc_auc", "maximize"), 0)
    assert [one.level for one in found if one.kind == "level"] == ["b", MISSING]


def test_rows_of_a_group_and_repeated_rows_count_once(sorted_rows):
    goal, wrong = Goal("accuracy", "maximize"), range(0, ROWS, 5)
    usual = level_scores(sorted_rows, predicted(sorted_rows, wrong), goal, 0)
    twice = level_scores(sorted_rows, predicted(sorted_rows, wrong, np.tile(np.arange(ROWS), 2)), goal, 0)
    assert twice == usual
    grouped = level_scores(replace(sorted_rows, groups=np.arange(ROWS) // 10), predicted(sorted_rows, wrong), goal, 0)
    assert [one.score for one in grouped] == [one.score for one in usual]
    assert all(many.high - many.low > one.high - one.low for many, one in zip(grouped, usual, strict=True))


def test_a_regression_has_levels_and_no_classes(sorted_rows, table):
    data = replace(table("regression", rows=ROWS), frame=sorted_rows.frame, schema=sorted_rows.schema)
    errors = np.where(np.arange(ROWS) < 100, 1.0, 3.0)
    found = level_scores(data, Predicted(np.arange(ROWS), data.target + errors, np.full(ROWS, 0.5)), Goal("mae", "minimize"), 0)
    assert [(one.kind, one.level) for one in found] == [("level", "a"), ("level", "b"), ("level", MISSING)]
    assert [one.score for one in found] == pytest.approx([1.0, 3.0, 3.0])
