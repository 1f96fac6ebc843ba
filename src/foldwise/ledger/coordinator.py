"""Who coordinates a study: an id that no two processes share, and PostgreSQL's own lock while it does.

The lock only keeps a second coordinator from starting. That one which lost its lock writes nothing is the epoch's doing: a
number in `studies` that every write compares and every new coordinator raises.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

Holder = dict[str, Any]


def new_holder() -> Holder:
    """Who this process is. The id means the same on every machine, a process number does not."""
    since = datetime.now().astimezone().isoformat(" ", "seconds")
    return {"id": uuid.uuid4().hex[:12], "pid": os.getpid(), "since": since, "user": user_name()}


def user_name() -> str | None:
    """Who runs this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that has no name
        return None


def named(holder: Mapping[str, Any] | None) -> str:
    """The holder in a sentence."""
    if holder is None:  # it has only just taken the lock
        return "another process"
    return f"process {holder['pid']} since {holder['since']} (coordinator {holder['id']})"


class StudyLocks:
    """Advisory locks of PostgreSQL, each held on a connection of its own; of SQLite none: a lock file does it there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[str, Connection] = {}
        self._guard = threading.Lock()

    def hold(self, study: str) -> bool:
        """Whether the lock is held; it is taken where it is not, also again after its connection was lost."""
        if self._engine.dialect.name == "sqlite":
            return True
        with self._guard:
            connection = self._held.pop(study, None)
            if connection is not None and not _answers(connection):
                connection = None
            if connection is None:
                connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                try:
                    taken = connection.execute(
                        text("SELECT pg_try_advisory_lock(:key)"), {"key": lock_key("study", study)}
                    ).scalar_one()
                except DBAPIError:
                    connection.close()
                    raise
                if not taken:
                    connection.close()
                    return False
            self._held[study] = connection
            return True

    def release(self, study: str) -> None:
        """Lets go of one."""
        with self._guard:
            connection = self._held.pop(study, None)
            if connection is not None:
                connection.invalidate()  # a connection that went back to the pool would keep the lock
                connection.close()

    def close(self) -> None:
        """Lets go of all of them."""
        for study in list(self._held):
            self.release(study)


def _answers(connection: Connection) -> bool:
    try:
        connection.exec_driver_sql("SELECT 1")
    except DBAPIError:
        connection.invalidate()
        connection.close()
        return False
    return True


def lock_key(kind: str, name: str) -> int:
    """The number of PostgreSQL's advisory lock of a study, or of what else is locked by name."""
    digest = hashlib.sha256(f"foldwise {kind} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
