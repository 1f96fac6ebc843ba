"""Processes of this machine: whether one still runs, and how many cores this one may use."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

CLOCKS_DIFFER = 5.0  # seconds between the start of a process by the kernel and a moment that it wrote down itself


def usable_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def is_running(pid: int, since: datetime) -> bool:
    """Whether the process of that number runs, and ran at a moment that it wrote down; a zombie does not run.

    Without /proc, a process that took the number of an ended one counts as the ended one.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    stat = Path(f"/proc/{pid}/stat")
    try:
        words = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text(encoding="ascii").splitlines() if line.startswith("btime"))
    except (OSError, StopIteration):
        return True
    began = int(boot.split()[1]) + int(words[19]) / os.sysconf("SC_CLK_TCK")
    return words[0] not in ("Z", "X") and began <= since.timestamp() + CLOCKS_DIFFER
