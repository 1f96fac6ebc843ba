"""A command as a child, with what it took: by the clock, of the processors, and of memory, its own children included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer


@dataclass(frozen=True)
class Spent:
    """code: the exit code, negative for a signal. processor: seconds of the child and of its children that it waited for."""

    code: int
    seconds: float
    processor: float
    peak_mb: float


def run(command: Sequence[str], log: Path, limit: float) -> Spent:
    """Run a command and write what it prints to a file; it is killed after `limit` seconds."""
    began = time.perf_counter()
    with log.open("wb") as file:
        child = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)  # noqa: S603 commands of the benchmarks
        guard = Timer(limit, child.kill)
        guard.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            guard.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Spent(child.returncode, time.perf_counter() - began, usage.ru_utime + usage.ru_stime, kilobytes / 1024)
