"""One coordinator a study: a lock file that names its holder."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from foldwise.errors import JobError


@contextmanager
def lock_study(path: Path) -> Iterator[None]:
    """Holds the lock file of a study, `<runs>/studies/<study>/lock`, for the length of a `with` block.

    The kernel lets go of it when the process ends, however it ends; the file itself stays, for removing it would race.

    Raises:
        JobError: another process holds it; says which, and since when.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise JobError(f"study {path.parent.name} is being run by {_holder(file.read())}") from None
        file.truncate(0)
        json.dump({"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(" ", "seconds")}, file)
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # it has only just taken the lock
        return "another process"
