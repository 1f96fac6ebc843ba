import math

import numpy as np

from foldwise.config.template import split
from foldwise.spec.space import Choice, FloatRange, IntRange, Option, Space
from foldwise.tuning.columns import columns_of


def choice(*names):
    return Choice(tuple(Option(name, name, Space()) for name in names))


def test_a_parameter_that_a_trial_lacks_is_nan():
    (column,) = columns_of(["u"], [{"u": 4}, {}, {"u": 16}], Space({"u": IntRange(4, 64, log=True)}))
    assert column.present.tolist() == [True, False, True]
    assert column.spread[2] == math.log10(16)
    assert math.isnan(column.values[1])
    assert [column.shown(place) for place in range(3)] == ["4", None, "16"]


def test_options_are_categories_in_the_order_of_their_range():
    (column,) = columns_of(["b"], [{"b": 32}, {"b": 8}], Space({"b": choice(8, 16, 32)}))
    assert column.levels == ("8", "32")
    assert column.values.tolist() == [1, 0]


def test_null_true_words_and_numbers_of_one_choice_stay_different():
    options = (None, True, "true", 1, 1.0, "null", "relu")
    (column,) = columns_of(["o"], [{"o": option} for option in options], Space({"o": choice(*options)}))
    assert column.levels == ("null", "true", "'true'", "1", "1.0", "'null'", "relu")
    assert column.present.all()
    assert np.array_equal(column.values, np.arange(7))


def test_without_a_range_the_kind_follows_from_the_values():
    numbers, words = columns_of(["tuner.epochs", "w"], [{"tuner.epochs": 3, "w": "a"}, {"tuner.epochs": 9, "w": 2}], Space({}))
    assert numbers.levels is None
    assert not numbers.log
    assert words.levels == ("a", "2")


def test_a_value_that_an_edited_range_no_longer_has_is_kept():
    (column,) = columns_of(["o"], [{"o": "old"}, {"o": "a"}], Space({"o": choice("a", "b")}))
    assert column.levels == ("a", "old")
    (number,) = columns_of(["x"], [{"x": 0.0}, {"x": 1.0}], Space({"x": FloatRange(1.0, 10.0, log=True)}))
    assert not number.log, "0 has no logarithm"


def test_a_choice_of_mappings_is_a_quantity_where_they_differ_in_one_number():
    _, space = split({"model": ["choice", *({"kind": "mlp", "hidden": n, "units": 60 // n} for n in (1, 2, 11))]})
    trials = [{"model": "option2"}, {}, {"model": "option0"}]
    (column,) = columns_of(["model"], trials, space)
    assert column.name == "model.layers"
    assert column.levels is None
    assert [column.shown(place) for place in range(3)] == ["11", None, "1"]
    (edited,) = columns_of(["model"], [*trials, {"model": "option7"}], space)
    assert edited.levels == ("1 layer, 60 units", "11 layers, 5 units", "option7")


def test_other_options_are_named_by_what_differs():
    _, space = split({"o": ["choice", {"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9, "rate": ["float", 0, 1]}]})
    choice, rate = columns_of(["o", "o.option1.rate"], [{"o": "option0"}, {"o": "option1", "o.option1.rate": 0.00004}], space)
    assert choice.levels == ("sgd", "sgd momentum=0.9")
    assert (rate.name, rate.shown(1)) == ("o[sgd momentum=0.9].rate", "0.00004")
