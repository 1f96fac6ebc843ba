"""The table of layers, compared with the installed Keras."""

import inspect

import pytest

from foldwise.spec.layer_table import LAYERS, PENALTIES, check_layer


@pytest.fixture(scope="module")
def layers(tensorflow_started):
    import keras

    return keras.layers


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYERS)
def test_parameters_and_needs_are_keras_s(layers, kind):
    signature = inspect.signature(getattr(layers, kind).__init__).parameters
    ours = set(LAYERS[kind].parameters) - set(PENALTIES)
    taken = set(signature) | ({"axis"} if "kwargs" in signature else set())
    assert ours <= taken
    for name, word in (("l1", "kernel"), ("bias_l1", "bias"), ("activity_l2", "activity")):
        assert (name in LAYERS[kind].parameters) == (f"{word}_regularizer" in signature)
    required = {name for name, p in signature.items() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}
    assert required - {"self"} == set(LAYERS[kind].needs)
    assert LAYERS[kind].draws == ("seed" in signature)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYERS)
def test_merging_layers_are_those_of_keras(layers, kind):
    from keras.src.layers.merging.base_merge import Merge

    assert LAYERS[kind].merges == issubclass(getattr(layers, kind), Merge)


def test_no_layer_holds_code_or_reads_files():
    assert not {"Lambda", "TFSMLayer", "TorchModuleWrapper", "TextVectorization", "StringLookup", "Wrapper"} & set(LAYERS)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("Dense", {"units": 1.5}),
        ("Dense", {"units": 3, "bias_initializer": "orthogonal"}),
        ("Conv2D", {"filters": 2, "kernel_size": 3, "kernel_initializer": "identity"}),
        ("Dropout", {"rate": 1.0}),
        ("Dense", {"units": 3, "bias_l2": -0.1}),
        ("Dense", {"units": 3, "kernel_constraint": "max"}),
        ("Conv2D", {"filters": 2, "kernel_size": 3, "kernel_constraint": {"kind": "max_norm", "max_value": 0}}),
        ("GaussianNoise", {"stddev": -0.1}),
        ("Reshape", {"target_shape": [2, 0]}),
        ("BatchNormalization", {"epsilon": float("nan")}),
        ("Flatten", {"data_format": "channels_first"}),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(kind, parameters):
    with pytest.raises(ValueError, match=f"{kind}"):
        check_layer(kind, parameters)
