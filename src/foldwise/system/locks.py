"""Lock files: one process at a time on one machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from filelock import FileLock

from foldwise.errors import ConfigError


def file_lock(path: Path, wait_seconds: float = -1) -> FileLock:
    """A lock file, not yet acquired; without a limit `acquire` waits until the lock is free, else it raises filelock.Timeout.

    The kernel releases the lock when the process ends, in any way. So it never falls back to a file that marks the lock by
    existing: a killed process would leave it behind. filelock opens it with O_NOFOLLOW, so no file elsewhere is touched.

    Raises:
        ConfigError: there is something else than a regular file, or a file where its folder belongs.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        other = next((place for place in path.parents if os.path.lexists(place)), path.parent)
        raise ConfigError("", f"{other} is not a folder, but what foldwise writes goes there; remove or rename it") from None
    refuse_odd_lock(path)
    return FileLock(path, timeout=wait_seconds, fallback_to_soft=False)


def refuse_odd_lock(path: Path) -> None:
    """Raise ConfigError if a link, a pipe or a folder is where a lock file belongs."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        what = "a link" if stat.S_ISLNK(mode) else "not a regular file"
        raise ConfigError("", f"{path} is {what}, but it must be a lock file; remove it")


def write_in_lock(path: Path, text: str) -> None:
    """Replace the text of a lock file that this process holds, never that of a file which a link names."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
