"""How much memory this process has."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")
_KB = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in


def own_mb() -> float:
    """The resident memory that is this process's own, without files that it has mapped; its peak where that is not known."""
    if _STATM.exists():
        _, resident, shared, *_ = map(int, _STATM.read_text().split())
        return (resident - shared) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KB / 2**20
