"""What a call from Python changes in its process, and how that becomes what it was: a notebook goes on after the call.

A command changes its own process and ends. Inside `restored`, code that changes a setting says how to undo that, by
`undo_later`; what libraries change as they work is recorded before and put back.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

VARIABLES = ("KERAS_", "TF_", "XLA_", "OMP_", "MLFLOW_")  # how the names of variables begin that calls set for libraries
KERAS_STATE = "keras.src.backend.common.global_state"
KERAS_PARTS = ("GLOBAL_STATE_TRACKER", "GLOBAL_SETTINGS_TRACKER")

# What the running call undoes at its end, the last change first; None outside of a call.
_undo: dict[Hashable, Callable[[], object]] | None = None
# The filters that libraries added as they were imported: an import happens once, so a later call needs them again.
_filters_of_libraries: list[Any] = []


def undo_later(key: Hashable, undo: Callable[[], object]) -> None:
    """Undo a change at the end of the running call; of several with one key, the first knows how things were."""
    if _undo is not None:
        _undo.setdefault(key, undo)


def set_level(name: str, level: int | str) -> None:
    """Set the level of a logger until the running call ends."""
    logger = logging.getLogger(name)
    undo_later(("logger", name), partial(logger.setLevel, logger.level))
    logger.setLevel(level)


@contextmanager
def restored() -> Iterator[None]:
    """Leave the process as it is now. One call inside another changes nothing: the outer one restores all.

    In another thread than the main one nothing is restored, as others may be changing the same settings.

    Kept are only the threads and the memory growth of TensorFlow, which it fixes for the life of a process, how the C library
    keeps freed memory, and what libraries set when they are imported.
    """
    global _undo  # noqa: PLW0603 - the settings of the process are global too
    if _undo is not None or threading.current_thread() is not threading.main_thread():
        yield
        return
    _undo = {}
    try:
        with _keras_apart(), _same_random_numbers(), _same_warnings(), _same_variables(), _same_places(), _same_handlers():
            yield
    finally:
        changes, _undo = _undo, None
        for undo in reversed(changes.values()):
            undo()


@contextmanager
def _same_variables() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in {name for name in (*before, *os.environ) if name.startswith(VARIABLES)}:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]


@contextmanager
def _keras_apart() -> Iterator[None]:
    """Give the call a state of Keras of its own, as `clear_session` would throw away the user's.

    It holds interactive logging, the policy of types, seeds, the names of layers, whether tracebacks are short.
    """
    before = _keras_parts()
    for name in before:
        setattr(sys.modules[KERAS_STATE], name, threading.local())
    try:
        yield
    finally:
        for name in _keras_parts():
            setattr(sys.modules[KERAS_STATE], name, before.get(name, threading.local()))


def _keras_parts() -> dict[str, Any]:
    module = sys.modules.get(KERAS_STATE)
    return {name: getattr(module, name) for name in KERAS_PARTS if hasattr(module, name)}


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Keep the streams that are shared by a process: Keras draws seeds from Python's for layers without one."""
    numbers, numpy = random.getstate(), sys.modules.get("numpy")
    state = None if numpy is None else numpy.random.get_state()
    try:
        yield
    finally:
        random.setstate(numbers)
        if numpy is not None:
            numpy.random.set_state(state)


@contextmanager
def _same_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        before = list(warnings.filters)
        warnings.filters[:0] = [each for each in _filters_of_libraries if each not in before]  # type: ignore[index]
        with warnings.catch_warnings():  # its start also makes Python read the filters anew
            try:
                yield
            finally:
                _filters_of_libraries[:] = [each for each in warnings.filters if each not in before]


@contextmanager
def _same_places() -> Iterator[None]:
    """Keep the working folder and where output goes, wherever the call ends."""
    streams, folder = (sys.stdout, sys.stderr), os.getcwd()  # noqa: PTH109 - Path.cwd() is the same with a Path around it
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        with suppress(OSError):  # it may have been deleted
            os.chdir(folder)


@contextmanager
def _same_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
