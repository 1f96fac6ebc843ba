"""TensorFlow's start: its threads, and its silence. This comes before the first `import keras`."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

from foldwise.errors import JobError

# What TensorFlow's C++ half writes on starting, whatever its log level is set to.
CHATTER = re.compile(
    rb"WARNING: All log messages before absl|To enable the following|[IWE]\d{4} \d\d|\d{4}-\d\d-\d\d [\d:.]+: [IWE] "
)


def start(threads: int, or_as_it_runs: bool = False) -> int:
    """Start TensorFlow in this process with so many threads; a second start with the same number does nothing.

    The number changes the last bits of what is computed, and TensorFlow keeps it for the life of the process.

    Args:
        threads: how many.
        or_as_it_runs: whether another number will do where TensorFlow has already computed.

    Returns:
        With how many threads it runs; 0 is TensorFlow's own number.

    Raises:
        JobError: TensorFlow has already computed with another number, which will not do.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["OMP_NUM_THREADS"] = str(threads)
    threadpool_limits(threads)  # numpy and scikit-learn may have been loaded before
    with _without_chatter():
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")
        devices = tf.config.list_physical_devices("GPU")
        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
            for device in devices:
                tf.config.experimental.set_memory_growth(device, True)
        except RuntimeError:
            set_before = int(tf.config.threading.get_intra_op_parallelism_threads())
            if not or_as_it_runs:
                said = f"TensorFlow already runs in this process with {set_before or 'its own number of'} threads"
                raise JobError(f"{said}, so execute.threads={threads} comes too late; start a new process") from None
            threads = set_before
        if devices:
            tf.config.experimental.enable_op_determinism()  # kernels on a GPU add up in any order otherwise
        tf.constant(0)  # what it has to say, it says on the first operation
        import keras

        keras.config.disable_interactive_logging()
    return threads


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Holds back what is written to the process's stderr meanwhile, and lets all through but TensorFlow's chatter."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not CHATTER.match(line):
                    os.write(2, line)
