"""Waits for a database that is away: says so once, tries again with growing pauses, and hears whoever wants to stop."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, OperationalError

from foldwise.errors import JobError
from foldwise.system.redact import first_line

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
# A server that is down comes back; a process that keeps a file locked for longer than this is another's mistake.
LOCKED_SECONDS = 120.0
SECONDS_BETWEEN_CHECKS = 0.2

T = TypeVar("T")


class Waiting:
    """Does what a database is asked for until it has an answer. One for all threads, so that things are said once.

    Args:
        place: the database's address.
        notify: hears that the database is away, and that it is back.
        raise_if_stopped: raises where the user asked to stop.
    """

    def __init__(self, place: URL, notify: Callable[[str], None], raise_if_stopped: Callable[[], None]) -> None:
        self._place = place
        self._shown = place.render_as_string(hide_password=True)
        self._notify = notify
        self._check = raise_if_stopped
        self._guard = threading.Lock()
        self._away_since: float | None = None

    def until_done(self, work: Callable[[], T]) -> T:
        """What `work` gives; it may be begun more than once, so what it does must bear that.

        Raises:
            JobError: a file is locked for longer than LOCKED_SECONDS; what is no matter of time comes out as it is.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                value = work()
            except DBAPIError as fault:
                if not passes(fault):
                    raise
                self._away(fault)
                if _is_locked(fault) and time.monotonic() - began > LOCKED_SECONDS:
                    rule = (
                        f"the ledger {self._shown} is locked{_locker(Path(str(self._place.database)))} for {LOCKED_SECONDS:g} s"
                    )
                    raise JobError(f"{rule}; end what holds it, and the same command goes on") from None
                self._pause(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._back()
                return value

    def _away(self, fault: DBAPIError) -> None:
        with self._guard:
            if self._away_since is None:
                self._away_since = time.monotonic()
                self._notify(f"the ledger {self._shown} does not answer ({first_line(fault)}); waiting for it")

    def _back(self) -> None:
        if self._away_since is None:
            return
        with self._guard:
            if self._away_since is not None:
                self._notify(f"the ledger is back after {time.monotonic() - self._away_since:.0f} s")
                self._away_since = None

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self._check()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, SECONDS_BETWEEN_CHECKS))


def passes(fault: DBAPIError) -> bool:
    """Whether time alone mends it: a connection lost or refused, a lock, a server that stops or has no room."""
    if isinstance(fault.orig, sqlite3.Error):
        return _is_locked(fault)
    return fault.connection_invalidated or isinstance(fault, OperationalError)


def _is_locked(fault: DBAPIError) -> bool:
    code = getattr(fault.orig, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _locker(path: Path) -> str:
    """` by process 123` where the system says who holds locks on a file of SQLite, as Linux does."""
    files = [file for file in (path, path.with_name(f"{path.name}-shm")) if file.exists()]
    numbers = {str(file.stat().st_ino) for file in files}
    try:
        locks = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        return ""
    holders = {words[4] for words in locks if "WRITE" in words and words[5].rpartition(":")[2] in numbers}
    return f" by process {', '.join(sorted(holders))}" if holders else ""
