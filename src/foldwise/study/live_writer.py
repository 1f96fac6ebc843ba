"""Writes the live row of a running study about every second, in a thread of its own, and reads the request to stop there."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from foldwise.errors import FoldwiseError, Interrupted, Overtaken, Replaced
from foldwise.ledger.live import RUNNING, Live, LiveRow
from foldwise.study.progress import Progress
from foldwise.system.limits import free_mb, own_mb

SECONDS_BETWEEN = 1.0
LINES = 200  # of the log
LONGEST_LINE = 500


@contextmanager
def shown_live(
    live: Live, study: str, progress: Progress, lines: Callable[[], Sequence[str]], notify: Callable[[str], None]
) -> Iterator[None]:
    """Keep the live row of a study current for the length of a `with` block, and record there how the block ended.

    A ledger that is busy or away costs rows and one note, never the study.

    Args:
        live: the ledger's live rows; this process coordinates the study.
        study: its name.
        progress: what is shown; it is asked to end when somebody requests that in the ledger.
        lines: the lines of the screen so far, the latest last.
        notify: called once if a row cannot be written.
    """
    writer = _Writer(live, study, progress, lines, notify)
    thread = threading.Thread(target=writer.run, name="live row", daemon=True)
    thread.start()
    state = "failed"
    try:
        yield
        state = "finished"
    except (Interrupted, KeyboardInterrupt):
        state = "stopped"
        raise
    finally:
        writer.end(state)
        thread.join()  # a signal may cut this short; the thread still writes the end


class _Writer:
    def __init__(
        self, live: Live, study: str, progress: Progress, lines: Callable[[], Sequence[str]], notify: Callable[[str], None]
    ) -> None:
        self._live, self._study, self._progress, self._lines, self._notify = live, study, progress, lines, notify
        self._since = datetime.now(UTC)
        self._host = platform.node()[:255]
        self._is_noted = self._is_overtaken = False
        self._over, self._ended = threading.Event(), RUNNING

    def end(self, state: str) -> None:
        """The study ended like this; it is the last row."""
        self._ended = state
        self._over.set()

    def run(self) -> None:
        """Write until the end, or until another process coordinates the study."""
        while not self._is_overtaken:
            self.write(RUNNING)
            if self._over.wait(SECONDS_BETWEEN):
                self.write(self._ended)
                return

    def write(self, state: str) -> None:
        """Write a row; a fault is noted once."""
        try:
            if self._live.write(self._row(state)) and not self._progress.is_asked_to_end:
                self._progress.ask_to_end()
                self._notify("asked to stop on the page of the study: it ends after the running trial")
        except (Overtaken, Replaced):
            self._is_overtaken = True  # the study itself says so
        except FoldwiseError as fault:
            if not self._is_noted and state == RUNNING:
                self._is_noted = True
                with suppress(OSError):
                    self._notify(f"the live page of this study lags: {fault}")

    def _row(self, state: str) -> LiveRow:
        progress = self._progress
        return LiveRow(
            study=self._study,
            state=state,
            stage=progress.stage,
            trial=progress.trial,
            curves=progress.curves(),
            load=_load(),
            cores=os.cpu_count(),
            memory=own_mb(),
            free=free_mb(),
            seconds_left=progress.seconds_left,
            log=tuple(line[:LONGEST_LINE] for line in self._lines()[-LINES:]),
            pid=os.getpid(),
            host=self._host,
            since=self._since,
            written=datetime.now(UTC),
        )


def _load() -> float:
    try:
        return os.getloadavg()[0]
    except OSError:
        return float("nan")
