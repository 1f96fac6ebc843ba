"""Residual networks from specifications."""

import numpy as np
import pytest

from foldwise.errors import ConfigError
from foldwise.models.heads import Head
from foldwise.spec.fit import FitSpec
from foldwise.spec.resnet import ResnetSpec
from foldwise.training.engine_rule import why_not_fused

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SOFTMAX = Head(10, "softmax", "categorical_crossentropy", "multiclass")


def _build(*, seed=0, inputs=64, **options):
    from foldwise.models.build import build

    small = {"kind": "resnet", "image": [8, 8, 1], "filters": 4, "stages": 2, "first_halvings": 0}
    return build(ResnetSpec.model_validate({**small, **options}), inputs, SOFTMAX, seed)


def _kinds(network):
    return [type(layer).__name__ for layer in network.layers]


def test_a_block_adds_what_entered_to_two_convolutions():
    import keras

    network = _build(stages=1, batch_norm=False)
    block = ["Conv2D", "Activation", "Conv2D", "Add", "Activation"]
    head = ["GlobalAveragePooling2D", "Dense", "Activation"]
    assert _kinds(network) == ["InputLayer", "Reshape", "Conv2D", "Activation", *block, *head]
    rows = np.random.default_rng(0).random((3, 64), dtype=np.float32)
    entered, inner, left = (
        np.asarray(keras.Model(network.input, network.get_layer(name).output)(rows))
        for name in ("activation_first", "conv_1_1_b", "activation_1_1")
    )
    assert np.allclose(left, np.maximum(entered + inner, 0), atol=1e-6)


def test_a_stage_halves_the_maps_and_doubles_their_number():
    network = _build(stages=3, per_stage=2, first_halvings=1, image=[16, 16, 1], inputs=256)
    assert [network.get_layer(f"activation_{stage}_2").output.shape[1:] for stage in (1, 2, 3)] == [
        (8, 8, 4),
        (4, 4, 8),
        (2, 2, 16),
    ]
    assert network.get_layer("global_average").output.shape == (None, 16)


def test_parameters_are_those_of_the_formula():
    network = _build(filters=[4, 6], batch_norm=True)
    convolutions = 9 * 1 * 4 + 2 * 9 * 4 * 4 + 9 * 4 * 6 + 9 * 6 * 6 + 4 * 6  # the last halves and widens
    norms = 4 * (4 + 4 + 4 + 6 + 6 + 6)
    assert network.count_params() == convolutions + norms + (6 + 1) * 10


def test_sides_that_are_odd_are_halved_as_the_convolutions_halve_them():
    assert _build(image=[7, 9, 1], inputs=63).get_layer("add_2_1").output.shape[1:] == (4, 5, 8)


def test_options_reach_the_layers():
    network = _build(activation="leaky_relu", l2=0.01, dropout=0.3, batch_norm=True)
    assert network.get_layer("conv_first").kernel_regularizer.l2 == pytest.approx(0.01)
    assert network.get_layer("dropout").rate == pytest.approx(0.3)
    assert network.get_layer("norm_first").momentum == pytest.approx(0.9)
    assert not network.get_layer("conv_first").use_bias
    assert network.get_layer("activation_1_1").negative_slope == pytest.approx(0.02)


def test_first_weights_follow_from_the_seed():
    from foldwise.models.build import initial_weights

    network = _build()
    one, same, other = (initial_weights(network, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_a_bundle_takes_the_network(tmp_path):
    from foldwise.bundle.network_file import check_network

    _build(dropout=0.2).save(tmp_path / "network.keras")
    assert check_network(tmp_path / "network.keras").weights > 0


def test_stages_that_leave_no_pixel_are_refused():
    with pytest.raises(
        ConfigError, match=r"model\.stages: 4 stages halve an image of 8 x 8 4 times .* or model\.first_halvings=0"
    ):
        _build(stages=4, first_halvings=1)
    with pytest.raises(ConfigError, match=r"model\.stages: 5 stages halve an image of 8 x 8 4 times .*; use fewer stages$"):
        _build(stages=5)


def test_its_folds_train_one_after_the_other():
    assert why_not_fused(ResnetSpec(kind="resnet"), FitSpec()) == "a resnet trains fold by fold"


def test_two_halvings_come_before_the_first_stage():
    network = _build(image=[16, 16, 1], inputs=256, first_halvings=2)
    assert network.get_layer("conv_first").output.shape[1:] == (8, 8, 4)
    assert network.get_layer("pool_first").output.shape[1:] == (4, 4, 4)
