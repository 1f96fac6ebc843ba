"""Checks of a build function before Keras is imported."""

import pytest

from foldwise.api import _request
from foldwise.config.read import identity_hash, read_study, trial_at
from foldwise.errors import ConfigError


def network(inputs, head, units=8, *, seed=0, activation="relu"):
    raise AssertionError("nothing is built here")


def needing(inputs, head, depth): ...


def without_head(inputs): ...


def any_of_them(**options): ...


def _study(**model):
    return read_study(_request(["data=iris"], None, None, {"model": {"kind": "python", **model}}).config)


def _model(study, params):
    return trial_at(study, {**study.space.defaults(), **params}).model


def test_its_arguments_can_be_ranges():
    study = _study(build=network, units=["int", 4, 16], activation=["choice", "relu", "tanh"])
    assert {name for name in study.space.ranges if name.startswith("model")} == {"model.units", "model.activation"}
    model = _model(study, {"model.units": 5, "model.activation": "tanh"})
    assert model.arguments == {"units": 5, "activation": "tanh"}
    assert model.takes_seed
    assert hash(model) == hash(_model(study, {"model.units": 6, "model.activation": "tanh"}))
    assert model != _model(study, {"model.units": 6, "model.activation": "tanh"})


def test_a_recipe_holds_its_name_and_a_hash_of_its_source():
    build = _study(build=network).recipe["model"]["build"]
    assert build["function"] == "network"
    assert len(build["source"]) == 64
    assert set(build) == {"function", "source"}


def _written(tmp_path, text):
    path = tmp_path / f"own_{abs(hash(text))}.py"
    path.write_text(text)
    space = {}
    exec(compile(text, str(path), "exec"), space)  # noqa: S102 - as an import of the user's own file does
    return space["mine"]


def test_a_changed_function_is_a_changed_study(tmp_path):
    one, same, other = (
        _study(build=_written(tmp_path, f"def mine(inputs, head):\n    return {number}\n")) for number in (1, 1, 2)
    )
    assert identity_hash(one.recipe) == identity_hash(same.recipe) != identity_hash(other.recipe)
    assert one.name == same.name != other.name


def test_models_can_be_a_choice():
    options = ["choice", {"kind": "mlp", "units": 4}, {"kind": "python", "build": any_of_them, "units": ["int", 1, 3]}]
    study = read_study(_request(["data=iris"], None, None, {"model": options}).config)
    assert _model(study, {"model": "python", "model.python.units": 2}).arguments == {"units": 2}


class Callable:
    def __call__(self, inputs, head): ...


WRONG = {
    "unknown": ({"build": network, "unit": 3}, "model: network has no argument unit that can be set, did you mean units?"),
    "handed over": ({"build": network, "seed": 3}, "model: network has no argument seed that can be set"),
    "due": ({"build": needing}, "model: depth must be given: needing has no default for it"),
    "without a head": (
        {"build": without_head},
        "model: without_head must take inputs and head, as def without_head(",
    ),
    "a lambda": ({"build": lambda inputs, head: None}, "must be a function written with def"),
    "an object": ({"build": Callable()}, "model.build: must be a function written with def, got Callable"),
    "a name": ({"build": "package.function"}, "model: kind python takes your own function, and only from Python"),
    "none": ({}, "model: kind python takes your own function, and only from Python"),
    "bare choice": ({"build": ["choice", network, needing]}, "a choice between functions is one between models"),
    "a range": ({"build": network, "units": ["int", 9, 2]}, "model.units: low <= high must hold"),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_error_is_a_sentence(case):
    model, sentence = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        _study(**model)
    assert sentence in str(caught.value)


def test_a_function_without_a_source_is_refused():
    space = {}
    exec("def mine(inputs, head): ...", space)  # noqa: S102 - a function that is in no file
    with pytest.raises(ConfigError, match=r"model\.build: the source of mine cannot be read"):
        _study(build=space["mine"])


def test_values_from_around_a_function_are_refused_because_no_record_holds_them():
    width = 3

    def closed(inputs, head):
        return width

    with pytest.raises(ConfigError, match="uses width of the function around it, whose value is not in its source"):
        _study(build=closed)


def test_a_shell_has_no_functions():
    with pytest.raises(ConfigError, match="kind python takes your own function, and only from Python"):
        read_study(_request(["data=iris", "model.kind=python"], None, None, {}).config)
