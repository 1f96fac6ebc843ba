"""The coordinator of a study: a process with a unique id, which holds an advisory lock in PostgreSQL.

The lock only keeps a second coordinator from starting. A coordinator that lost its lock is kept from writing by the epoch: a
number in `studies` that every new coordinator raises and every write compares.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

Holder = dict[str, Any]


def new_holder() -> Holder:
    """The identity of this process. The id is unique across machines, a process number is not."""
    since = datetime.now().astimezone().isoformat(" ", "seconds")
    return {"id": uuid.uuid4().hex[:12], "pid": os.getpid(), "since": since, "user": user_name()}


def user_name() -> str | None:
    """The user who runs this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a user id without a name
        return None


def named(holder: Mapping[str, Any] | None) -> str:
    """The holder as part of a sentence."""
    if holder is None:  # it took the lock a moment ago
        return "another process"
    return f"process {holder['pid']} since {holder['since']} (coordinator {holder['id']})"


class StudyLocks:
    """Advisory locks of PostgreSQL, each on its own connection. With SQLite a lock file does the same (`study_lock`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[str, Connection] = {}
        self._guard = threading.Lock()

    def hold(self, study: str) -> bool:
        """Take the lock, also again after its connection was lost; whether it is held now."""
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
        """Release one lock."""
        with self._guard:
            connection = self._held.pop(study, None)
            if connection is not None:
                with suppress(DBAPIError):  # at once: the server may notice a closed connection later
                    connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
                connection.invalidate()  # a connection in the pool would keep the lock
                connection.close()

    def close(self) -> None:
        """Release all locks."""
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
    """The number of PostgreSQL's advisory lock for a name; kind is `study` or whatever else has names."""
    digest = hashlib.sha256(f"foldwise {kind} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
