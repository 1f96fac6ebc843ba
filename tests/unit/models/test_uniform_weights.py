"""Uniform first weights have the bits of Keras's initializers."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SHAPES = [(), (1,), (7,), (4, 8), (16, 3), (1, 1), (3, 3, 2, 5), (2, 4, 6), (130, 257)]
KINDS = ["GlorotUniform", "HeUniform", "LecunUniform"]


def keras_draws(initializer, shape, dtype, seed):
    own = type(initializer).from_config({**initializer.get_config(), "seed": seed})
    return np.asarray(own(shape, dtype=dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_bits_are_keras_s(shape, dtype):
    import keras

    from foldwise.models.uniform_weights import uniform_weights

    make = keras.initializers
    cases = [getattr(make, kind)() for kind in KINDS]
    cases += [make.RandomUniform(-0.3, 0.7), make.VarianceScaling(2.0, "fan_avg", "uniform")]
    seeds = (0, 1, 12345, 2**31 - 1, 2**31 - 2, 2**31 - 3)
    for initializer in cases:
        for seed, ours in zip(seeds, uniform_weights(initializer, shape, dtype, seeds), strict=True):
            theirs = keras_draws(initializer, shape, dtype, seed)
            assert ours.dtype == theirs.dtype
            assert ours.tobytes() == theirs.tobytes(), (type(initializer).__name__, seed)


def test_other_initializers_are_left_to_keras():
    import keras

    from foldwise.models.uniform_weights import uniform_weights

    class Mine(keras.initializers.RandomUniform):
        pass

    for initializer in (keras.initializers.HeNormal(), keras.initializers.Orthogonal(), Mine()):
        assert uniform_weights(initializer, (3, 4), "float32", [1]) is None
