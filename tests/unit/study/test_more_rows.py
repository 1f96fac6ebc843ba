"""The chosen trial on fewer rows."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from foldwise.data.split import Split
from foldwise.evaluation.column_importance import Measured
from foldwise.spec.goal import Goal
from foldwise.study.more_rows import MoreRows, fewer

SPLIT = Split(np.arange(20, 90), np.arange(20))


def test_a_smaller_share_is_part_of_a_larger_one_and_classes_keep_their_shares(table):
    data = table("binary", rows=90)
    data = replace(data, target=(np.arange(90) % 10 == 0).astype(np.int64))  # 7 of the 70 training rows
    quarter, half = (fewer(data, SPLIT, share, 0, 1) for share in (0.25, 0.5))
    assert set(quarter.train) < set(half.train) < set(SPLIT.train)
    assert (len(quarter.train), len(half.train)) == (16 + 2, 32 + 4)
    assert data.target[half.train].sum() == 4
    assert (np.diff(half.train) > 0).all()
    np.testing.assert_array_equal(half.valid, SPLIT.valid)
    assert not np.array_equal(half.train, fewer(data, SPLIT, 0.5, 0, 2).train)


def test_a_rare_class_keeps_a_row_and_groups_stay_whole(table):
    data = table("binary", rows=90)
    rare = replace(data, target=(np.arange(90) == 50).astype(np.int64))
    assert 50 in fewer(rare, SPLIT, 0.25, 0, 0).train
    grouped = replace(data, groups=np.arange(90) // 7)
    train = fewer(grouped, SPLIT, 0.5, 0, 0).train
    assert all(
        np.isin(SPLIT.train[grouped.groups[SPLIT.train] == one], train).all() for one in np.unique(grouped.groups[train])
    )
    assert 0.3 < len(train) / len(SPLIT.train) < 0.7


def found(first, last, metric="accuracy", folds=3):
    rows = tuple({"rows": float(count), "score": score} for count, score in [(25, 0.7), (50, 0.8), (100, 0.85)])
    return MoreRows(Goal(metric, "maximize"), rows, (first, last))


def test_gains_that_shrink_by_a_share_go_on_to_shrink_by_it():
    """Of a score a - b * rows ** -c every doubling gains 2 ** -c of the gain before."""
    sizes = np.array([25.0, 50.0, 100.0, 200.0])
    scores = 0.9 - 0.8 * sizes**-0.4
    gains = np.diff(scores)
    one = found(Measured(gains[0], 0.0, 1.0), Measured(gains[1], 0.001, 1.0))
    assert one.next_gain == pytest.approx(gains[2])
    assert "from 50 to 100 training rows of a fold accuracy got better by" in one.sentence
    assert "twice the rows gain about" in one.sentence


def test_a_gain_within_noise_promises_nothing_and_growing_gains_do_not_grow_on():
    noise = found(Measured(0.1, 0.0, 0.2), Measured(0.01, -0.02, 0.04))
    assert isnan(noise.next_gain)
    assert noise.sentence.endswith("which is within noise; twice the rows are not seen to help")
    assert found(Measured(0.01, 0.0, 0.2), Measured(0.03, 0.01, 0.04)).next_gain == 0.03
    assert found(Measured(-0.01, -0.2, 0.2), Measured(0.03, 0.01, 0.04)).next_gain == 0.03


def test_one_fold_says_too_little():
    one = found(Measured(0.1, np.nan, np.nan), Measured(0.05, np.nan, np.nan))
    assert isnan(one.next_gain)
    assert "says too little" in one.sentence
