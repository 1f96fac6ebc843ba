"""Clusters of dask.distributed: processes on this machine, or those of an existing scheduler."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dask
from distributed import Client, Nanny, Scheduler, SpecCluster
from distributed.security import Security

from foldwise.errors import ConfigError, JobError

SECONDS_TO_CONNECT = 10
HERE = "127.0.0.1"
# Ctrl-C in a terminal reaches all its processes, but only the coordinator decides about trials. Signal handlers can only be
# set on a worker's main thread, so this is preloaded.
PRELOAD = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
# No HTTP pages, no profiling every 10 ms, no warnings about large tasks.
QUIET = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.admin.large-graph-warning-threshold": "1 GiB",
}


class LocalCluster:
    """Worker processes on this machine, each with one thread for jobs. The folder `share` is removed with them.

    Only this process and its workers can connect, with temporary keys. Workers end by themselves when this process is gone.
    """

    def __init__(self, workers: int, threads: int, share: Path | None = None) -> None:
        self.size: int | None = workers
        own = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        with ExitStack() as undo:
            undo.enter_context(dask.config.set({**QUIET, "distributed.nanny.pre-spawn-environ": own}))
            if share is not None:
                undo.callback(shutil.rmtree, share, ignore_errors=True)
            folder = undo.enter_context(TemporaryDirectory(prefix="foldwise-workers-", ignore_cleanup_errors=True))
            security = Security.temporary()
            try:
                self._cluster = SpecCluster(
                    scheduler={"cls": Scheduler, "options": _scheduler(security)},
                    workers={number: {"cls": Nanny, "options": _nanny(number, security, folder)} for number in range(workers)},
                    security=security,
                    silence_logs=logging.CRITICAL,
                )
            except RuntimeError as fault:  # each worker imports the program that starts it, as in multiprocessing
                rule = 'put the code of a script below `if __name__ == "__main__":`'
                raise JobError(f"no worker process could be started ({fault}); {rule}") from None
            undo.callback(self._cluster.close)
            self.client = Client(self._cluster, set_as_default=False)
            self._undo = undo.pop_all()

    def notes(self) -> Iterator[str]:
        """The log lines of the nannies, the latest first."""
        for nanny in self._cluster.workers.values():
            for _, line in nanny.get_logs():
                yield line

    def close(self) -> None:
        """Kill all processes at once; none has anything left to save."""
        self._cluster.sync(_end, list(self._cluster.workers.values()))
        self.client.close()
        self._undo.close()


class SharedCluster:
    """The workers of an existing scheduler, which may come and go."""

    size: int | None = None

    def __init__(self, address: str) -> None:
        try:
            self.client = Client(address, set_as_default=False, timeout=SECONDS_TO_CONNECT)
        except (OSError, ValueError, TypeError) as fault:
            start = f"start one with `dask scheduler` and its workers with `dask worker {address}`"
            raise ConfigError("execute.address", f"no scheduler answers at {address} ({fault}); {start}") from None

    def notes(self) -> Iterator[str]:
        """The log lines of the nannies, the latest first."""
        for lines in self.client.get_worker_logs(nanny=True).values():
            for _, line in lines:
                yield line

    def close(self) -> None:
        """Disconnect."""
        self.client.close()


def cause_of(process: int, notes: Iterable[str]) -> str | None:
    """How a worker's process died, None if no nanny has logged it.

    Args:
        process: its number.
        notes: the log lines of the nannies.
    """
    noted = re.compile(rf"Worker process {process} (?:was killed by signal (\d+)|exited with status (\d+))")
    found = next((match for match in map(noted.search, notes) if match), None)
    if found is None:
        return None
    if found[1] is None:
        return f"its process ended with {found[2]}"
    number = int(found[1])
    known = number in set(signal.Signals)
    return f"its process ended by {signal.Signals(number).name if known else f'signal {number}'}"


def _scheduler(security: Security) -> dict[str, Any]:
    return {
        "host": HERE,
        "port": 0,
        "dashboard": False,
        "dashboard_address": f"{HERE}:0",
        "security": security,
        "allowed_failures": 0,  # the coordinator decides whether a trial is run again
    }


def _nanny(number: int, security: Security, folder: str) -> dict[str, Any]:
    devices = _devices()
    return {
        "host": HERE,
        "nthreads": 1,
        "local_directory": folder,
        "memory_limit": None,
        "dashboard_address": f"{HERE}:0",
        "security": security,
        "silence_logs": logging.CRITICAL,
        "preload": [PRELOAD],
        "env": {"CUDA_VISIBLE_DEVICES": devices[number % len(devices)]} if devices else {},
    }


def _devices() -> list[str]:
    """The GPUs of this machine that may be used; each worker gets one."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [device for device in allowed.split(",") if device]
    return [str(number) for number, _ in enumerate(Path("/proc/driver/nvidia/gpus").glob("*"))]


async def _end(nannies: list[Nanny]) -> None:
    """Kill the workers' processes, including those that are starting, and start no others."""
    for nanny in nannies:
        nanny.close_gracefully()
        if nanny.pid:
            os.kill(nanny.pid, signal.SIGKILL)
