"""A full disk as one sentence: the path, the space that is free, and what to do."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foldwise.errors import DiskFull

CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What libraries report instead of a number: SQLite (the second one at a limit of file size), and those that write through C.
TEXTS = (
    "database or disk is full",
    "disk I/O error",
    *(os.strerror(code) for code in CODES),
    *(f"errno = {code}," for code in CODES),
)


def is_full(fault: BaseException) -> bool:
    """Whether a fault means that a disk, a quota or a limit of file size leaves no room, or that the disk fails."""
    return getattr(fault, "errno", None) in CODES or any(text in str(fault) for text in TEXTS)


def full_disk(path: Path) -> str:
    """The sentence for a file or folder that there is no room for."""
    there = next((place for place in (path, *path.parents) if place.exists()), Path("/"))
    free = shutil.disk_usage(there).free / 2**20
    rule = f"{path} cannot be written, because its disk is full or fails ({free:,.1f} MB free)"
    return f"{rule}; make space, or raise the quota or the limit of file size, then run the same command to go on"


@contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Within this context a full disk becomes a DiskFull that names this path."""
    try:
        yield
    except Exception as fault:
        if not isinstance(fault, DiskFull) and is_full(fault):
            raise DiskFull(full_disk(path)) from None
        raise
