"""Ctrl-C and SIGTERM: the first asks a study to end after the fold, the second ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from foldwise.errors import Interrupted


@contextmanager
def stoppable(say: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Within it, the given function raises Interrupted once a first signal has come; a second raises KeyboardInterrupt.

    Outside the main thread signals cannot be caught, and the function never raises.
    """
    asked = threading.Event()

    def check() -> None:
        if asked.is_set():
            raise Interrupted("stopped")

    if threading.current_thread() is not threading.main_thread():
        yield check
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        say("stopping after this fold; once more to stop at once")

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
