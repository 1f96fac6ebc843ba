"""A tracker that is made beside the search: to import MLflow takes more than a second, which no trial has to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.tracking.tracker import Tracker
from foldwise.trial.summary import RunPlace, StudySummary


class MadeLater:
    """Makes and opens a tracker in a thread of its own; trials that end before wait here.

    A fault of making it is raised by the next call.
    """

    def __init__(self, make: Callable[[], Tracker]) -> None:
        self._make = make
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._tracker: Tracker | None = None
        self._waiting: list[TrialRow] = []
        self._fault: Exception | None = None

    def open(self, record: StudyRecord, rows: Sequence[TrialRow]) -> None:
        """Start the thread, which makes the tracker and opens the study in it."""
        self._thread = threading.Thread(target=self._open, args=(record, rows), name="tracker", daemon=True)
        self._thread.start()

    def trial(self, row: TrialRow) -> None:
        """Hand on a finished trial, at once or when the tracker is there."""
        with self._lock:
            if self._fault is not None:
                raise self._fault
            if self._tracker is None:
                self._waiting.append(row)
                return
        self._tracker.trial(row)

    def place(self, wait_seconds: float = 60.0) -> RunPlace | None:
        """As the tracker's."""
        tracker = self._ready()
        return None if tracker is None else tracker.place(wait_seconds)

    def close(self, summary: StudySummary | None, files: Sequence[Path] = (), wait_seconds: float = 60.0) -> tuple[str, ...]:
        """As the tracker's."""
        tracker = self._ready()
        return () if tracker is None else tracker.close(summary, files, wait_seconds)

    def _open(self, record: StudyRecord, rows: Sequence[TrialRow]) -> None:
        try:
            tracker = self._make()
            tracker.open(record, rows)
            with self._lock:
                for row in self._waiting:
                    tracker.trial(row)
                self._tracker = tracker
        except Exception as fault:  # noqa: BLE001 the study's own thread raises it
            with self._lock:
                self._fault = fault

    def _ready(self) -> Tracker | None:
        """The tracker once it is there; None if it was never opened."""
        if self._thread is None:
            return None
        self._thread.join()
        if self._fault is not None:
            raise self._fault
        return self._tracker
