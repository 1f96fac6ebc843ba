"""Retry while a database is unavailable: report it once, pause longer after each try, and stop when the user asks."""

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
# A server that is down comes back; a process that locks a file for longer than this is stuck.
LOCKED_SECONDS = 120.0
SECONDS_BETWEEN_CHECKS = 0.2

T = TypeVar("T")


class Waiting:
    """Repeats work until the database answers. All threads share one, so that an outage is reported once.

    Args:
        place: the database's address.
        notify: called when the database is unavailable, and when it is back.
        raise_if_stopped: raises after the user asked to stop.
    """

    def __init__(self, place: URL, notify: Callable[[str], None], raise_if_stopped: Callable[[], None]) -> None:
        self._place = place
        self._shown = place.render_as_string(hide_password=True)
        self._notify = notify
        self._check = raise_if_stopped
        self._guard = threading.Lock()
        self._away_since: float | None = None

    def until_done(self, work: Callable[[], T]) -> T:
        """The result of `work`, which may run more than once. Errors that are not transient are raised unchanged.

        Raises:
            JobError: a file is locked for longer than LOCKED_SECONDS.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                value = work()
            except DBAPIError as fault:
                if not is_transient(fault):
                    raise
                self._away(fault)
                if _is_locked(fault) and time.monotonic() - began > LOCKED_SECONDS:
                    locker = _locker(Path(str(self._place.database)))
                    rule = f"the ledger {self._shown} has been locked{locker} for {LOCKED_SECONDS:g} s"
                    raise JobError(f"{rule}; end that process, then run the same command to continue") from None
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


def is_transient(fault: DBAPIError) -> bool:
    """Whether the error is transient: a connection lost or refused, a lock, a server that shuts down or is out of space."""
    if isinstance(fault.orig, sqlite3.Error):
        return _is_locked(fault)
    return fault.connection_invalidated or isinstance(fault, OperationalError)


def _is_locked(fault: DBAPIError) -> bool:
    code = getattr(fault.orig, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _locker(path: Path) -> str:
    """` by process 123` if the system lists the holders of locks on an SQLite file, as Linux does."""
    files = [file for file in (path, path.with_name(f"{path.name}-shm")) if file.exists()]
    numbers = {str(file.stat().st_ino) for file in files}
    try:
        locks = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        return ""
    holders = {words[4] for words in locks if "WRITE" in words and words[5].rpartition(":")[2] in numbers}
    return f" by process {', '.join(sorted(holders))}" if holders else ""
