"""Flip, turn, shift and zoom pictures together with their boxes, by one affine map for each picture.

Keras's own layers move boxes too, but cut them at the picture's edge, so that what is left of an object cannot be told from a
whole one; here a box that is less than a quarter inside goes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from foldwise.seeds import Purpose, derive
from foldwise.spec.augment import ImageAugment

Tensor = Any  # TensorFlow ships no types

LEAST_INSIDE = 0.25  # of a box's area: one that is further outside no longer counts as an object
DRAWS = 6  # numbers of a picture: two flips, a turn, two shifts, a zoom
BRIGHTEST = 255.0
MOVES, NOISE = range(2)  # draws of one step
DRAWS_A_STEP = 2


def moves(augment: ImageAugment, image: tuple[int, int, int], seed: int) -> Callable[..., Any]:
    """The change of a batch: (images, boxes, step) -> (images, boxes).

    images: (rows, height, width, channels), floats from 0 to 255. boxes: (rows, most, 5). Contrast and brightness are changed
    by Keras's layers, after the move.
    """
    import keras
    import tensorflow as tf

    size, options = (image[0], image[1]), {"value_range": (0.0, BRIGHTEST)}
    layers = [
        layer(share, seed=derive(Purpose.AUGMENT, seed, place), **options)
        for place, (share, layer) in enumerate(
            ((augment.contrast, keras.layers.RandomContrast), (augment.brightness, keras.layers.RandomBrightness))
        )
        if share > 0
    ]
    moving = augment.flip != "none" or augment.rotation > 0 or augment.shift > 0 or augment.zoom > 0

    def seeds(step: Tensor, draw: int) -> Tensor:
        return tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64) * DRAWS_A_STEP + draw])

    def change(images: Tensor, boxes: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        if moving:
            drawn = draw_moves(augment, tf.shape(images)[0], size, seeds(step, MOVES))
            images, boxes = move_images(images, drawn), move_boxes(boxes, drawn, size)
        for layer in layers:
            images = layer(images, training=True)
        if augment.noise > 0:
            images = images + augment.noise * BRIGHTEST * tf.random.stateless_normal(tf.shape(images), seeds(step, NOISE))
        return tf.clip_by_value(images, 0.0, BRIGHTEST), boxes

    return change


def draw_moves(augment: ImageAugment, count: Tensor, size: tuple[int, int], seed: Tensor) -> Tensor:
    """One affine map for each picture, (count, 2, 3): from a place (x, y, 1) in the new picture to the place in the old.

    Places are in pixels, where a picture reaches from 0 to its width and height. Turns and zooms are about its centre.
    """
    import tensorflow as tf

    drawn = tf.random.stateless_uniform([count, DRAWS], seed, -1.0, 1.0)
    height, width = float(size[0]), float(size[1])
    ones = tf.ones([count])
    across = tf.where(drawn[:, 0] < 0, -ones, ones) if augment.flip in ("horizontal", "both") else ones
    down = tf.where(drawn[:, 1] < 0, -ones, ones) if augment.flip in ("vertical", "both") else ones
    angle = drawn[:, 2] * (augment.rotation * math.pi / 180.0)
    zoom = 1.0 + drawn[:, 5] * augment.zoom
    a, b = tf.cos(angle) * zoom * across, -tf.sin(angle) * zoom * across
    c, d = tf.sin(angle) * zoom * down, tf.cos(angle) * zoom * down
    x, y = drawn[:, 3] * augment.shift * width, drawn[:, 4] * augment.shift * height
    middle = (width / 2.0, height / 2.0)
    right = middle[0] - a * (middle[0] + x) - b * (middle[1] + y)
    below = middle[1] - c * (middle[0] + x) - d * (middle[1] + y)
    return tf.stack([tf.stack([a, b, right], axis=1), tf.stack([c, d, below], axis=1)], axis=1)


def move_images(images: Tensor, moves: Tensor) -> Tensor:
    """Pictures (batch, height, width, channels) float32, moved; what comes from outside repeats the edge."""
    import tensorflow as tf

    # the operation counts places from the centre of the first pixel, and here they count from its corner
    linear, offset = moves[:, :, :2], moves[:, :, 2]
    offset = offset + tf.reduce_sum(linear, axis=2) * 0.5 - 0.5
    eight = tf.concat([linear[:, 0], offset[:, :1], linear[:, 1], offset[:, 1:], tf.zeros([tf.shape(moves)[0], 2])], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=eight,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def move_boxes(boxes: Tensor, moves: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes (batch, most, 5) moved as their pictures are, cut at the edges; a row of -1 for one that is mostly outside.

    A turned box is the upright one of the same centre and area whose sides follow the turn: the upright box around the turned
    corners would be larger than the object.
    """
    import tensorflow as tf

    boxes = tf.cast(boxes, tf.float32)
    limit = tf.constant([size[1], size[0]], tf.float32)
    back = tf.linalg.inv(moves[:, :, :2])  # from the old picture to the new one
    centre = (boxes[..., 1:3] + boxes[..., 3:5]) / 2.0
    centre = tf.einsum("bij,bnj->bni", back, centre - moves[:, None, :, 2])
    sides = boxes[..., 3:5] - boxes[..., 1:3]
    turned = tf.sqrt(tf.einsum("bij,bnj->bni", tf.square(back), tf.square(sides)))
    low, high = centre - turned / 2.0, centre + turned / 2.0
    inner_low, inner_high = tf.clip_by_value(low, 0.0, limit), tf.clip_by_value(high, 0.0, limit)
    inside = tf.reduce_prod(inner_high - inner_low, axis=-1)
    kept = (boxes[..., 0] >= 0) & (inside >= LEAST_INSIDE * tf.reduce_prod(turned, axis=-1)) & (inside > 0)
    moved = tf.concat([boxes[..., :1], inner_low, inner_high], axis=-1)
    return tf.where(kept[..., None], moved, tf.constant(-1.0))
