import math

import numpy as np

from foldwise.spec.space import Choice, FloatRange, IntRange, Option, Space
from foldwise.tuning.columns import columns_of


def choice(*names):
    return Choice(tuple(Option(name, name, Space()) for name in names))


def test_a_parameter_that_a_trial_lacks_is_nan():
    (column,) = columns_of(["u"], [{"u": 4}, {}, {"u": 16}], {"u": IntRange(4, 64, log=True)})
    assert column.present.tolist() == [True, False, True]
    assert column.spread[2] == math.log10(16)
    assert math.isnan(column.values[1])
    assert [column.shown(place) for place in range(3)] == ["4", None, "16"]


def test_options_are_categories_in_the_order_of_their_range():
    (column,) = columns_of(["b"], [{"b": 32}, {"b": 8}], {"b": choice(8, 16, 32)})
    assert column.levels == ("8", "32")
    assert column.values.tolist() == [1, 0]


def test_null_true_words_and_numbers_of_one_choice_stay_different():
    options = (None, True, "true", 1, 1.0, "null", "relu")
    (column,) = columns_of(["o"], [{"o": option} for option in options], {"o": choice(*options)})
    assert column.levels == ("null", "true", "'true'", "1", "1.0", "'null'", "relu")
    assert column.present.all()
    assert np.array_equal(column.values, np.arange(7))


def test_without_a_range_the_kind_follows_from_the_values():
    numbers, words = columns_of(["tuner.epochs", "w"], [{"tuner.epochs": 3, "w": "a"}, {"tuner.epochs": 9, "w": 2}], {})
    assert numbers.levels is None
    assert not numbers.log
    assert words.levels == ("a", "2")


def test_a_value_that_an_edited_range_no_longer_has_is_kept():
    (column,) = columns_of(["o"], [{"o": "old"}, {"o": "a"}], {"o": choice("a", "b")})
    assert column.levels == ("a", "old")
    (number,) = columns_of(["x"], [{"x": 0.0}, {"x": 1.0}], {"x": FloatRange(1.0, 10.0, log=True)})
    assert not number.log, "0 has no logarithm"
