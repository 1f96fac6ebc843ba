"""A multilayer perceptron's values: one for all hidden layers, or a list with one each."""

import pytest

from foldwise.config.read import identity_hash, read_study
from foldwise.errors import ConfigError
from foldwise.spec.model import LISTS, CnnSpec, HiddenLayer, MlpSpec

VALUES = {
    "units": [9, 5],
    "activation": ["relu", "tanh"],
    "initializer": ["he_normal", "zeros"],
    "l1": [0.1, 0.0],
    "l2": [0.005, 0.0025],
    "dropout": [0.5, 0],
    "batch_norm": [True, False],
}


def _study(**model):
    return read_study({"data": {"kind": "sklearn", "name": "iris"}, "model": {"kind": "mlp", "hidden": 2, **model}})


def _model(**model):
    return _study(**model).corners[0].model


def test_each_hidden_layer_has_its_own_values():
    assert set(VALUES) == set(LISTS)
    assert _model(**VALUES).layers == (
        HiddenLayer(9, "relu", "batch", 0.5, "he_normal", 0.1, 0.005),
        HiddenLayer(5, "tanh", "", 0.0, "zeros", 0.0, 0.0025),
    )
    one = _model(units=4, batch_norm=False, layer_norm=True, l2=0.1)
    assert one.layers == (HiddenLayer(4, "relu", "layer", 0.0, "glorot_uniform", 0.0, 0.1),) * 2


@pytest.mark.parametrize("key", LISTS)
def test_a_list_of_another_length_is_refused(key):
    with pytest.raises(ConfigError, match=rf"model\.{key}: {key} lists 3 {LISTS[key]}, so hidden must be 3, got 2"):
        _study(**{key: [VALUES[key][0]] * 3})


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("activation", ["relu", "tnah"], "model.activation.1: 'tnah' is not known, did you mean tanh?"),
        ("activation", "rellu", "model.activation: 'rellu' is not known, did you mean relu?"),
        ("dropout", [0.2, 1.0], "model.dropout.1: must be < 1.0, got 1.0"),
        ("dropout", 1.0, "model.dropout: must be < 1.0, got 1.0"),
        ("l2", [0.1, "a"], "model.l2.1: must be a number, got 'a'"),
        ("batch_norm", [True, 1], "model.batch_norm.1: must be true or false, got 1"),
        ("l2_output", -1, "model.l2_output: "),
        ("bias_l1", -0.5, "model.bias_l1: must be >= 0.0, got -0.5"),
        ("kernel_constraint", "max_nrm", "model.kernel_constraint.kind: 'max_nrm' is unknown, did you mean max_norm?"),
        ("kernel_constraint", {"kind": "max_norm", "max_value": 0}, "model.kernel_constraint.max_value: must be > 0.0"),
        (
            "kernel_constraint",
            {"kind": "min_max_norm", "min_value": 2, "max_value": 1},
            "model.kernel_constraint.min_value: min_value <= max_value must hold, got 2 and 1",
        ),
    ],
)
def test_each_wrong_value_is_a_sentence(key, value, sentence):
    with pytest.raises(ConfigError) as caught:
        _study(**{key: value})
    assert sentence in str(caught.value)


def test_batch_and_layer_norm_exclude_each_other_also_in_a_list():
    with pytest.raises(ConfigError, match="batch_norm and layer_norm exclude each other"):
        _study(batch_norm=[False, True], layer_norm=True)


def test_a_list_can_hold_ranges():
    study = _study(dropout=[["float", 0.0, 0.5], 0.0], activation=[["choice", "relu", "tanh"], "relu"])
    assert {"model.dropout.0", "model.activation.0"} <= set(study.space.ranges)
    assert {trial.model.dropout[0] for trial in study.corners} == {0.0, 0.25, 0.5}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"l2": 0.1, "l1": 0.2}, (0.2, 0.1)),
        ({"l2": 0.1, "l1": 0.2, "l2_output": False}, (0.2, 0.0)),
        ({"l2": 0.1, "l2_output": 0.3, "l1_output": False}, (0.0, 0.3)),
        ({"l2": 0.1, "l2_output": 0}, (0.0, 0.0)),
        ({"l2": [0.1, 0.2]}, (0.0, 0.0)),
        ({"l2": [0.1, 0.2], "l2_output": 0.3}, (0.0, 0.3)),
    ],
)
def test_the_output_layer_is_penalised_like_one_number_for_all_unless_it_is_said_otherwise(model, expected):
    assert _model(**model).penalties[-1] == expected
    if not isinstance(model["l2"], list):
        assert CnnSpec(kind="cnn", **model).output_penalty == expected
    assert len(MlpSpec(hidden=0, l2=0.5).penalties) == 1


def test_new_options_at_their_defaults_leave_the_identity_of_a_study():
    plain = identity_hash(_study().recipe)
    usual = {"l1_output": True, "l2_output": True, "bias_l1": 0.0, "activity_l2": 0, "kernel_constraint": "none"}
    assert identity_hash(_study(**usual).recipe) == plain
    for changed in ({"l2_output": False}, {"l2_output": 1}, {"bias_l1": 0.1}, {"kernel_constraint": "unit_norm"}):
        assert identity_hash(_study(**changed).recipe) != plain
