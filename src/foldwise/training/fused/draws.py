"""The numbers that random layers draw, from the same streams as Keras's layers in `fit`.

XLA's streams differ from those of TensorFlow's kernels, so nothing here is compiled: draws are inputs of the fused program.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from foldwise.models.philox import uniforms


def stream(seed: int, first: int, count: int, shape: tuple[int, int], normal: bool, dtype: str) -> npt.NDArray[Any]:
    """A random layer's draws from number `first` on, (count, batch, width), each of a shape (batch, width).

    `seed` is that of the layer's SeedGenerator.
    """
    seed %= tf.int32.max - 1  # as Keras's TensorFlow backend does
    if not normal:
        return uniforms(seed, first, count, shape[0] * shape[1], dtype).reshape(count, *shape)
    start = tf.constant([seed, first])
    return np.asarray(_normals(start, tf.constant(count), tf.constant(shape), tf.constant(0, dtype)).numpy())


@tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
def _normals(start: tf.Tensor, count: tf.Tensor, shape: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    def one(place: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_normal(shape, seed=[start[0], start[1] + place], dtype=like.dtype)

    return tf.map_fn(one, tf.range(count), fn_output_signature=like.dtype)
