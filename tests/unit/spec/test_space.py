import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldwise.config.template import fill, read_range, split
from foldwise.errors import ConfigError
from foldwise.spec.space import Choice, FloatRange, IntRange, Space


def test_a_range_is_written_where_the_value_would_be():
    template, space = split({"units": ["int", 8, 64], "activation": ["choice", "relu", "tanh"], "l2": 0.1}, "model")
    assert space.ranges == {
        "model.units": IntRange(8, 64),
        "model.activation": read_range(["choice", "relu", "tanh"], "model.activation"),
    }
    assert fill(template, space, {"model.units": 9, "model.activation": "tanh"}) == {
        "units": 9,
        "activation": "tanh",
        "l2": 0.1,
    }


def test_ranges_inside_lists_carry_their_position():
    template, space = split({"units": [["int", 8, 64], 32]}, "model")
    assert list(space.ranges) == ["model.units.0"]
    assert fill(template, space, {"model.units.0": 10}) == {"units": [10, 32]}


@pytest.mark.parametrize(
    ("words", "default"),
    [
        (["int", 1, 3], 2),
        (["int", 16, 256, {"log": True}], 64),
        (["int", 16, 256, {"log": True, "default": 64}], 64),
        (["int", 0, 10, {"step": 5}], 5),
        (["float", 0.0, 0.5], 0.25),
        (["float", 1e-4, 1e-2, {"log": True}], pytest.approx(1e-3)),
        (["float", 0, 1, {"default": 0}], 0.0),
        (["choice", "relu", "tanh"], "relu"),
        (["choice", "relu", "tanh", {"default": "tanh"}], "tanh"),
        (["choice", True, 1, "1"], True),
        (["choice", None, 3], None),
    ],
)
def test_defaults_are_given_or_the_middle_or_the_first(words, default):
    assert read_range(words, "x").default == default


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["int", 3, 1], "low <= high must hold, got 3 and 1"),
        (["float", 0, 1, {"log": True}], "low > 0 must hold for log"),
        (["int", 0, 10, {"step": 3}], "step 3 must divide"),
        (["float", 0.0, 1.0, {"step": 0.3}], "step 0.3 must divide"),
        (["int", 1, 2, 3], "is written [int, low, high]"),
        (["int", 1.5, 2], "low must be a whole number, got 1.5"),
        (["float", "a", 2], "low must be a number, got 'a'"),
        (["float", 0, 1, {"logg": True}], "did you mean log?"),
        (["int", 1, 3, {"default": 9}], "default 9 must be"),
        (["float", 0.0, 1.0, {"step": 0.5, "default": 0.3}], "default 0.3 must be"),
        (["choice"], "at least one option"),
        (["choice", "a", "a"], "option 'a' is listed twice"),
        (["choice", "a", {"default": "b"}], "default 'b' is not one of the options"),
        (["float", 0, float("inf")], "finite"),
        (["int", True, 3], "low must be a whole number, got True"),
    ],
)
def test_a_wrong_range_is_refused_with_its_name_and_rule(words, sentence):
    with pytest.raises(ConfigError) as caught:
        read_range(words, "model.units")
    assert str(caught.value).startswith("model.units: ")
    assert sentence in str(caught.value)


def test_an_option_can_be_a_mapping_with_ranges_that_exist_only_there():
    tree = {"model": ["choice", {"kind": "mlp", "units": ["int", 8, 64]}, {"kind": "cnn", "filters": ["int", 4, 8]}]}
    template, space = split(tree)
    assert space.defaults() == {"model": "mlp", "model.mlp.units": 36}
    params = {"model": "cnn", "model.cnn.filters": 5}
    assert fill(template, space, params) == {"model": {"kind": "cnn", "filters": 5}}


def test_options_of_one_kind_are_told_apart_by_position():
    _, space = split({"model": ["choice", {"kind": "mlp", "units": 3}, {"kind": "mlp", "units": ["int", 1, 2]}]})
    assert [name for name, _ in space.walk()] == ["model", "model.option1.units"]


def test_corners_visit_both_ends_of_every_range_and_every_option():
    _, space = split({"a": ["int", 1, 3], "b": ["choice", "x", {"kind": "y", "c": ["float", 0.0, 1.0]}]})
    points = [params for _, params in space.corners()]
    assert {1, 3} <= {params["a"] for params in points}
    assert {"x", "y"} == {params["b"] for params in points}
    assert {0.0, 1.0} <= {params.get("b.y.c") for params in points}


shares = st.floats(0, 1)


@given(share=shares, low=st.integers(1, 50), width=st.integers(0, 50), log=st.booleans())
def test_every_share_of_an_int_range_is_inside(share, low, width, log):
    assert low <= IntRange(low, low + width, log).at(share) <= low + width


@given(share=shares, low=st.floats(1e-6, 10), width=st.floats(0, 1e3), log=st.booleans())
def test_every_share_of_a_float_range_is_inside(share, low, width, log):
    assert low <= FloatRange(low, low + width, log).at(share) <= low + width


def test_the_ends_of_a_range_can_be_drawn():
    assert {IntRange(1, 3).at(s / 100) for s in range(101)} == {1, 2, 3}
    assert {IntRange(1, 8, log=True).at(s / 1000) for s in range(1001)} == set(range(1, 9))
    assert {FloatRange(0, 1, step=0.5).at(s / 100) for s in range(101)} == {0.0, 0.5, 1.0}


def test_true_and_one_and_the_word_one_are_different_options():
    choice = read_range(["choice", True, 1, "1"], "x")
    assert isinstance(choice, Choice)
    assert [choice.option(name).template for name in choice.names()] == [True, 1, "1"]


def test_an_empty_space_has_one_point():
    assert Space().defaults() == {}
    assert list(Space().corners()) == []


def test_points_are_counted_if_they_are_countable():
    inner = {"kind": "b", "n": ["int", 1, 3], "x": ["float", 0.0, 1.0, {"step": 0.25}]}
    _, space = split({"kind": ["choice", "a", inner], "m": ["int", 2, 10, {"step": 4}]})
    assert space.count() == (1 + 3 * 5) * 3
    assert Space().count() == 1
    assert split({"x": ["float", 0.0, 1.0]})[1].count() is None
    assert split({"x": ["float", 0.5, 0.5]})[1].count() == 1
    assert split({"x": ["choice", 1, {"y": ["float", 0.0, 1.0]}]})[1].count() is None


def test_a_space_holds_its_points_and_nothing_else():
    inner = {"kind": "b", "x": ["float", 0.0, 1.0, {"step": 0.25}]}
    _, space = split({"kind": ["choice", "a", inner, 1], "n": ["int", 2, 10, {"step": 4}]})
    assert space.holds({"kind": "a", "n": 6})
    assert space.holds({"kind": "b", "kind.b.x": 0.75, "n": 2})
    for params in (
        {},
        {"kind": "a"},
        {"kind": "b", "n": 2},
        {"kind": "a", "kind.b.x": 0.75, "n": 2},
        {"kind": "a", "n": 6, "more": 1},
        {"kind": "a", "n": 3},
        {"kind": "a", "n": 14},
        {"kind": "a", "n": 6.0},
        {"kind": "b", "kind.b.x": 0.7, "n": 2},
        {"kind": True, "n": 2},
        {"kind": "c", "n": 2},
    ):
        assert not space.holds(params), params
    assert Space().holds({})
