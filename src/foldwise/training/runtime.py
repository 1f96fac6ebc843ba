"""Start TensorFlow with a number of threads and without its log messages. Call it before the first `import keras`."""

from __future__ import annotations

import gc
import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial

from threadpoolctl import ThreadpoolController, threadpool_limits

from foldwise.errors import JobError
from foldwise.system.process_state import set_level, undo_later

# Lines that TensorFlow's C++ code writes at the start at any log level.
CHATTER = re.compile(
    rb"WARNING: All log messages before absl|To enable the following|[IWE]\d{4} \d\d|\d{4}-\d\d-\d\d [\d:.]+: [IWE] "
)


def start(threads: int, or_as_it_runs: bool = False) -> int:
    """Start TensorFlow in this process; a second start with the same number of threads does nothing.

    The number changes the last bits of results, and TensorFlow keeps it for the life of the process.

    Args:
        threads: the number of threads; 0 is TensorFlow's own number.
        or_as_it_runs: accept another number if TensorFlow already runs.

    Returns:
        The number of threads that it runs with.

    Raises:
        JobError: TensorFlow already runs with another number, and or_as_it_runs is False.
    """
    before, known = os.environ.get("OMP_NUM_THREADS", ""), {one.filepath for one in ThreadpoolController().lib_controllers}
    os.environ["OMP_NUM_THREADS"] = str(threads)
    limits = threadpool_limits(threads)  # numpy and scikit-learn may have been loaded before
    undo_later(
        "threads", partial(_give_threads_back, limits, known, int(before) if before.isdecimal() else os.cpu_count() or 1)
    )
    with quiet_import():
        import tensorflow as tf

        set_level("tensorflow", "ERROR")
        devices = tf.config.list_physical_devices("GPU")
        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
            for device in devices:
                tf.config.experimental.set_memory_growth(device, True)
        except RuntimeError:
            set_before = int(tf.config.threading.get_intra_op_parallelism_threads())
            if not or_as_it_runs:
                running = f"TensorFlow already runs in this process with {set_before or 'its own number of'} threads"
                raise JobError(f"{running}, so execute.threads={threads} comes too late; start a new process") from None
            threads = set_before
        if devices:
            _same_order()
        tf.constant(0)  # the first operation writes the messages
        import keras  # noqa: F401 - now, as it reads the environment
    if not gc.get_freeze_count():
        undo_later("garbage", gc.unfreeze)
        gc.freeze()  # Keras collects garbage before every new network: 0.2 s if it searches what was imported, each time
    return threads


def _give_threads_back(limits: threadpool_limits, known: Collection[str], usual: int) -> None:
    """Give numerical libraries the threads that they had; those that were loaded meanwhile get the usual number."""
    limits.restore_original_limits()
    for library in ThreadpoolController().lib_controllers:
        if library.filepath not in known:
            library.set_num_threads(usual)


def _same_order() -> None:
    """Make kernels on a GPU add up in the same order each time."""
    import tensorflow as tf
    from tensorflow.python.framework import config  # the switch back has no public name

    if not config.is_op_determinism_enabled():
        undo_later("determinism", config.disable_op_determinism)
        tf.config.experimental.enable_op_determinism()


@contextmanager
def quiet_import() -> Iterator[None]:
    """Import TensorFlow and Keras in this context: stderr is held back, then written without TensorFlow's chatter."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
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
