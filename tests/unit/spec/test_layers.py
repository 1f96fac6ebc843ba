"""Networks as lists of layers, checked before Keras is imported."""

import pytest

from foldwise.config.read import read_study, trial_at
from foldwise.doors.compose import compose_study
from foldwise.errors import ConfigError

DENSE = {"kind": "Dense", "units": 4}


def _study(**model):
    return read_study({"data": {"kind": "sklearn", "name": "iris"}, "model": {"kind": "layers", **model}})


def _model(**model):
    study = _study(**model)
    return trial_at(study, study.space.defaults()).model


def test_every_number_can_be_a_range():
    study = _study(
        layers=[
            {"kind": "Dense", "units": ["int", 4, 8], "l2": ["float", 0.0, 0.1]},
            ["choice", {"kind": "Dropout", "rate": ["float", 0.1, 0.5]}, "BatchNormalization"],
            {"kind": "Activation", "activation": ["choice", "relu", "tanh"]},
        ]
    )
    names = {name for name, _ in study.space.walk()}
    expected = {"0.units", "0.l2", "1", "1.Dropout.rate", "2.activation"}
    assert names == {f"model.layers.{name}" for name in expected}
    params = {**study.space.defaults(), "model.layers.0.units": 5, "model.layers.1": "BatchNormalization"}
    model = trial_at(study, params).model
    assert [layer.kind for layer in model.layers] == ["Dense", "BatchNormalization", "Activation"]
    assert model.layers[0].parameters["units"] == 5


def test_a_layer_takes_the_one_before_it_or_those_that_from_names():
    assert _model(layers=[DENSE, "Flatten", DENSE]).wiring == (("features",), ("layer 1 (Dense)",), ("layer 2 (Flatten)",))
    model = _model(
        inputs={"wide": ["petal length (cm)"], "deep": "all"},
        layers=[{**DENSE, "from": "deep"}, {**DENSE, "name": "high"}, {"kind": "Concatenate", "from": ["wide", "high"]}],
    )
    assert model.wiring == (("deep",), ("layer 1 (Dense)",), ("wide", "high"))


def test_equal_lists_are_equal_and_others_are_not():
    one, same, other = (_model(layers=[{"kind": "Dense", "units": units}]) for units in (3, 3, 4))
    assert one == same != other
    assert hash(one) == hash(same)


def test_a_single_layer_is_set_by_its_place():
    config = compose_study(["data=iris", "model=layers", "model.layers.0.units=[int,4,8]", "model.layers.1=Flatten"])
    assert config["model"]["layers"][0]["units"] == ["int", 4, 8]
    assert config["model"]["layers"][1] == "Flatten"
    with pytest.raises(ConfigError, match=r"model\.layers\.3\.units: '3' is not an index of a list of 3"):
        compose_study(["data=iris", "model=layers", "model.layers.3.units=4"])


ADD = {"kind": "Add", "from": ["features", "features"]}
WRONG = {
    "kind": ([{"kind": "Dens", "units": 4}], "model.layers.0: layer 'Dens' is unknown, did you mean Dense?"),
    "code": ([DENSE, {"kind": "Lambda"}], "model.layers.1: layer 'Lambda' is unknown"),
    "import": ([{"kind": "os.system"}], "model.layers.0: layer 'os.system' is unknown"),
    "parameter": ([{"kind": "Dense", "unit": 4}], "layers.0.unit: Dense has no parameter unit, did you mean model.layers.0.u"),
    "word": ([{**DENSE, "activation": "rellu"}], "activation of Dense must be one of linear, "),
    "near": ([{**DENSE, "activation": "rellu"}], "got 'rellu', did you mean relu?"),
    "number": ([{"kind": "Dense", "units": True}], "units of Dense must be a whole number >= 1, got True"),
    "infinite": ([{**DENSE, "l2": float("inf")}], "l2 of Dense must be a number >= 0, got inf"),
    "end": ([{"kind": "Dense", "units": ["int", 0, 4]}], "model.layers.0.units: units of Dense must be a whole number >= 1"),
    "needed": ([{"kind": "Dropout"}], "model.layers.0: Dropout needs rate, a number >= 0 and < 1"),
    "window": ([{"kind": "Conv2D", "filters": 3, "kernel_size": [3, 3, 3]}], "a whole number >= 1, or two, got [3, 3, 3]"),
    "one": ([{"kind": "Add"}], "model: layer 1 (Add) merges its inputs, so its from must list two or more"),
    "two": ([{**DENSE, "from": ["features", "features"]}], "model: layer 1 (Dense) takes one input, but its from lists 2"),
    "unknown": ([{**DENSE, "name": "low"}, {**DENSE, "from": "lo"}], "takes lo, but no input or earlier layer has that name"),
    "later": ([{**DENSE, "from": "high"}, {**DENSE, "name": "high"}], "model: layer 1 (Dense) takes high, but no input"),
    "twice": ([{**DENSE, "name": "a"}, {**DENSE, "name": "a"}], "model: the name a is used twice; rename one"),
    "unused": ([DENSE, {**DENSE, "from": "features"}], "model: no layer takes layer 1 (Dense); name it in the from of a later"),
    "taken": ([{**DENSE, "name": "output"}], "model.layers.0: the name output is reserved"),
    "numbered": ([{**DENSE, "name": "layer_2"}], "model.layers.0: the name layer_2 is reserved"),
    "odd name": ([{**DENSE, "name": "a b"}], "model.layers.0.name: must"),
    "empty": ([], "model.layers: must list at least 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_each_error_names_its_place(case):
    layers, sentence = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        _study(layers=layers)
    assert sentence in str(caught.value)


INPUTS = {
    "needs from": ({"a": "all", "b": "all"}, [DENSE], "model: layer 1 (Dense) needs a from: one of the inputs a, b"),
    "unused": ({"a": "all", "b": "all"}, [{**DENSE, "from": "a"}], "model: no layer takes b"),
    "no columns": ({"a": []}, [DENSE], "model: input a has no columns"),
    "taken": ({"output": "all"}, [DENSE], "model: the input name output is reserved"),
    "a word": ({"a": "petal"}, [DENSE], "model.inputs"),
}


@pytest.mark.parametrize("case", INPUTS)
def test_inputs_that_lead_nowhere_are_refused(case):
    inputs, layers, sentence = INPUTS[case]
    with pytest.raises(ConfigError) as caught:
        _study(inputs=inputs, layers=layers)
    assert sentence in str(caught.value)


BRANCH = [{**DENSE, "name": "low"}, {**DENSE, "name": "high"}]
OUTPUTS = {
    "unknown": ({"lo": 0.1}, "model: outputs names lo, but no layer has that name, did you mean low?"),
    "nameless": ({"layer_1": 0.1}, "model: outputs names layer_1, but no layer has that name"),
    "an input": ({"features": 0.1}, "model: outputs names the input features, which has no weights to train"),
    "last": ({"high": 0.1}, "model: outputs names high, the last layer, which feeds the main output already; leave it out"),
    "no weight": ({"low": 0}, "model.outputs.low: must be > 0.0, got 0"),
    "negative": ({"low": -0.5}, "model.outputs.low: must be > 0.0, got -0.5"),
    "infinite": ({"low": float("inf")}, "model.outputs.low: must be finite"),
    "text": ({"low": "some"}, "model.outputs.low: must be a number, got 'some'"),
    "end": ({"low": ["float", 0.0, 1.0]}, "model.outputs.low: must be > 0.0, got 0.0 (an end of its range)"),
    "a list": (["low"], "model.outputs: must be a mapping"),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTPUTS)
def test_useless_outputs_are_refused(case):
    outputs, sentence = OUTPUTS[case]
    with pytest.raises(ConfigError) as caught:
        _study(layers=BRANCH, outputs=outputs)
    assert sentence in str(caught.value)


def test_the_weight_of_an_output_can_be_a_range_and_an_output_ends_a_branch():
    weight = ["float", 0.01, 1.0, {"log": True, "default": 0.1}]
    study = _study(layers=[DENSE, {**DENSE, "name": "aside"}, {**DENSE, "from": "features"}], outputs={"aside": weight})
    assert [name for name, _ in study.space.walk()] == ["model.outputs.aside"]
    first, other = (trial_at(study, {"model.outputs.aside": value}).model for value in (0.1, 0.2))
    assert first.outputs == {"aside": 0.1}
    assert first != other


def test_a_missing_list_is_named():
    with pytest.raises(ConfigError, match=r"model\.layers: must be given"):
        _study()
