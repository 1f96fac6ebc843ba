import pytest

from foldwise.config.option_names import Readable, number_of, option_names
from foldwise.config.template import split


def names(*options):
    _, space = split({"model": ["choice", *options]})
    return list(option_names(space.ranges["model"]).values())


def numbers(*options):
    _, space = split({"model": ["choice", *options]})
    return number_of(space.ranges["model"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            [{"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9}, {"kind": "adam"}],
            ["sgd", "sgd momentum=0.9", "adam"],
        ),
        ([{"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9}], ["sgd", "sgd momentum=0.9"]),
        ([{"kind": "sgd", "momentum": 0.5}, {"kind": "sgd", "momentum": 0.9}], ["momentum=0.5", "momentum=0.9"]),
        (
            [{"kind": "mlp", "hidden": 1, "units": 278}, {"kind": "mlp", "hidden": 3, "units": 83}],
            ["1 layer, 278 units", "3 layers, 83 units"],
        ),
        ([{"kind": "mlp", "hidden": 1}, {"kind": "mlp", "hidden": 3}], ["1 layer", "3 layers"]),
        (
            [{"kind": "layers", "layers": [{"kind": "Dense", "units": 3 + n}] * n} for n in (1, 2, 3)],
            ["1 layer", "2 layers", "3 layers"],
        ),
        ([{"kind": "a", "x": 0.00004}, {"kind": "a", "x": 0.0001}], ["x=0.00004", "x=0.0001"]),
        ([["a", "b"], ["a"], []], ["[a, b]", "[a]", "[]"]),
        (
            [{"kind": "mlp", "hidden": 1, "units": ["int", 4, 8]}, {"kind": "mlp", "hidden": 2, "units": ["int", 4, 8]}],
            ["1 layer", "2 layers"],
        ),
        (
            [{"kind": "mlp", "units": ["int", 4, 8]}, {"kind": "mlp", "units": ["int", 16, 64]}],
            ["units=4..8", "units=16..64"],
        ),
        ([{"kind": "mlp"}, {"kind": "mlp"}], ["mlp (option0)", "mlp (option1)"]),
        ([["int", 1, 3], ["int", 4, 9]], ["1..3", "4..9"]),
        ([["float", 0.00001, 0.5]], ["0.00001..0.5"]),
        (["constant", {"kind": "drop", "every": 5}, {"kind": "drop", "every": 9}], ["drop every=5", "drop every=9"]),
        ([{"kind": "x", "a": {"b": 1, "c": 1}}, {"kind": "x", "a": {"b": 2, "c": 1}}], ["b=1", "b=2"]),
        ([{"kind": "mlp", "norm": True}, {"kind": "mlp", "norm": None}], ["norm=true", "norm=null"]),
    ],
)
def test_options_are_named_by_what_differs(options, expected):
    assert names(*options) == expected


def test_many_differences_are_cut_to_those_that_tell_the_options_apart():
    one, other = {"kind": "a", "p": 1, "q": 1, "r": 1, "s": 1}, {"kind": "a", "p": 2, "q": 2, "r": 2, "s": 2}
    assert names(one, other) == ["p=1", "p=2"]


def test_a_number_that_tells_all_options_apart_is_an_axis():
    assert numbers({"kind": "sgd", "momentum": 0.5}, {"kind": "sgd", "momentum": 0.9}) == (
        "momentum",
        {"option0": 0.5, "option1": 0.9},
    )
    depth = numbers({"kind": "mlp", "hidden": 1, "units": 278}, {"kind": "mlp", "hidden": 3, "units": 83})
    assert depth == ("layers", {"option0": 1, "option1": 3})


def test_other_differences_are_no_axis():
    assert numbers({"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9}) is None
    assert numbers({"kind": "sgd", "momentum": 0.9}, {"kind": "adam"}) is None
    assert numbers({"kind": "a", "x": 1, "y": 1}, {"kind": "a", "x": 2, "y": 2}) is None
    assert numbers({"kind": "a", "x": True}, {"kind": "a", "x": False}) is None
    assert numbers("relu", "tanh") is None


def test_parameters_inside_an_option_carry_its_readable_name():
    tree = {
        "fit": {
            "optimizer": [
                "choice",
                {"kind": "sgd", "learning_rate": ["float", 0.01, 0.1]},
                {"kind": "sgd", "momentum": 0.9, "learning_rate": ["float", 0.01, 0.1]},
                {"kind": "adam", "learning_rate": ["float", 0.00004, 0.1, {"log": True}]},
            ]
        }
    }
    readable = Readable(split(tree)[1])
    assert readable.params({"fit.optimizer": "option1", "fit.optimizer.option1.learning_rate": 0.05}) == (
        'fit.optimizer="sgd momentum=0.9" fit.optimizer[sgd momentum=0.9].learning_rate=0.05'
    )
    assert readable.params({"fit.optimizer": "adam", "fit.optimizer.adam.learning_rate": 0.00004}) == (
        "fit.optimizer=adam fit.optimizer.adam.learning_rate=0.00004"
    )


def test_a_column_is_a_number_where_the_options_differ_in_one():
    depth = Readable(split({"model": ["choice", *({"kind": "mlp", "hidden": n, "units": 60 // n} for n in (1, 3))]})[1])
    assert depth.column("model", {"model": "option1"}) == ("model.layers", 3)
    assert depth.column("x", {"x": True}) == ("x", True)


def test_a_small_number_in_a_choice_within_an_option_has_plain_digits():
    rates = ({"kind": "sgd", "learning_rate": 1e-12}, {"kind": "sgd", "learning_rate": ["choice", 1e-10, 0.00004]})
    readable = Readable(split({"optimizer": ["choice", *rates]})[1])
    assert readable.value("optimizer", "option1") == "learning_rate=1e-10|0.00004"


def test_names_and_values_that_no_range_has_stay_as_they_are():
    readable = Readable(split({"model": ["choice", {"kind": "a", "x": 1}, {"kind": "a", "x": 2}]})[1])
    assert readable.value("model", "option7") == "option7"
    assert readable.column("model", {"model": "option7"}) == ("model", "option7")
    assert readable.params({"tuner.epochs": 9, "flag": None}) == "tuner.epochs=9 flag=null"


def test_readable_names_lead_back_to_those_of_the_ledger():
    model = {"kind": "mlp", "units": ["int", 4, 8]}
    space = split({"model": ["choice", {**model, "hidden": 1}, {**model, "hidden": 2}, {"default": "option1"}]})[1]
    readable = Readable(space)
    asked = {"model": "2 layers", "model[2 layers].units": 5, "other": True}
    stored = {"model": "option1", "model.option1.units": 5, "other": True}
    assert readable.stored(asked) == readable.stored(stored) == stored
    assert [name for name, _ in readable.readable_space.walk()] == ["model", "model[1 layer].units", "model[2 layers].units"]
    assert readable.readable_space.ranges["model"].default == "2 layers"
