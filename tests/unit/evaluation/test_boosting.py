"""Gradient boosting as a baseline, by each library that is installed."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldwise.data.schema import Column, Schema
from foldwise.errors import ConfigError
from foldwise.evaluation import baselines
from foldwise.evaluation.boosting import CALLED, FITS, LIBRARIES, MOST_LEVELS, TrainingRows, boosted
from foldwise.spec.goal import goal_for
from foldwise.spec.study import BaselineName

ROWS = 400  # LightGBM learns no levels of less than 100 rows
EACH = [
    pytest.param(
        name, marks=pytest.mark.skipif(name in LIBRARIES and find_spec(name) is None, reason="needs the extra boosting")
    )
    for name in FITS
]


def _rows(rows=ROWS, outputs=2, seed=0):
    """A number with gaps and a category, whose levels decide."""
    draws = np.random.default_rng(seed)
    cells = np.column_stack([draws.normal(size=rows), draws.integers(0, 3, rows)])
    cells[::9, 0] = np.nan
    target = (cells[:, 1] % outputs).astype(np.int64) if outputs else cells[:, 1]
    return TrainingRows(cells, np.array([False, True]), target, outputs)


def test_each_baseline_has_a_name_in_sentences():
    assert CALLED.keys() == FITS.keys()
    assert CALLED.keys() < {*BaselineName.__args__}


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("outputs", [0, 2, 3])
def test_it_learns_levels_and_aligns_the_classes(name, outputs):
    if not outputs and name == "boosting_balanced":
        return
    train = _rows(outputs=outputs)
    predicted = boosted(name, train, train.cells, 0)
    if not outputs:
        assert predicted.shape == (ROWS,)
        assert np.abs(predicted - train.target).mean() < 0.25
        return
    assert predicted.shape == (ROWS, outputs)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-6)
    assert (predicted.argmax(axis=1) == train.target).mean() > 0.95


@pytest.mark.parametrize("name", EACH)
def test_a_class_without_training_rows_has_probability_zero(name):
    train = _rows(outputs=3)
    without = train.target != 1
    fewer = replace(train, cells=train.cells[without], target=train.target[without])
    predicted = boosted(name, fewer, train.cells, 0)
    assert (predicted[:, 1] == 0).all()
    assert (predicted.argmax(axis=1)[without] == fewer.target).mean() > 0.95
    alone = replace(train, target=np.full(ROWS, 2))
    np.testing.assert_array_equal(boosted(name, alone, train.cells, 0), np.eye(3)[[2] * ROWS])


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_table_of_a_few_rows_is_enough(name, rows):
    train = _rows(rows)
    train = replace(train, target=np.arange(rows) % 2)
    assert np.isfinite(boosted(name, train, train.cells, 0)).all()
    if name != "boosting_balanced":
        numbers = replace(train, target=np.arange(rows, dtype=float), outputs=0)
        assert np.isfinite(boosted(name, numbers, train.cells, 0)).all()


@pytest.mark.parametrize("name", EACH)
def test_columns_of_gaps_and_levels_never_seen_are_no_obstacle(name):
    train = _rows()
    cells = np.column_stack([np.full((ROWS, 2), np.nan), train.cells])
    gaps = replace(train, cells=cells, categorical=np.array([False, True, False, True]))
    unseen = np.array([[1.0, 1.0, np.nan, np.nan], [np.nan, np.nan, 9.0, np.nan]])
    assert np.isfinite(boosted(name, gaps, unseen, 0)).all()


@pytest.mark.parametrize("name", EACH)
def test_where_nothing_varies_the_shares_of_the_classes_are_answered(name):
    train = _rows()
    for cells in (np.full((ROWS, 2), np.nan), np.ones((ROWS, 2)), np.empty((ROWS, 0))):
        nothing = replace(train, cells=cells, categorical=np.full(cells.shape[1], True))
        np.testing.assert_allclose(boosted(name, nothing, cells[:3], 0)[:, 1], train.target.mean())
        numbers = replace(nothing, target=train.target + 5.0, outputs=0)
        np.testing.assert_allclose(boosted(name, numbers, cells[:3], 0), train.target.mean() + 5)
    if name != "boosting_balanced":
        flat = replace(train, target=np.full(ROWS, 7.5), outputs=0)
        np.testing.assert_array_equal(boosted(name, flat, train.cells[:3], 0), 7.5)


@pytest.mark.parametrize("rows", [3000, 10_100])
def test_a_class_of_one_row_does_no_harm(rows):
    """scikit-learn's steps run away with it, and beyond 10,000 rows, where it draws rows of each class, it refuses it."""
    train, flips = _rows(rows), np.random.default_rng(1).random(rows) < 0.1
    rare = np.where(np.arange(rows) == 7, 2, np.where(flips, 1 - train.target, train.target))
    own = np.where(np.arange(rows) == 7, 1.0, np.nan)[:, None]  # a column that only this row has
    train = replace(train, cells=np.hstack([train.cells, own]), categorical=np.array([False, True, False]))
    predicted = boosted("boosting", replace(train, target=rare, outputs=3), train.cells, 0)
    np.testing.assert_allclose(predicted[:, 2], 1 / rows)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    assert (predicted.argmax(axis=1) == train.target).mean() > 0.95


def test_the_seed_decides_which_rows_end_a_fit():
    """Only where scikit-learn ends early, the seed matters."""
    train = _rows(10_100, outputs=0)
    train = replace(train, target=train.target + np.random.default_rng(1).normal(size=10_100))
    once, again, other = (boosted("boosting", train, train.cells[:50], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux, which lists threads there")
def test_few_rows_are_learnt_by_one_thread_from_the_first_fit_of_a_process_on():
    """Of four threads on a busy machine each waits for the others, and a fit of 0.1 s takes a minute."""
    code = """
import os
from foldwise.evaluation import boosting
from tests.unit.evaluation.test_boosting import _rows
def threads():
    boosting.boosted("boosting", _rows(50), _rows(50).cells, 0)
    return len(os.listdir("/proc/self/task"))
few = threads()
boosting.ONE_THREAD_CELLS = 0
print(threads() - few)
"""
    env = os.environ | {"OMP_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert int(done.stdout) == 3


def test_a_column_of_many_levels_is_learnt_and_its_rarest_are_joined(table, splits):
    levels = MOST_LEVELS + 45
    data = table("binary", rows=3 * levels)
    codes = np.arange(3 * levels) % levels
    codes[codes >= 200] = np.repeat(np.arange(200, levels), 3)  # the later ones are of neighbouring rows
    kind = pd.Series([f"k{code}" for code in codes], dtype=object)
    data = replace(data, frame=pd.DataFrame({"kind": kind}), schema=Schema((Column("kind", "category"),)))
    data = replace(data, target=(codes % 2).astype(np.int64))
    score = baselines.cross_validated("boosting", data, splits(data), goal_for("auto", "auto", "binary")).mean
    assert 0 <= score <= 1  # scikit-learn refuses more levels
    development = np.arange(len(data))
    assert baselines.joined_columns("boosting", data, development) == ("kind",)
    assert baselines.joined_columns("lightgbm", data, development) == ()
    assert baselines.joined_columns("logistic", data, development) == ()


@pytest.mark.parametrize("name", [name for name in LIBRARIES if find_spec(name) is None])
def test_a_library_that_is_not_installed_is_named_with_its_extra(name):
    rule = rf"^baselines\.1: {name} is not installed; pip install 'foldwise\[boosting\]'$"
    for task in ("binary", "regression"):
        with pytest.raises(ConfigError, match=rule):
            baselines.check_names(("boosting", name), task)


def test_folds_are_learnt_from_training_rows_alone(table, splits):
    """A level that only validation rows have gives no hint of their class."""
    data = table("binary", rows=90)
    own = pd.Series([f"row {row}" for row in range(90)], dtype=object)
    data = replace(data, frame=pd.DataFrame({"own": own}), schema=Schema((Column("own", "category"),)))
    folds = splits(data)
    assert all(not {*left.valid} & {*right.valid} for left, right in pairwise(folds))
    majority, boosting = (
        baselines.cross_validated(name, data, folds, goal_for("log_loss", "auto", "binary")).mean
        for name in ("majority", "boosting")
    )
    assert boosting == pytest.approx(majority, rel=0.1)
