"""Ctrl-C and SIGTERM: the first signal asks for an orderly end, the second ends at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from foldwise.errors import Interrupted

STOP = (signal.SIGINT, signal.SIGTERM)
# A fold that takes longer is cut off; the next start runs it again.
SECONDS_TO_STOP = 6.0
SECONDS_BETWEEN_CUTS = 3.0  # a library may have caught the first one
KEPT = "stopped; finished work is kept, and the same command continues it"


@contextmanager
def handlers(of: Mapping[signal.Signals, Any]) -> Iterator[None]:
    """Handle these signals for the length of a `with` block. Outside the main thread Python cannot, and nothing changes."""
    if not _in_main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in of.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def until_signal(message: str, on_first: Callable[[], object] = lambda: None) -> Iterator[Callable[[], None]]:
    """Yield a function that raises Interrupted(message) after a first signal; a second one raises KeyboardInterrupt.

    Outside the main thread no signal is handled, and the function never raises.
    """
    asked = threading.Event()

    def raise_if_stopped() -> None:
        if asked.is_set():
            raise Interrupted(message)

    def on_signal(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        on_first()

    with handlers(dict.fromkeys(STOP, on_signal)):
        yield raise_if_stopped


@contextmanager
def stoppable(notify: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """`until_signal` for a study: it ends after the running fold.

    If its function is not called within SECONDS_TO_STOP, Interrupted is raised wherever the main thread is.
    """

    def on_first() -> None:
        signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_STOP, SECONDS_BETWEEN_CUTS)
        notify(f"stopping after this fold, within {SECONDS_TO_STOP:g} s; Ctrl-C again stops at once")

    def on_time_over(number: int, frame: FrameType | None) -> None:
        raise Interrupted(KEPT)

    with handlers({signal.SIGALRM: on_time_over}), until_signal(KEPT, on_first) as raise_if_stopped:
        try:
            yield raise_if_stopped
        finally:
            if _in_main_thread():
                signal.setitimer(signal.ITIMER_REAL, 0)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
