"""Batches on TensorFlow: `tf.data` cuts and augments them while steps run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from foldwise.data.preparation.fold import Features, FoldData
from foldwise.data.preparation.pixels import Images
from foldwise.spec.augment import ImageAugment
from foldwise.tasks.table import task_of
from foldwise.training.batches import epoch_orders, rows_per_batch
from foldwise.training.by_fold.augment import scaled_for, vary_for
from foldwise.training.fold_fit import Training

__all__ = ["scaled_for", "train_batches", "valid_batches"]


def train_batches(training: Training, number: int, data: FoldData) -> tf.data.Dataset:
    """The batches of all epochs, one after the other."""
    own = len(data.train_x)
    rows = own * training.augment.copies
    size = rows_per_batch(training.fit.batch_size, rows)
    arrays = _tensors(data.train_x, data.train_y, data.train_weight)
    vary = vary_for(training.augment, data.train_x, training.head.task, training.seed, training.number, number)
    encode = task_of(training.head.task).encoder(training.head, training.model) or as_it_is

    def orders() -> Iterator[npt.NDArray[np.int32]]:
        return epoch_orders(training.seed, training.number, number, rows, training.fit.epochs)

    def cut(order: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.range(0, rows, size).map(lambda start: order[start : start + size])

    def gather(step: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, ...]:
        x, y, *weight = (tf.gather(array, index % own) for array in arrays)
        varied, target, weighed = vary(x, y, weight[0] if weight else None, step)
        return tuple(part for part in (varied, encode(target), weighed) if part is not None)

    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False  # they cost more than they gain
    batches = tf.data.Dataset.from_generator(orders, output_signature=tf.TensorSpec((rows,), tf.int32)).flat_map(cut)
    # Keras's layers count their draws, so varied batches are made one after the other
    at_once = None if isinstance(training.augment, ImageAugment) else tf.data.AUTOTUNE
    return batches.enumerate().map(gather, num_parallel_calls=at_once).prefetch(tf.data.AUTOTUNE).with_options(options)


def valid_batches(training: Training, data: FoldData, at_once: int) -> list[tuple[tf.Tensor, ...]]:
    """The validation rows in batches of this size."""
    encode = task_of(training.head.task).encoder(training.head, training.model) or as_it_is
    x, y, *weight = _tensors(data.valid_x, data.valid_y, data.valid_weight)
    each = [slice(start, start + at_once) for start in range(0, len(data.valid_x), at_once)]
    return [(x[some], encode(y[some]), *(part[some] for part in weight)) for some in each]


def as_it_is(target: tf.Tensor) -> tf.Tensor:
    """A target that the loss compares itself."""
    return target


def _tensors(*arrays: Features | None) -> tuple[tf.Tensor, ...]:
    """Arrays as tensors; images as bytes."""
    with tf.device("CPU:0"):  # batches are cut there, even if steps run on a GPU
        held = (array.bytes() if isinstance(array, Images) else array for array in arrays if array is not None)
        return tuple(tf.constant(array) for array in held)
