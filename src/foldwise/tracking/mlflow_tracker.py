"""Ship the ledger's rows to MLflow from a separate thread, so that MLflow never slows training down."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from foldwise.errors import DiskFull
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord, TrialRow, goal_of
from foldwise.system.disk import is_full
from foldwise.system.redact import without_password
from foldwise.tracking.mlflow_store import MlflowStore
from foldwise.tracking.mlflow_study import MlflowStudy
from foldwise.trial.summary import RunPlace, StudySummary

# The pause after a fault doubles with each further one.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
LAST_TRIES = 3  # faults in a row at the end; the next start ships the rest


class MlflowTracker:
    """One experiment and one parent run per study, one child run per trial, each with three calls.

    The ledger records what MLflow has, so that everything is shipped once over all starts of the study. While MLflow is
    unavailable rows wait here.
    """

    def __init__(self, store: MlflowStore, ledger: Ledger, every_fold: bool = False) -> None:
        self._store = store
        self._ledger = ledger
        self._every_fold = every_fold
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
        self._changed = threading.Condition()
        self._left: dict[int, TrialRow] = {}  # in the order of their next try
        self._perhaps_there: set[int] = set()  # an earlier try may have created their runs
        self._end: tuple[StudySummary | None, Sequence[Path]] | None = None
        self._fault: str | None = None
        self._is_full = False  # whether that fault is a full disk
        self._ended = False
        self._answered = threading.Event()

    def open(self, record: StudyRecord, rows: Sequence[TrialRow]) -> None:
        """Start the thread, which opens the study's run and first ships what earlier starts left."""
        goal = goal_of(record, (row.result for row in rows if row.result is not None))
        self._study = MlflowStudy(self._store, self._ledger, record, goal, self._every_fold)
        self._rows = [row for row in rows if row.result is not None]
        self._left = {row.number: row for row in self._rows if row.shipped is None}
        self._perhaps_there = set(self._left)
        self._thread.start()

    def trial(self, row: TrialRow) -> None:
        """Queue a finished trial.

        Raises:
            Replaced: the store's file was deleted or replaced.
        """
        self._store.raise_if_replaced()
        with self._changed:
            self._left[row.number] = row
            self._changed.notify()

    def place(self, wait_seconds: float = 60.0) -> RunPlace | None:
        """The study's place in MLflow; None if MLflow does not answer in time."""
        self._answered.wait(wait_seconds)
        run = self._study.run
        if run is None:
            return None
        return RunPlace(without_password(self._store.tracking_uri), run.info.experiment_id, run.info.run_id)

    def close(self, summary: StudySummary | None, files: Sequence[Path] = (), wait_seconds: float = 60.0) -> tuple[str, ...]:
        """Ship the rest and end the study's run; whatever could not be shipped becomes one sentence.

        Raises:
            DiskFull: with that sentence, if there is no room for it.
        """
        if self._thread.ident is None:  # never opened
            return ()
        with self._changed:
            self._end = summary, files
            self._changed.notify()
        self._thread.join(wait_seconds)
        if self._ended:
            return ()
        why = f" within {wait_seconds:g} s" if self._thread.is_alive() or self._fault is None else f": {self._fault}"
        what = f"{len(self._left)} of the study's trials" if self._left else "all of the study"
        sentence = f"MLflow did not accept {what}{why}; nothing is lost, the next start of the study ships the rest"
        if self._is_full:
            raise DiskFull(sentence)
        return (sentence,)

    def _work(self) -> None:
        faults = 0
        while self._something_to_do(faults):
            faults = 0 if self._try() else faults + 1
        for faults in range(LAST_TRIES):  # short pauses now: the user is waiting
            if faults:
                threading.Event().wait(FIRST_PAUSE_SECONDS * faults)
            if self._finish():
                return

    def _something_to_do(self, faults: int) -> bool:
        """Wait for the next step; False when the study is over."""
        with self._changed:
            if faults:
                pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(faults - 1, 16), LONGEST_PAUSE_SECONDS)
                self._changed.wait_for(lambda: self._end is not None, pause)
            self._changed.wait_for(lambda: self._end is not None or self._left or self._study.run is None)
            return self._end is None

    def _try(self, number: int | None = None) -> bool:
        """Ship the parent's run, or else the first waiting trial or the one with that number; whether MLflow accepted it."""
        try:
            self._store.raise_if_replaced()
            if self._study.run is None:
                self._open_parent()
                return True
            with self._changed:
                row = self._left.pop(next(iter(self._left)) if number is None else number)
                self._left[row.number] = row  # behind the others if it fails
            self._study.ship(row, row.number in self._perhaps_there)
            with self._changed:
                self._left.pop(row.number, None)
        except Exception as fault:  # noqa: BLE001 - no fault of an outlet may stop a study
            self._note(fault)
            self._perhaps_there.update(self._left)
            return False
        finally:
            self._answered.set()
        return True

    def _note(self, fault: Exception) -> None:
        self._fault, self._is_full = self._store.described(fault), is_full(fault)

    def _open_parent(self) -> None:
        was_there = self._study.open()
        if not was_there:  # new, or someone removed it: ship everything; runs of trials may be left
            with self._changed:
                self._left = {row.number: row for row in self._rows} | self._left
                self._perhaps_there.update(self._left)

    def _finish(self) -> bool:
        """Ship everything that waits, then end the study's run; whether no further try is needed."""
        assert self._end is not None
        while self._study.run is None:
            if not self._try():
                return False
        faults = 0
        for number in list(self._left):
            faults = 0 if self._try(number) else faults + 1
            if faults == LAST_TRIES:  # MLflow is unavailable, it does not just reject one row
                return False
        summary, files = self._end
        try:
            self._store.raise_if_replaced()
            if summary is not None and (self._store.is_served or self._fault is not None):
                self._study.remove_twins()
            self._study.end(summary, files)
        except Exception as fault:  # noqa: BLE001 - as above
            self._note(fault)
            return False
        self._ended = not self._left
        return True
