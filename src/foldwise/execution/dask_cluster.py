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
# On a worker's main thread, where alone it can be said: Ctrl-C at a terminal goes to all of its processes, and it is for the
# coordinator to decide what becomes of a trial.
PRELOAD = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
# Nothing of ours is looked at over HTTP, sampled every 10 ms, or moved to disk.
QUIET = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.admin.large-graph-warning-threshold": "1 GiB",
}


class LocalCluster:
    """So many worker processes on this machine, each with a thread for jobs. What they `share`, a folder, goes with them.

    Only this process and its workers can talk to them: keys are made for the occasion. A worker ends by itself when this
    process is gone, however that happened.
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
            except RuntimeError as fault:  # each worker imports the program that starts it, as multiprocessing has it
                rule = 'a script of your own has to begin below `if __name__ == "__main__":`'
                raise JobError(f"no worker process could be started ({fault}); {rule}") from None
            undo.callback(self._cluster.close)
            self.client = Client(self._cluster, set_as_default=False)
            self._undo = undo.pop_all()

    def notes(self) -> Iterator[str]:
        """What the nannies noted, the latest first."""
        for nanny in self._cluster.workers.values():
            for _, line in nanny.get_logs():
                yield line

    def close(self) -> None:
        """End all processes at once: nothing that they know is worth waiting for."""
        self._cluster.sync(_end, list(self._cluster.workers.values()))
        self.client.close()
        self._undo.close()


class SharedCluster:
    """The workers of an existing scheduler, which come and go as they like."""

    size: int | None = None

    def __init__(self, address: str) -> None:
        try:
            self.client = Client(address, set_as_default=False, timeout=SECONDS_TO_CONNECT)
        except (OSError, ValueError, TypeError) as fault:
            start = f"start one by `dask scheduler` and its workers by `dask worker {address}`"
            raise ConfigError("execute.address", f"no scheduler answers at {address} ({fault}); {start}") from None

    def notes(self) -> Iterator[str]:
        """What the nannies noted, the latest first."""
        for lines in self.client.get_worker_logs(nanny=True).values():
            for _, line in lines:
                yield line

    def close(self) -> None:
        """Let go of it."""
        self.client.close()


def cause_of(process: int, notes: Iterable[str]) -> str | None:
    """What a worker's process died of, None where no nanny has noted it.

    Args:
        process: its number.
        notes: what the nannies noted.
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
        "allowed_failures": 0,  # whether a trial is run again is for the coordinator to say
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
    """The graphics cards of this machine that may be used, one worker each."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [device for device in allowed.split(",") if device]
    return [str(number) for number, _ in enumerate(Path("/proc/driver/nvidia/gpus").glob("*"))]


async def _end(nannies: list[Nanny]) -> None:
    """End the workers' processes, also of those that are just starting, and start no others."""
    for nanny in nannies:
        nanny.close_gracefully()
        if nanny.pid:
            os.kill(nanny.pid, signal.SIGKILL)
