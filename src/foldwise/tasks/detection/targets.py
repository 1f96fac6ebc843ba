"""What the loss of a centre network needs of a batch of true boxes, by TensorFlow."""

from __future__ import annotations

from typing import Any

Tensor = Any  # TensorFlow ships no types

LEAST_OVERLAP = 0.3  # a corner that is off by less than the radius gives a box that overlaps the true one by this much
LEAST_SIDE = 1e-3  # pixels
TARGET_EXTRA = 6  # maps beside the heatmaps: logarithms of width and height, place in the cell, weights of the two errors


def encode(
    boxes: Tensor, labels: int, cells: tuple[int, int], stride: int, weights: tuple[float, float] = (1.0, 1.0)
) -> Tensor:
    """Boxes as maps.

    A heatmap of each label has a Gaussian around each centre, 1 in the centre's own cell; of several, the largest value counts.
    Its radius follows from the box's size, its deviation is a sixth of its diameter. Source: Law and Deng 2018, "CornerNet",
    section 3.2 (the radius); Zhou et al. 2019, "Objects as points", section 3 (the maps). Sizes are logarithms here, so that
    an error counts relative to the box.

    Args:
        boxes: (batch, most, 5) float: label code and corners in pixels, rows of -1 in empty places.
        labels: how many there are.
        cells: rows and columns of the maps.
        stride: pixels from one cell to the next.
        weights: of the errors of sizes and of places.

    Returns:
        (batch, rows, columns, labels + 6) float32; the last two are the weights at centres, 0 elsewhere.
    """
    import tensorflow as tf

    boxes = tf.cast(boxes, tf.float32)
    there = boxes[..., 0] >= 0
    low, high = boxes[..., 1:3] / float(stride), boxes[..., 3:5] / float(stride)
    sides = tf.maximum(high - low, LEAST_SIDE)
    last = tf.constant([cells[1] - 1, cells[0] - 1], tf.float32)
    centre = (low + high) / 2.0
    at = tf.clip_by_value(tf.floor(centre), 0.0, last)
    heat = _heatmaps(boxes[..., 0], there, at, sides, labels, cells)

    # where two centres share a cell, the later box is the one whose shape is learned
    batch, most = tf.shape(boxes)[0], tf.shape(boxes)[1]
    picture = tf.repeat(tf.range(batch)[:, None], most, axis=1)
    index = tf.stack([picture, tf.cast(at[..., 1], tf.int32), tf.cast(at[..., 0], tf.int32)], axis=-1)
    number = tf.where(there, tf.repeat(tf.range(1, most + 1)[None], batch, axis=0), 0)
    owner = tf.tensor_scatter_nd_max(tf.zeros([batch, *cells], tf.int32), index, number)
    shapes = tf.concat([tf.math.log(sides), centre - at], axis=-1)
    mine = tf.gather(tf.pad(shapes, [[0, 0], [1, 0], [0, 0]]), owner, batch_dims=1)
    mask = tf.cast(owner > 0, tf.float32)[..., None]
    return tf.concat([heat, mine * mask, mask * tf.constant(weights, tf.float32)], axis=-1)


def radius(sides: Tensor) -> Tensor:
    """How far, in cells, a corner pair may move so that the overlap with a box of these sides stays at LEAST_OVERLAP.

    The least of three cases (both corners inwards, both outwards, one each), each the smaller root of a quadratic equation.
    Source: Law and Deng 2018, "CornerNet", section 3.2, with the roots as they follow from the equations.
    """
    import tensorflow as tf

    total, area, keep = sides[..., 0] + sides[..., 1], sides[..., 0] * sides[..., 1], LEAST_OVERLAP
    cases = (
        (1.0, -total, area * (1.0 - keep) / (1.0 + keep)),  # one corner in, one out
        (4.0, -2.0 * total, (1.0 - keep) * area),  # inwards
        (4.0 * keep, 2.0 * keep * total, (keep - 1.0) * area),  # outwards
    )
    first, second = ((-b - tf.sqrt(tf.maximum(b * b - 4.0 * a * c, 0.0))) / (2.0 * a) for a, b, c in cases[:2])
    a, b, c = cases[2]
    third = (-b + tf.sqrt(tf.maximum(b * b - 4.0 * a * c, 0.0))) / (2.0 * a)
    return tf.maximum(tf.minimum(tf.minimum(first, second), third), 0.0)


def _heatmaps(label: Tensor, there: Tensor, at: Tensor, sides: Tensor, labels: int, cells: tuple[int, int]) -> Tensor:
    import tensorflow as tf

    deviation = (2.0 * tf.floor(radius(sides)) + 1.0) / 6.0
    spread = 2.0 * tf.square(deviation)[..., None]
    across = tf.exp(-tf.square(tf.range(cells[1], dtype=tf.float32) - at[..., :1]) / spread)
    down = tf.exp(-tf.square(tf.range(cells[0], dtype=tf.float32) - at[..., 1:]) / spread)
    maps = []
    for code in range(labels):
        own = tf.cast(there & (tf.equal(label, float(code))), tf.float32)
        each = (down * own[..., None])[..., :, None] * across[..., None, :]  # (batch, most, rows, columns)
        maps.append(tf.reduce_max(each, axis=1))
    return tf.maximum(tf.stack(maps, axis=-1), 0.0)  # of no boxes at all the largest is -inf
