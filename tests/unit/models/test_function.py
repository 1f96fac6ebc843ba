"""Networks of the user's own functions: built under a seed, and seen before a study begins."""

import random

import numpy as np
import pytest

from foldwise.errors import ConfigError
from foldwise.models.heads import Head
from foldwise.spec.function import FunctionSpec
from foldwise.spec.python_value import PythonFunction

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SOFTMAX = Head(3, "softmax", "categorical_crossentropy", "multiclass")
ROWS = np.random.default_rng(0).random((5, 4), dtype=np.float32)


def own(inputs, head, units=6, cells=0):
    import keras

    features = keras.Input((inputs,))
    hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(units, activation="relu")(features))
    if cells:
        hidden = keras.layers.LSTM(cells)(keras.layers.Reshape((units, 1))(hidden))
    return keras.Model(features, keras.layers.Dense(head.units, activation=head.activation)(hidden))


def unbuilt(inputs, head):
    import keras

    return keras.Sequential([keras.layers.Dense(head.units)])


def _spec(function, **arguments):
    return FunctionSpec.model_validate({"kind": "python", "build": PythonFunction(function), **arguments})


def _build(function, seed=0, **arguments):
    from foldwise.models.build import build

    return build(_spec(function, **arguments), 4, SOFTMAX, seed)


def test_the_network_is_the_function_s():
    network = _build(own, units=9)
    assert network.count_params() == (4 + 1) * 9 + (9 + 1) * 3
    assert network(ROWS).shape == (5, 3)
    assert _build(unbuilt)(ROWS).shape == (5, 3)


@pytest.mark.parametrize("arguments", [{}, {"cells": 2}], ids=["dense", "recurrent"])
def test_first_weights_follow_from_the_seed_alone(arguments):
    from foldwise.models.build import first_weights

    network = _build(own, **arguments)
    spec = _spec(own, **arguments)
    first, again, other = (first_weights(spec, network, SOFTMAX, seed, None) for seed in (1, 1, 2))
    assert [value.shape for value in first] == [tuple(weight.shape) for weight in network.weights]
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])


def test_random_layers_follow_from_the_seed_and_leave_other_draws_alone():
    random.seed(5)
    expected = random.random()
    random.seed(5)
    masks = [np.asarray(_build(own, seed=seed)(ROWS, training=True)) for seed in (3, 3, 4)]
    assert random.random() == expected
    np.testing.assert_array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[0], masks[2])


def raising(inputs, head):
    raise ValueError("no such thing")


def wrong_units(inputs, head):
    return own(inputs, Head(head.units + 1, head.activation, head.loss, head.task))


def nothing(inputs, head): ...


def own_layer(inputs, head):
    import keras

    @keras.saving.register_keras_serializable("tests")
    class Doubled(keras.layers.Layer):
        def call(self, rows):
            return rows * 2

    return keras.Sequential([keras.Input((inputs,)), Doubled(), keras.layers.Dense(head.units)])


def own_activation(inputs, head):
    import keras

    def bent(rows):
        return keras.ops.tanh(rows)

    return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(head.units, activation=bent)])


def lambda_layer(inputs, head):
    import keras

    return keras.Sequential([keras.Input((inputs,)), keras.layers.Lambda(lambda x: x), keras.layers.Dense(head.units)])


WRONG = {
    raising: "raising raised ValueError: no such thing",
    wrong_units: r"must take rows of 4 features and end with 3 units \(head.units\), and its network has shapes",
    nothing: "nothing must return a keras.Model that knows its inputs, got a NoneType",
    own_layer: r"holds code of your own \(Doubled\), which a saved model does not contain",
    own_activation: r"holds code of your own \(bent\)",
    lambda_layer: "holds code of your own",
}


@pytest.mark.parametrize("function", WRONG, ids=lambda function: function.__name__)
def test_a_network_that_no_bundle_could_keep_is_refused(function):
    from foldwise.models.try_out import try_out

    with pytest.raises(ConfigError, match=WRONG[function]):
        try_out(_spec(function), 4, SOFTMAX)


@pytest.mark.parametrize("function", [own, unbuilt])
def test_a_network_of_keras_s_own_parts_is_taken(function):
    from foldwise.models.try_out import try_out

    try_out(_spec(function), 4, SOFTMAX)
