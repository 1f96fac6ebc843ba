"""TensorFlow as Keras's backend."""

from __future__ import annotations

from contextlib import suppress

import tensorflow as tf
from tensorflow.python.framework import config  # the switch back has no public name

from foldwise.system.process_state import set_level, undo_later


def start_with(threads: int, at_once: int = 1) -> int | None:
    """Start TensorFlow with a number of threads; the number that it runs with if it is another already, else None.

    at_once: how many programs can run side by side, each on that number of threads; changes no bit.
    """
    set_level("tensorflow", "ERROR")
    devices, fixed = tf.config.list_physical_devices("GPU"), None
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        with suppress(RuntimeError):  # too late costs time only
            tf.config.threading.set_inter_op_parallelism_threads(max(threads, at_once))
        for device in devices:
            tf.config.experimental.set_memory_growth(device, True)
    except RuntimeError:
        fixed = int(tf.config.threading.get_intra_op_parallelism_threads())
    if devices:
        _same_order()
    tf.constant(0)  # the first operation writes the messages
    return fixed


def is_out_of_memory(fault: Exception) -> bool:
    """Whether a fault says that there is too little memory."""
    return isinstance(fault, tf.errors.ResourceExhaustedError)


def _same_order() -> None:
    """Make kernels on a GPU add up in the same order each time."""
    if not config.is_op_determinism_enabled():
        undo_later("determinism", config.disable_op_determinism)
        tf.config.experimental.enable_op_determinism()


def forget_compiled() -> None:
    """Nothing: what TensorFlow traces for a network goes with it."""
