"""Networks taken apart."""

import numpy as np
import pytest

from foldwise.models.heads import Head
from foldwise.spec.model import CnnSpec, MlpSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
HEAD_WORDS = ("softmax", "categorical_crossentropy", "multiclass")
HEAD = Head(3, *HEAD_WORDS)


def _network_graph(network, *seen):
    from foldwise.models.inspect import network_graph_of

    return network_graph_of(network, *seen)


def _totals(network):
    return network.count_params(), sum(int(np.prod(weight.shape)) for weight in network.non_trainable_weights)


def test_layers_of_a_cnn_have_shapes_parameters_and_what_they_do():
    from foldwise.models.build import build

    options = {"image": [8, 8, 1], "filters": 4, "units": 6, "blocks": 1, "kernel": 3, "batch_norm": True, "dropout": 0.25}
    network = build(CnnSpec.model_validate({"kind": "cnn", **options}), 64, HEAD, 0)
    found = _network_graph(network)
    layers = {layer.name: layer for layer in found.layers}
    convolution, norm, pool, dropout = (layers[name] for name in ("conv_1_1", "norm_1_1", "pool_1", "dropout_1"))
    assert (convolution.kind, convolution.detail, convolution.shape, convolution.parameters) == (
        "Conv2D",
        "3 × 3",
        (8, 8, 4),
        40,
    )
    assert (norm.parameters, norm.fixed) == (16, 8)
    assert (pool.detail, pool.shape, dropout.detail) == ("2 × 2", (4, 4, 4), "0.25")
    assert layers["output_activation"].activation == "softmax"
    assert [layer.inputs for layer in found.layers] == [(), *((place,) for place in range(len(found.layers) - 1))]
    assert (found.name, (found.parameters, found.fixed)) == ("cnn", _totals(network))
    assert found.first is None


def test_a_loaded_network_is_taken_apart_like_the_one_that_was_built(tmp_path):
    import keras

    from foldwise.models.build import build

    network = build(MlpSpec.model_validate({"kind": "mlp", "hidden": 2, "units": 5}), 4, HEAD, 0)
    network.save(tmp_path / "network.keras")
    assert _network_graph(keras.saving.load_model(tmp_path / "network.keras")).layers == _network_graph(network).layers


def test_branches_skips_shared_layers_nested_networks_and_operations_are_joined_as_they_are_wired():
    import keras

    layers = keras.layers
    features = keras.Input((16,), name="features")
    scaled = features / 4.0
    shared = layers.Dense(8, activation="relu", name="shared")
    one, other = shared(scaled), layers.Dense(8, name="other")(scaled)
    again = shared(layers.Dense(16, name="wide")(one))
    joined = layers.Add(name="sum")([one, other, again])
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.BatchNormalization()], name="inner")
    inner.trainable = False
    network = keras.Model(features, layers.Dense(3, name="output")(inner(joined)))
    found = _network_graph(network)
    names = [layer.name for layer in found.layers]
    wired = {layer.name: [names[place] for place in layer.inputs] for layer in found.layers}
    assert wired["sum"] == ["shared", "other", "shared (again)"]
    assert wired["shared"] == wired["other"] == ["true_divide"]
    assert wired["true_divide"] == ["features"]
    kept = {layer.name: (layer.kind, layer.parameters, layer.fixed) for layer in found.layers}
    assert kept["shared (again)"] == ("Dense", 0, 0)
    assert kept["inner"] == ("2 layers", 52, 52)
    assert (found.parameters, found.fixed) == _totals(network)


def test_a_part_of_a_network_is_no_more_than_that_part():
    import keras

    layers = keras.layers
    features = keras.Input((4,))
    first = layers.Dense(5, name="first")(features)
    keras.Model(features, [layers.Dense(3, name="main")(first), layers.Dense(2, name="aside")(first)])
    part = keras.Model(features, first)
    assert [layer.name for layer in _network_graph(part).layers][1:] == ["first"]


def test_the_summary_is_that_of_keras_with_whole_lines(monkeypatch):
    from foldwise.models.build import build
    from foldwise.models.inspect import summary_of

    monkeypatch.setenv("COLUMNS", "30")  # a narrow terminal
    text = summary_of(build(MlpSpec(units=512, hidden=3, dropout=0.2), 784, Head(10, *HEAD_WORDS), 0))
    assert "Total params: 932,362" in text
    assert "401,920 │" in text
    assert len({len(line) for line in text.splitlines() if line.startswith(("│", "├", "└"))}) == 1
