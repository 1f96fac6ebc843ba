"""Ctrl-C and SIGTERM: the first asks a study to end after the fold, or soon; the second ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from foldwise.errors import Interrupted

# A fold that takes longer is cut off: it is run again by the next start.
SECONDS_TO_STOP = 6.0
SECONDS_BETWEEN_CUTS = 3.0  # where a library caught the first
KEPT = "stopped; what was finished is kept, and the same command goes on"


@contextmanager
def stoppable(notify: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Within it, the given function raises Interrupted once a first signal has come; a second raises KeyboardInterrupt.

    Where nobody calls the function for SECONDS_TO_STOP, Interrupted is raised wherever the main thread is.

    Outside the main thread signals cannot be caught, and the function never raises.
    """
    asked = threading.Event()

    def raise_if_stopped() -> None:
        if asked.is_set():
            raise Interrupted(KEPT)

    if threading.current_thread() is not threading.main_thread():
        yield raise_if_stopped
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_STOP, SECONDS_BETWEEN_CUTS)
        notify(f"stopping after this fold, in {SECONDS_TO_STOP:g} s at the latest; once more to stop at once")

    def on_time_over(number: int, frame: FrameType | None) -> None:
        raise Interrupted(KEPT)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, on_time_over)
    try:
        yield raise_if_stopped
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
