"""Start Keras on a backend, with a number of threads and without log messages. Call it before the first `import keras`."""

from __future__ import annotations

import gc
import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module

from threadpoolctl import ThreadpoolController, threadpool_limits

from foldwise.errors import JobError
from foldwise.system.allocator import keep_freed_memory
from foldwise.system.garbage import uncollected
from foldwise.system.keras_backend import KEY, TITLES, USUAL, VARIABLE, Backend, for_answers, running
from foldwise.system.process_state import undo_later

# Lines that TensorFlow's C++ code writes at the start at any log level.
CHATTER = re.compile(
    rb"WARNING: All log messages before absl|To enable the following|[IWE]\d{4} \d\d|\d{4}-\d\d-\d\d [\d:.]+: [IWE] "
)


def start(threads: int, or_as_it_runs: bool = False, backend: Backend | None = None, at_once: int = 1) -> int:
    """Start Keras and its backend in this process; a second start with the same number of threads does nothing.

    The number changes the last bits of results, and a backend keeps it for the life of the process.

    Args:
        threads: the number of threads; 0 is the backend's own number.
        or_as_it_runs: accept another number if the backend already runs.
        backend: None for a process that only answers: that which it has, or KERAS_BACKEND, or TensorFlow.
        at_once: how many trials the caller trains side by side, each with that number of threads.

    Returns:
        The number of threads that it runs with.

    Raises:
        JobError: Keras already runs on another backend; or with another number of threads, and or_as_it_runs is False.
        ConfigError: KERAS_BACKEND names something else than a backend.
    """
    name = backend or for_answers(USUAL)
    _refuse_other(name)
    before, known = os.environ.get("OMP_NUM_THREADS", ""), {one.filepath for one in ThreadpoolController().lib_controllers}
    os.environ["OMP_NUM_THREADS"] = str(threads)
    limits = threadpool_limits(threads)  # numpy and scikit-learn may have been loaded before
    undo_later(
        "threads", partial(_give_threads_back, limits, known, int(before) if before.isdecimal() else os.cpu_count() or 1)
    )
    keep_freed_memory()
    with quiet_import(name), uncollected():
        fixed = import_module(f"foldwise.training.backends.{name}").start_with(threads, at_once)
        if fixed is not None:
            if not or_as_it_runs:
                already = f"{TITLES[name]} already runs in this process with {fixed or 'its own number of'} threads"
                raise JobError(f"{already}, so execute.threads={threads} comes too late; start a new process")
            threads = fixed
        import keras  # noqa: F401 - now, as it reads the environment
    if name != "tensorflow":
        _without_tensorflow()
    if not gc.get_freeze_count():
        undo_later("garbage", gc.unfreeze)
        gc.freeze()  # Keras collects garbage before every new network: 0.2 s if it searches what was imported, each time
    return threads


def _without_tensorflow() -> None:
    """Let Keras take TensorFlow for not installed: on any backend it imports it to compare types when it saves a network.

    That takes seconds and half a gigabyte. A program that has imported TensorFlow itself keeps it.
    """
    from keras.src.utils import module_utils  # Keras's own note of what is installed

    lazy = module_utils.tensorflow
    if "tensorflow" not in sys.modules and lazy._available is None:
        undo_later("tensorflow", partial(setattr, lazy, "_available", None))
        lazy._available = False


def _refuse_other(backend: Backend) -> None:
    """Raise JobError if this process has imported Keras on another backend."""
    keras = sys.modules.get("keras")
    if keras is not None and running() != backend:
        here = keras.backend.backend()
        raise JobError(f"Keras already runs on {here} in this process, so {KEY}={backend} comes too late; start a new process")


def _give_threads_back(limits: threadpool_limits, known: Collection[str], usual: int) -> None:
    """Give numerical libraries the threads that they had; those that were loaded meanwhile get the usual number."""
    limits.restore_original_limits()
    for library in ThreadpoolController().lib_controllers:
        if library.filepath not in known:
            library.set_num_threads(usual)


@contextmanager
def quiet_import(backend: Backend) -> Iterator[None]:
    """Import Keras and its backend in this context: stderr is held back, then written without TensorFlow's chatter."""
    os.environ[VARIABLE] = backend
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
