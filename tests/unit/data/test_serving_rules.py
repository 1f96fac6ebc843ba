"""The flags of rows that are unlike the training rows."""

import numpy as np
import pandas as pd
import pytest

from foldwise.data.preparation.encode import Levels
from foldwise.data.profile import profile_of
from foldwise.data.schema import Column, Schema, conform
from foldwise.data.serving_rules import flags, further

SCHEMA = Schema((Column("size", "number"), Column("sort", "category"), Column("day", "date"), Column("remark", "text")))
TRAINING = pd.DataFrame(
    {"size": [1, 2, 3], "sort": ["a", "b", ""], "day": ["2020-01-01", "2020-06-01", ""], "remark": ["x", "y", "z"]},
    dtype=object,
)
PROFILE = profile_of(conform(TRAINING, SCHEMA), SCHEMA)
CATEGORIES = (Levels("sort", ("a", None), rare=("b",)),)


def _flags(profile=PROFILE, **cells):
    row = {"size": 2, "sort": "a", "day": "2020-03-01", "remark": "x", **cells}
    return list(flags(conform(pd.DataFrame([row], dtype=object), SCHEMA), profile, CATEGORIES))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({}, ""),
        ({"size": 3.0}, ""),
        ({"size": 3.01}, "size beyond its range"),
        ({"size": None}, "size missing"),
        ({"sort": "b"}, ""),
        ({"sort": ""}, ""),  # there were gaps in training too
        ({"sort": "c"}, "sort never seen"),
        ({"day": "2020-06-01T00:00:01"}, "day beyond its range"),
        ({"day": None}, ""),
        ({"remark": None}, "remark missing"),
        ({"remark": "never written before"}, ""),
        ({"size": -1, "sort": "c", "day": "1999-01-01"}, "size beyond its range; sort never seen; day beyond its range"),
    ],
)
def test_a_flag_names_the_column_and_the_reason(cells, said):
    assert _flags(**cells) == [said]


def test_without_a_profile_only_levels_are_known():
    assert _flags((), size=99, sort="c") == ["sort never seen"]


def test_many_rows_are_flagged_as_each_of_them_alone():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame(
        {
            "size": rng.choice([0, 1, None, 9], 300),
            "sort": rng.choice(["a", "b", "c", ""], 300),
            "day": rng.choice(["2020-01-01", "", "2030-01-01"], 300),
            "remark": rng.choice(["x", ""], 300),
        },
        dtype=object,
    )
    together = list(flags(conform(rows, SCHEMA), PROFILE, CATEGORIES))
    assert together == [_flags(**row)[0] for row in rows.to_dict("records")]
    assert len(set(together)) > 10
    assert list(flags(conform(rows.iloc[:0], SCHEMA), PROFILE, CATEGORIES)) == []


def test_columns_that_the_model_does_not_know_are_named():
    assert further(["b", "a", 3, "c"], ("a", "c")) == ["b", "3"]
