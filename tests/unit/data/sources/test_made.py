import numpy as np
import pytest

from foldwise.data.read_table import read_table
from foldwise.data.sources.made import make
from foldwise.spec.sources import MadeData


def test_the_same_seed_makes_the_same_rows_and_another_others():
    first, again, other = (make(MadeData(kind="made", name="line", seed=seed)) for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


def test_xor_has_each_corner_equally_often_and_no_line_separates_it():
    frame = make(MadeData(kind="made", name="xor", rows=80, noise=0.0))
    corners = frame.groupby(["x1", "x2"])["y"].agg(["size", "first", "nunique"])
    assert corners["size"].tolist() == [20] * 4
    assert corners["first"].tolist() == ["none", "one", "one", "none"]
    assert corners["nunique"].tolist() == [1] * 4


def test_without_noise_the_line_is_the_sum():
    frame = make(MadeData(kind="made", name="line", rows=50, noise=0.0))
    assert np.allclose(frame["y"], frame["x1"] + frame["x2"])
    assert not np.allclose(make(MadeData(kind="made", name="line", rows=50))["y"], frame["y"])


@pytest.mark.parametrize(("name", "task"), [("xor", "binary"), ("line", "regression")])
def test_made_rows_are_a_table_like_any_other(name, task):
    table = read_table(MadeData(kind="made", name=name, rows=60))
    assert (table.task, table.schema.names, len(table)) == (task, ("x1", "x2"), 60)
