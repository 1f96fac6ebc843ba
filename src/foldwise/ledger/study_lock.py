"""One coordinator a study: a lock file that names its holder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import Timeout

from foldwise.errors import JobError
from foldwise.system.locks import file_lock


@contextmanager
def lock_study(path: Path) -> Iterator[None]:
    """Holds the lock file of a study, `<runs>/studies/<study>/lock`, for the length of a `with` block.

    The kernel lets go of it when the process ends, however it ends; the file itself stays, for removing it would race.

    Raises:
        JobError: another process holds it; says which, and since when.
    """
    try:
        held = file_lock(path, 0).acquire()
    except Timeout:
        raise JobError(f"study {path.parent.name} is being run by {_holder(path.read_text(encoding='utf-8'))}") from None
    with held:
        holder = {"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(" ", "seconds")}
        path.write_text(json.dumps(holder), encoding="utf-8")
        try:
            yield
        finally:
            with suppress(FileNotFoundError):  # the study's folder was removed meanwhile
                path.write_text("", encoding="utf-8")


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # it has only just taken the lock
        return "another process"
