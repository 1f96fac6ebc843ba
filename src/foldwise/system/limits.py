"""What a single trial may take: time, and the memory of the process that trains it."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from foldwise.errors import TrialFailed

_PER_MB = 2**20 if sys.platform == "darwin" else 2**10  # what ru_maxrss counts in


@dataclass(frozen=True)
class Limits:
    """Of a trial; None is no limit. memory_mb is of its whole process, with TensorFlow and the data."""

    seconds: float | None = None
    memory_mb: float | None = None

    def broken(self, seconds: float, memory_mb: float) -> TrialFailed | None:
        """How a trial ends that has taken so much, None where it may go on."""
        if self.seconds is not None and seconds > self.seconds:
            return TrialFailed("timeout", f"it was not done after budget.trial_seconds={self.seconds:g}")
        if self.memory_mb is not None and memory_mb > self.memory_mb:
            allowed = f"budget.trial_memory_mb={self.memory_mb:g}"
            return TrialFailed(
                "memory", f"its process had {memory_mb:.0f} MB at its peak and {allowed}; smaller batches need less"
            )
        return None

    def raise_if_over(self, seconds: float) -> None:
        """Ends a trial that trains in this process since so many seconds, if it has too much.

        Raises:
            TrialFailed: it has.
        """
        broken = self.broken(seconds, own_mb() if self.memory_mb is not None else 0.0)
        if broken is not None:
            raise broken


NO_LIMITS = Limits()


def own_mb(process: int | None = None) -> float:
    """The resident memory that is a process's own (this one's by default), without files that it has mapped.

    Where the system does not tell, the peak of this process stands for its memory, and 0 for that of another.
    """
    statm = Path("/proc", "self" if process is None else str(process), "statm")
    if statm.exists():
        _, resident, shared, *_ = map(int, statm.read_text().split())
        return (resident - shared) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _PER_MB if process is None else 0.0
