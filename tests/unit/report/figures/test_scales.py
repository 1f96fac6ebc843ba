import math

import numpy as np
import pytest

from foldwise.report.figures.scales import ABSENT, BESIDE, apart, ticks, unit
from foldwise.tuning.columns import Column


def test_an_absent_value_is_below_the_axis_and_a_logarithm_is_even():
    column = Column("rate", np.array([0.001, math.nan, 0.01, 0.1]), log=True)
    assert unit(column) == pytest.approx([0, ABSENT, 0.5, 1])


def test_a_parameter_of_one_value_has_an_axis_too():
    assert unit(Column("x", np.array([3.0, math.nan]))) == pytest.approx([0.5, ABSENT])
    assert unit(Column("k", np.array([0.0, 0.0]), ("a",))).tolist() == [0, 0]


def test_trials_of_a_category_are_spread_within_it():
    column = Column("k", np.repeat([0.0, 1.0], 50), ("a", "b"))
    across, up = apart(column), apart(column, up=True)
    assert np.abs(across - column.values).max() <= BESIDE
    assert len(np.unique(across)) == 100
    assert abs(np.corrcoef(across[:50], up[:50])[0, 1]) < 0.3, "no line where two categories meet"
    quantity = Column("x", np.arange(3.0))
    assert apart(quantity) is quantity.values


def test_ticks_are_round_and_few():
    assert ticks(Column("r", np.array([1.1e-4, 0.09]), log=True))[1] == ["0.0003", "0.001", "0.003", "0.01", "0.03"]
    assert ticks(Column("r", np.array([1e-9, 1.0]), log=True), most=4)[1] == ["1e-09", "1e-06", "0.001", "1"]
    assert ticks(Column("r", np.array([3.1, 3.2]), log=True))[1] == ["3.1", "3.2"]
    assert ticks(Column("n", np.array([1.0, 3.0])))[1] == ["1", "2", "3"]
    at, words = ticks(Column("k", np.arange(100.0), tuple(f"option {n}" for n in range(100))))
    assert len(at) <= 20
    assert words[0] == "option 0"
