"""One run of a job at a time on a machine: a kernel lock that child processes inherit.

The lock belongs to the open file, not to a process: it is held while any process has the file open. So if a slot is claimed or
running in the ledger and the lock is free, its processes have died.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from foldwise.system.locks import refuse_odd_lock

INHERITED = "FOLDWISE_JOB_LOCK"  # the file descriptor that a child inherits


class JobLock:
    """The lock of a job, held until `close`, and by every child that inherits the descriptor `number`."""

    def __init__(self, number: int) -> None:
        self.number = number

    def environment(self) -> dict[str, str]:
        """The environment of a child that is started with `pass_fds=[number]`."""
        return {INHERITED: str(self.number)}

    def close(self) -> None:
        """Close the file in this process."""
        os.close(self.number)


def job_lock(path: Path) -> JobLock | None:
    """Take the lock of a job, newly or as inherited; None if other processes hold it.

    Raises:
        ConfigError: there is something else than a regular file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    number = _inherited(path)
    if number is None:
        refuse_odd_lock(path)
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    try:  # not system.locks.file_lock: a child inherits this lock on purpose
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        return None
    return JobLock(number)


def _inherited(path: Path) -> int | None:
    text = os.environ.pop(INHERITED, "")
    if not text.isdigit() or not os.path.lexists(path):
        return None
    try:
        its_file = os.fstat(int(text))
    except OSError:  # it was not inherited
        return None
    return int(text) if os.path.samestat(its_file, path.lstat()) else None
