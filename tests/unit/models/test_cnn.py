"""Convolutional networks from specifications."""

from typing import get_args

import numpy as np
import pytest

from foldwise.models.heads import Head
from foldwise.spec.layer_table import ACTIVATIONS, Initializer
from foldwise.spec.model import CnnSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SOFTMAX = Head(10, "softmax", "categorical_crossentropy", "multiclass")
ROWS = np.random.default_rng(0).random((5, 64), dtype=np.float32)


def _spec(**options):
    small = {"kind": "cnn", "image": [8, 8, 1], "filters": 4, "units": 6}
    return CnnSpec.model_validate({**small, **options})


def _build(*, seed=0, inputs=64, **options):
    from foldwise.models.build import build

    return build(_spec(**options), inputs, SOFTMAX, seed)


def _kinds(network):
    return [type(layer).__name__ for layer in network.layers]


def test_layers_are_in_the_documented_order():
    options = {"blocks": 2, "per_block": 2, "batch_norm": True, "dropout": 0.2, "hidden": 1, "head_dropout": 0.5}
    convolution = ["Conv2D", "BatchNormalization", "LeakyReLU"]
    block = [*convolution, *convolution, "MaxPooling2D", "Dropout"]
    head = ["Dense", "LeakyReLU", "Dropout", "Dense", "Activation"]
    network = _build(activation="leaky_relu", negative_slope=0.3, **options)
    assert _kinds(network) == ["Reshape", *block, *block, "Flatten", *head]
    assert network.get_layer("activation_1_1").negative_slope == pytest.approx(0.3)
    assert [layer.rate for layer in network.layers if hasattr(layer, "rate")] == [0.2, 0.2, 0.5]


def test_without_options_only_convolution_top_and_output_are_left():
    network = _build(blocks=1, pool="none", hidden=0)
    assert _kinds(network) == ["Reshape", "Conv2D", "Activation", "Flatten", "Dense", "Activation"]


def test_parameters_are_those_of_the_formula():
    options = {"image": [12, 10, 3], "blocks": 2, "filters": [5, 7], "per_block": 2, "batch_norm": True, "kernel": 3}
    convolutions = [(9 * below + 1) * maps for below, maps in [(3, 5), (5, 5), (5, 7), (7, 7)]]
    norms = 4 * (5 + 5 + 7 + 7)
    dense = (3 * 2 * 7 + 1) * 11 + (11 + 1) * 9 + (9 + 1) * 10
    network = _build(inputs=360, hidden=2, units=[11, 9], **options)
    assert network.count_params() == sum(convolutions) + norms + dense


def test_the_usual_mnist_network_has_its_parameters():
    mnist = {"image": [28, 28, 1], "blocks": 2, "filters": [32, 64], "padding": "valid", "hidden": 0}
    assert _build(inputs=784, **mnist).count_params() == 34_826


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"blocks": 1}, (4, 4, 4)),
        ({"blocks": 3}, (1, 1, 4)),
        ({"blocks": 1, "pool": "average"}, (4, 4, 4)),
        ({"blocks": 3, "pool": "none"}, (8, 8, 4)),
        ({"blocks": 1, "padding": "valid"}, (3, 3, 4)),
        ({"blocks": 1, "padding": "valid", "pool": "none", "kernel": 5}, (4, 4, 4)),
        ({"blocks": 1, "padding": "valid", "pool": "none", "per_block": 3}, (2, 2, 4)),
        ({"image": [4, 16, 1], "blocks": 1, "filters": 3}, (2, 8, 3)),
        ({"image": [4, 4, 4], "blocks": 2, "filters": [2, 9]}, (1, 1, 9)),
    ],
)
def test_blocks_leave_maps_of_this_shape(options, shape):
    network = _build(top="flatten", **options)
    assert network.get_layer("flatten").input.shape[1:] == shape
    assert network(ROWS).shape == (5, 10)


@pytest.mark.parametrize(
    ("top", "of_maps"),
    [
        ("flatten", lambda maps: maps.reshape(len(maps), -1)),
        ("global_average", lambda maps: maps.mean(axis=(1, 2))),
        ("global_max", lambda maps: maps.max(axis=(1, 2))),
    ],
)
def test_the_top_makes_a_vector_of_the_last_maps(top, of_maps):
    import keras

    network = _build(top=top)
    layer = network.get_layer(top)
    maps, vector = keras.Model(network.inputs[0], [layer.input, layer.output])(ROWS)
    np.testing.assert_allclose(np.asarray(vector), of_maps(np.asarray(maps)), rtol=1e-5)


def test_a_row_is_its_image_row_by_row_with_channels_last():
    image = np.arange(32, dtype=np.float32).reshape(2, 4, 2, 2)
    reshaped = _build(image=[4, 2, 2], inputs=16, blocks=1).get_layer("image")(image.reshape(2, 16))
    np.testing.assert_array_equal(np.asarray(reshaped), image)


@pytest.mark.parametrize("pool", ["max", "average"])
def test_pooling_takes_the_maximum_or_the_mean_of_two_by_two(pool):
    maps = ROWS.reshape(5, 8, 8, 1)
    squares = maps.reshape(5, 4, 2, 4, 2, 1)
    expected = squares.max(axis=(2, 4)) if pool == "max" else squares.mean(axis=(2, 4))
    np.testing.assert_allclose(np.asarray(_build(pool=pool).get_layer("pool_1")(maps)), expected, rtol=1e-6)


def test_penalties_are_those_of_all_kernels():
    network = _build(blocks=1, per_block=2, hidden=1, pool="none", l1=0.01, l2=0.1, initializer="ones", batch_norm=True)
    network(ROWS)
    kernels = 9 * 1 * 4 + 9 * 4 * 4 + 64 * 4 * 6 + 6 * 10
    assert float(sum(network.losses)) == pytest.approx((0.01 + 0.1) * kernels, rel=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_known_to_keras(activation):
    assert np.isfinite(_build(activation=activation)(ROWS)).all()


@pytest.mark.parametrize("initializer", [name for name in get_args(Initializer) if name != "identity"])
def test_every_initializer_draws_by_its_own_rule_and_seed(initializer):
    from foldwise.models.build import initial_weights

    network = _build(initializer=initializer, batch_norm=True)
    first, again, other = (initial_weights(network, seed) for seed in (1, 1, 2))
    assert [value.shape for value in first] == [tuple(weight.shape) for weight in network.weights]
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert np.array_equal(first[0], other[0]) == (initializer in ("zeros", "ones"))


def test_masks_depend_on_seed_and_position_only():
    options = {"image": [8, 8, 1], "dropout": 0.5, "head_dropout": 0.5, "units": 64, "pool": "none"}
    ones = np.ones((1, 64), np.float32)

    def masks(network):
        return [np.asarray(network.get_layer(f"dropout_{place}")(ones, training=True)) > 0 for place in (1, 2, 3)]

    one, same, other = (masks(_build(seed=seed, **options)) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert len({mask.tobytes() for mask in one}) == 3


def test_features_that_do_not_make_the_image_are_refused():
    from foldwise.errors import ConfigError

    with pytest.raises(ConfigError, match=r"model\.image: 8 x 8 x 1 is an image of 64 numbers, and a row has 65"):
        _build(inputs=65)
