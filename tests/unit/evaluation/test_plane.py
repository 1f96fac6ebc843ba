"""A plane through a table: which columns vary, and where the others stay."""

import numpy as np
import pandas as pd
import pytest

from foldwise.evaluation.plane import held_at, importance, plane_through


def _frame(rows=60, **more):
    draws = np.random.default_rng(1)
    numbers = {name: draws.normal(size=rows) for name in ("a", "b", "c")}
    return pd.DataFrame({**numbers, **more})


def _by_c_and_a(frame):
    return 3 * frame["c"].to_numpy() - frame["a"].to_numpy() + 0.01 * frame["b"].to_numpy()


def test_two_columns_are_the_axes_in_their_order():
    frame = _frame()[["b", "a"]]
    plane = plane_through(frame, ["b", "a"], lambda rows: pytest.fail("nothing to choose"), 0, steps=5)
    assert (plane.across, plane.up, plane.held) == ("b", "a", {})
    rows = plane.rows.to_numpy().reshape(5, 5, 2)
    assert (rows[2, :, 0] == plane.x).all()
    assert (rows[:, 3, 1] == plane.y).all()
    assert plane.x[0] < frame["b"].quantile(0.05) < frame["b"].quantile(0.95) < plane.x[-1]


def test_the_two_most_important_of_several_vary_and_the_others_stay():
    when = pd.to_datetime(["2020-01-01"] * 10 + ["2021-01-01"] * 30 + ["2022-01-01"] * 20)
    frame = _frame(word=pd.Series(["yes", None, "no", "no"] * 15, dtype=object), when=when)
    plane = plane_through(frame, ["a", "b", "c"], _by_c_and_a, 0, steps=4)
    assert (plane.across, plane.up, list(plane.held)) == ("a", "c", ["b", "word", "when"])
    assert list(plane.rows.columns) == list(frame.columns)
    assert set(plane.rows["b"]) == {np.median(frame["b"])}
    assert set(plane.rows["word"]) == {"no"}
    assert set(plane.rows["when"]) == {pd.Timestamp("2021-01-01")}
    assert (plane.rows.dtypes == frame.dtypes).all()


def test_importance_is_the_move_of_the_predictions():
    frame = _frame(2000)
    moved = importance(frame, ["a", "b", "c"], _by_c_and_a, 0)
    assert moved["c"] == pytest.approx(3 * 2 / np.sqrt(np.pi), rel=0.2)  # the mean distance of two normal numbers
    assert moved["c"] > 2 * moved["a"] > 20 * moved["b"] > 0
    assert importance(frame, ["a", "b", "c"], _by_c_and_a, 0) == moved


def test_class_probabilities_have_an_importance_too():
    def predict(rows):
        second = 1 / (1 + np.exp(-rows["b"].to_numpy()))
        return np.column_stack([1 - second, second])

    moved = importance(_frame(), ["a", "b"], predict, 0)
    assert moved["b"] > 0.1
    assert moved["a"] == 0


def test_missing_numbers_and_constant_columns_do_no_harm():
    frame = _frame(one=1.0, never=np.nan)
    frame.loc[::3, "a"] = np.nan
    plane = plane_through(frame, ["a", "one", "never", "c"], lambda rows: rows["c"].to_numpy(), 0, steps=3)
    assert (plane.across, plane.up) == ("a", "c")
    assert np.isfinite(plane.rows[["a", "c"]].to_numpy()).all()
    assert set(plane.rows["one"]) == {1.0}
    assert plane.rows["never"].isna().all()


def test_a_far_value_does_not_push_the_others_into_a_corner():
    frame = _frame(500)
    frame.loc[0, "a"] = 1e6
    plane = plane_through(frame, ["a", "b"], _by_c_and_a, 0)
    assert plane.x[-1] < 10


@pytest.mark.parametrize("rows", [2, 4])
def test_a_table_of_a_few_rows_has_all_of_them_inside(rows):
    corners = pd.DataFrame({"a": [0.0, 1.0, 0.0, 1.0], "b": [0.0, 1.0, 1.0, 0.0]})[:rows]
    plane = plane_through(corners, ["a", "b"], _by_c_and_a, 0)
    for axis in (plane.x, plane.y):
        assert axis[0] < 0
        assert axis[-1] > 1


@pytest.mark.parametrize("numbers", [[], ["a"], ["a", "one"]])
def test_fewer_than_two_columns_that_vary_have_no_plane(numbers):
    assert plane_through(_frame(one=1.0), numbers, _by_c_and_a, 0) is None


def test_columns_that_are_nearly_always_zero_vary_over_their_whole_range():
    frame = _frame(1000)
    frame["a"] = 0.0
    frame.loc[:2, "a"] = 5.0
    plane = plane_through(frame, ["a", "b"], _by_c_and_a, 0)
    assert plane.x[0] < 0
    assert plane.x[-1] > 5


def test_where_the_others_stay_is_said_in_words():
    assert held_at({}) == ""
    assert held_at({"Sex": "male", "Age": 28.123456, "Cabin": None}) == (
        "at the median or most frequent value: Sex = male, Age = 28.12, Cabin = missing"
    )
