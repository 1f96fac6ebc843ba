"""Networks from specifications."""

from typing import get_args

import numpy as np
import pytest

from foldwise.models.heads import Head
from foldwise.spec.layer_table import ACTIVATIONS, Initializer
from foldwise.spec.model import MlpSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SOFTMAX = Head(10, "softmax", "categorical_crossentropy", "multiclass")


def _build(spec, inputs=4, head=SOFTMAX, seed=0):
    from foldwise.models.build import build

    return build(spec, inputs, head, seed)


def test_the_course_s_mnist_network_has_its_parameters():
    network = _build(MlpSpec(hidden=3, units=512, dropout=0.2), inputs=784)
    assert network.count_params() == 932_362
    assert [layer.count_params() for layer in network.layers if layer.count_params()] == [401_920, 262_656, 262_656, 5_130]


def test_layers_are_in_the_documented_order():
    spec = MlpSpec(hidden=2, units=(8, 4), activation="leaky_relu", negative_slope=0.3, batch_norm=True, dropout=0.5, noise=0.1)
    network = _build(spec)
    kinds = [type(layer).__name__ for layer in network.layers]
    hidden = ["Dense", "BatchNormalization", "LeakyReLU", "Dropout"]
    assert kinds == ["GaussianNoise", *hidden, *hidden, "Dense", "Activation"]
    assert [layer.units for layer in network.layers if hasattr(layer, "units")] == [8, 4, 10]
    assert network.layers[3].negative_slope == pytest.approx(0.3)


def test_without_hidden_layers_only_the_head_is_left():
    assert [layer.name for layer in _build(MlpSpec(hidden=0)).layers] == ["output", "output_activation"]


def test_penalties_are_those_of_all_kernels():
    network = _build(MlpSpec(hidden=1, units=3, l1=0.01, l2=0.1, initializer="ones"))
    network(np.zeros((1, 4), np.float32))
    assert float(sum(network.losses)) == pytest.approx((0.01 + 0.1) * (4 * 3 + 3 * 10), rel=1e-5)


def test_a_penalty_can_spare_the_output_layer_and_differ_from_layer_to_layer():
    spec = MlpSpec(hidden=2, units=(3, 2), l2=(0.1, 0.01), l2_output=0.5, initializer="ones")
    network = _build(spec)
    network(np.zeros((1, 4), np.float32))
    assert float(sum(network.losses)) == pytest.approx(0.1 * 12 + 0.01 * 6 + 0.5 * 20, rel=1e-5)
    network = _build(MlpSpec(hidden=1, units=3, l2=0.1, l2_output=False, initializer="ones"))
    network(np.zeros((1, 4), np.float32))
    assert float(sum(network.losses)) == pytest.approx(0.1 * 12, rel=1e-5)


def test_hidden_layers_have_the_listed_values():
    spec = MlpSpec(hidden=2, activation=("relu", "tanh"), dropout=(0.0, 0.3), batch_norm=(True, False))
    kinds = [type(layer).__name__ for layer in _build(spec).layers]
    assert kinds == ["Dense", "BatchNormalization", "Activation", "Dense", "Activation", "Dropout", "Dense", "Activation"]


def test_biases_activities_and_constraints_are_of_hidden_layers():
    constraint = {"kind": "max_norm", "max_value": 0.5}
    spec = MlpSpec.model_validate(
        {"units": 3, "bias_l1": 0.1, "bias_initializer": "ones", "activity_l2": 0.2, "kernel_constraint": constraint}
    )
    network, rows = _build(spec), np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    network(rows)
    hidden, activation, output, _ = network.layers
    active = np.asarray(activation(hidden(rows)))
    assert float(sum(network.losses)) == pytest.approx(0.1 * 3 + 0.2 * (active**2).sum() / 5, rel=1e-5)
    assert hidden.kernel_constraint.max_value == 0.5
    assert output.kernel_constraint is None


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_known_to_keras(activation):
    assert np.isfinite(_build(MlpSpec(activation=activation))(np.ones((2, 4), np.float32))).all()


@pytest.mark.parametrize("initializer", get_args(Initializer))
def test_every_initializer_draws_by_its_own_rule_and_seed(initializer):
    from foldwise.models.build import initial_weights

    network = _build(MlpSpec(units=5, initializer=initializer))
    first, again, other = (initial_weights(network, seed) for seed in (1, 1, 2))
    assert [value.shape for value in first] == [tuple(weight.shape) for weight in network.weights]
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    fixed = initializer in ("zeros", "ones", "identity")
    assert np.array_equal(first[0], other[0]) == fixed


def test_first_weights_of_equal_layers_differ_and_the_network_stays_as_it_is():
    from foldwise.models.build import initial_weights

    network = _build(MlpSpec(hidden=3, units=4, batch_norm=True))
    before = network.get_weights()
    values = dict(zip([weight.path for weight in network.weights], initial_weights(network, 7), strict=True))
    assert not np.array_equal(values["mlp/dense_1/kernel"], values["mlp/dense_2/kernel"])
    np.testing.assert_array_equal(values["mlp/norm_1/moving_variance"], np.ones(4))
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_glorot_has_its_spread():
    from foldwise.models.build import initial_weights

    kernel = initial_weights(_build(MlpSpec(units=300), inputs=200), 0)[0]
    limit = np.sqrt(6 / (200 + 300))
    assert abs(kernel).max() == pytest.approx(limit, rel=0.01)
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)


def test_masks_depend_on_seed_and_position_only():
    spec = MlpSpec(hidden=2, units=50, dropout=0.5, initializer="ones")
    rows = np.ones((1, 4), np.float32)

    def masks(network):
        values = []
        for layer in network.layers[:-2]:
            rows_now = np.asarray(layer(values[-1] if values else rows, training=True))
            values.append(rows_now)
        return [values[2] > 0, values[5] > 0]

    one, same, other = (masks(_build(spec, seed=seed)) for seed in (3, 3, 4))
    assert [m.tolist() for m in one] == [m.tolist() for m in same]
    assert [m.tolist() for m in one] != [m.tolist() for m in other]
    assert one[0].tolist() != one[1].tolist()
