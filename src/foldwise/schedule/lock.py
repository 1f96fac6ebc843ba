"""One run of a job at a time on a machine: a kernel lock that a process hands to those that it starts.

The lock belongs to the open file, not to a process: it is held as long as any process lives that has the file open. So a slot
that the ledger calls claimed or running while nobody holds the lock was left behind by processes that died.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

INHERITED = "FOLDWISE_JOB_LOCK"  # the number of an open file that a child gets from the process that started it


class JobLock:
    """The lock of a job, held from birth until `close`, and on by every child that was given `number`."""

    def __init__(self, number: int) -> None:
        self.number = number

    def environment(self) -> dict[str, str]:
        """What a child needs to know, which is started with `pass_fds=[number]`."""
        return {INHERITED: str(self.number)}

    def close(self) -> None:
        """Closes the file here."""
        os.close(self.number)


def job_lock(path: Path) -> JobLock | None:
    """The lock of a job at a path, this process's own or one that it was born with; None where others hold it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = _inherited(path)
    if number is None:
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:  # not system.locks.file_lock: a child inherits this lock on purpose
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        return None
    return JobLock(number)


def _inherited(path: Path) -> int | None:
    text = os.environ.pop(INHERITED, "")
    if not text.isdigit() or not path.exists():
        return None
    try:
        its_file = os.fstat(int(text))
    except OSError:  # nobody handed it on
        return None
    return int(text) if os.path.samestat(its_file, path.stat()) else None
