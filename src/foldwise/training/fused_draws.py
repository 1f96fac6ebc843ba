"""What random layers draw, from the very streams that Keras's layers use in `fit`.

XLA has other streams than TensorFlow's own kernels, so nothing here is compiled: the draws are inputs of the fused program.
"""

from __future__ import annotations

import keras
import tensorflow as tf

NOISE = -1  # the place of noise on the inputs; dropout's place is the hidden layer that it follows


def random_layers(network: keras.Model) -> list[tuple[int, int]]:
    """Each random layer's place (NOISE, or the hidden layer it follows) and its seed as TensorFlow takes it, in their order."""
    found: list[tuple[int, int]] = []
    for layer in network.layers:
        if layer.name.startswith(("noise", "dropout")):
            seed = int(layer.seed_generator.state.numpy()[0]) % (tf.int32.max - 1)
            found.append((NOISE if layer.name == "noise" else int(layer.name.rsplit("_", 1)[1]) - 1, seed))
    return found


def stream(seed: int, first: int, count: int, shape: tuple[int, int], normal: bool, dtype: str) -> tf.Tensor:
    """A random layer's draws number `first` to `first + count`, each of a shape (batch, width): (count, batch, width).

    XLA has other streams than TensorFlow's own kernels, which Keras's layers use in `fit`; so this is not compiled.
    """
    draw = _normals if normal else _uniforms
    return draw(tf.constant([seed, first]), tf.constant(count), tf.constant(shape), tf.constant(0, dtype))


@tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
def _uniforms(start: tf.Tensor, count: tf.Tensor, shape: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    def one(place: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform(shape, seed=[start[0], start[1] + place], dtype=like.dtype)

    return tf.map_fn(one, tf.range(count), fn_output_signature=like.dtype)


@tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
def _normals(start: tf.Tensor, count: tf.Tensor, shape: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    def one(place: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_normal(shape, seed=[start[0], start[1] + place], dtype=like.dtype)

    return tf.map_fn(one, tf.range(count), fn_output_signature=like.dtype)
