"""Profiles of training rows, and the comparison of new rows with them."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from foldwise.data.profile import BINS, MOST_LEVELS, ColumnProfile, binned, profile_of
from foldwise.data.schema import Column, Schema, conform

SCHEMA = Schema((Column("size", "number"), Column("sort", "category"), Column("day", "date"), Column("remark", "text")))
RAW = pd.DataFrame(
    {
        "size": ["1", "2", "", "4"],
        "sort": ["a", "b", "a", ""],
        "day": ["1970-01-02", "1970-01-01T00:00:01Z", "", "1970-01-03"],
        "remark": ["so", "", "", "that"],
    },
    dtype=object,
)


def _numbers(values):
    frame = pd.DataFrame({"size": np.asarray(values, dtype=float)})
    return profile_of(frame, Schema((Column("size", "number"),)))[0], frame["size"]


def test_a_column_s_gaps_ends_and_levels_are_kept():
    size, sort, day, remark = profile_of(conform(RAW, SCHEMA), SCHEMA)
    assert (size.low, size.high, size.missing) == (1.0, 4.0, 0.25)
    assert (day.low, day.high, day.missing) == (1.0, 172_800.0, 0.25)
    assert sort == ColumnProfile("sort", "category", 0.25, levels={"a": 2 / 3, "b": 1 / 3})
    assert remark == ColumnProfile("remark", "text", 0.5)


def test_a_profile_can_be_written_as_json():
    profiles = profile_of(conform(RAW, SCHEMA), SCHEMA)
    content = json.loads(json.dumps([asdict(profile) for profile in profiles], allow_nan=False))
    again = tuple(ColumnProfile(**{**c, "edges": tuple(c["edges"]), "shares": tuple(c["shares"])}) for c in content)
    assert again == profiles


def test_bins_hold_equally_many_rows():
    profile, _ = _numbers(np.random.default_rng(1).normal(size=1000))
    assert len(profile.shares) == BINS
    assert profile.shares == pytest.approx([0.1] * BINS, abs=0.002)
    assert list(profile.edges) == sorted(set(profile.edges))


@pytest.mark.parametrize(
    ("values", "edges", "shares"),
    [
        ([0] * 95 + [1] * 5, (1.0,), (0.95, 0.05)),  # all deciles are 0, but values above 0 have a bin of their own
        ([3, 3, 3], (), (1.0,)),
        ([1, 2], (2.0,), (0.5, 0.5)),
        ([], (), ()),
        ([np.nan], (), ()),
    ],
)
def test_a_value_that_fills_bins_has_one_of_its_own(values, edges, shares):
    profile, _ = _numbers(values)
    assert (profile.edges, profile.shares) == (edges, shares)


def test_the_same_rows_fall_into_the_same_bins_and_others_into_the_outer_ones():
    rng = np.random.default_rng(2)
    profile, cells = _numbers(np.round(rng.exponential(size=500), 1))
    assert binned(profile, cells) == profile.parts
    assert binned(profile, pd.Series([-9.0, -8.0, 99.0, np.nan])) == (2 / 3, *[0.0] * (len(profile.edges) - 1), 1 / 3)
    assert binned(profile, pd.Series([np.nan])) == (0.0,) * len(profile.shares)
    assert binned(ColumnProfile("remark", "text", 0.0), pd.Series(["so"], dtype=object)) == ()


def test_dates_are_binned_by_their_seconds():
    frame = conform(RAW, SCHEMA)
    day = profile_of(frame, SCHEMA)[2]
    assert binned(day, frame["day"]) == day.parts
    assert sum(day.parts) == pytest.approx(1.0)


def test_levels_beyond_the_most_frequent_are_the_rest():
    cells = pd.Series(["often"] * 50 + [f"level {n}" for n in range(150)], dtype=object)
    profile = profile_of(pd.DataFrame({"sort": cells}), Schema((Column("sort", "category"),)))[0]
    assert len(profile.levels) == MOST_LEVELS
    assert next(iter(profile.levels)) == "often"
    assert profile.parts[-1] == pytest.approx(51 / 200)
    assert binned(profile, cells) == pytest.approx(profile.parts)
    assert binned(profile, pd.Series(["often", "never", None], dtype=object)) == (0.5, *[0.0] * (MOST_LEVELS - 1), 0.5)


@pytest.mark.parametrize(
    ("before", "now"), [("true false", "True False"), ("True False", "TRUE FALSE"), ("TRUE no", "true no")]
)
def test_true_and_false_are_the_same_levels_however_they_are_spelled(before, now):
    schema = Schema((Column("paid", "category"),))
    (profile,) = profile_of(pd.DataFrame({"paid": before.split() * 3}, dtype=object), schema)
    assert binned(profile, pd.Series(now.split() * 2, dtype=object)) == profile.parts


def test_levels_that_the_training_rows_told_apart_stay_apart():
    (profile,) = profile_of(pd.DataFrame({"paid": ["true", "True", "no"]}, dtype=object), Schema((Column("paid", "category"),)))
    assert binned(profile, pd.Series(["true", "true", "TRUE"], dtype=object)) == pytest.approx(
        (*({"true": 2 / 3}.get(level, 0.0) for level in profile.levels), 1 / 3)
    )
