"""Lock files: one process at a time on one machine."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock


def file_lock(path: Path, wait_seconds: float = -1) -> FileLock:
    """A lock file, not yet acquired; without a limit `acquire` waits until the lock is free, else it raises filelock.Timeout.

    The kernel releases the lock when the process ends, in any way. So it never falls back to a file that marks the lock by
    existing: a killed process would leave it behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, timeout=wait_seconds, fallback_to_soft=False)
