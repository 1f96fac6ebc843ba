"""Uniform numbers, bit for bit as TensorFlow draws them."""

import numpy as np
import pytest

from foldwise.models.philox import BLOCKS_AT_ONCE, uniforms

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("size", "count"), [(1, 3), (7, 3), (128, 5), (4 * BLOCKS_AT_ONCE + 3, 2)])
@pytest.mark.parametrize(("seed", "first"), [(0, 0), (1234567, 3), (2**31 - 3, 40_000), (2**40 + 1, 2**33)])
def test_every_bit_is_tensorflow_s(seed, first, size, count, dtype):
    import tensorflow as tf

    ours = uniforms(seed, first, count, size, dtype)
    each = [tf.constant([seed, first + row], tf.int64) for row in range(count)]
    theirs = np.stack([tf.random.stateless_uniform([size], pair, dtype=dtype).numpy() for pair in each])
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_no_numbers_are_no_numbers():
    assert uniforms(1, 0, 0, 5, "float32").shape == (0, 5)
