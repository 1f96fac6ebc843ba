"""One coordinator per study on a machine: a lock file that names its holder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import Timeout

from foldwise.errors import JobError
from foldwise.system.disk import full_disk_named
from foldwise.system.locks import file_lock, write_in_lock


@contextmanager
def lock_study(path: Path) -> Iterator[None]:
    """Hold the lock file of a study, `<runs>/studies/<study>/lock`, for the length of a `with` block.

    Raises:
        JobError: another process holds it; names the process and its start.
        ConfigError: there is something else than a lock file.
    """
    try:
        held = file_lock(path, 0).acquire()
    except Timeout:
        raise JobError(f"study {path.parent.name} is being run by {_holder(path.read_text(encoding='utf-8'))}") from None
    with held:
        # not cleared at the end: if a user removed the file, the new one may belong to another process
        holder = {"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(" ", "seconds")}
        with full_disk_named(path):
            write_in_lock(path, json.dumps(holder))
        yield


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # it took the lock a moment ago
        return "another process"
