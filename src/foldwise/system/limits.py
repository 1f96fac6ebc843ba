"""Limits of a single trial: its time, and the memory of the process that trains it."""

from __future__ import annotations

import math
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from foldwise.errors import TrialFailed

_PER_MB = 2**20 if sys.platform == "darwin" else 2**10  # the unit of ru_maxrss


@dataclass(frozen=True)
class Limits:
    """Limits of a trial; None means unlimited. memory_mb covers its whole process, with TensorFlow and the data."""

    seconds: float | None = None
    memory_mb: float | None = None

    def broken(self, seconds: float, memory_mb: float) -> TrialFailed | None:
        """The failure of a trial that has used this much, None if it is within its limits."""
        if self.seconds is not None and seconds > self.seconds:
            return TrialFailed("timeout", f"it did not finish within budget.trial_seconds={self.seconds:g}")
        if self.memory_mb is not None and memory_mb > self.memory_mb:
            allowed = f"budget.trial_memory_mb={self.memory_mb:g}"
            return TrialFailed(
                "memory", f"its process used {memory_mb:.0f} MB at its peak, over {allowed}; smaller batches need less"
            )
        return None

    def raise_if_over(self, seconds: float) -> None:
        """Raise TrialFailed if the trial that has trained in this process for `seconds` is over a limit."""
        broken = self.broken(seconds, own_mb() if self.memory_mb is not None else 0.0)
        if broken is not None:
            raise broken


NO_LIMITS = Limits()


def own_mb(process: int | None = None) -> float:
    """The resident memory of a process (this one by default), without its mapped files.

    Without /proc this is the peak for this process, and 0 for another.
    """
    statm = Path("/proc", "self" if process is None else str(process), "statm")
    if statm.exists():
        _, resident, shared, *_ = map(int, statm.read_text().split())
        return (resident - shared) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _PER_MB if process is None else 0.0


def free_mb() -> float:
    """The memory that this process can still take: of the machine, and of its control group where that has a limit.

    Without /proc it is unlimited.
    """
    meminfo, group = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
    if not meminfo.exists():
        return math.inf
    known = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    free = int(known.get("MemAvailable", known["MemFree"]).split()[0]) / 2**10
    try:  # files of version 2; a process outside of a group has none
        most, used = ((group / f"memory.{name}").read_text().strip() for name in ("max", "current"))
    except OSError:
        return free
    return free if most == "max" else min(free, (int(most) - int(used)) / 2**20)
