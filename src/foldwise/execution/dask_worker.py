"""What happens in the processes of others: on a worker, which trains, and on its nanny, which watches over its process."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from foldwise.errors import JobError
from foldwise.system.limits import own_mb
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult

Notify = Callable[[str], None]
Run = Callable[[TrialJob], TrialResult]


@dataclass(frozen=True, eq=False)
class Opened:
    """What a worker has of a study: what runs its jobs, and what is to be said."""

    run: Run
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Done:
    """A job's result, what was said since the last one, and the memory that the process holds."""

    result: TrialResult
    said: tuple[str, ...]
    held: float


def open_worker(opening: bytes, ours: str) -> Opened:
    """Before a worker's first job.

    Args:
        opening: the pickle of a function of what hears sentences, which gives back what runs jobs.
        ours: the coordinator's version.
    """
    if version("foldwise") != ours:
        raise JobError(f"it has foldwise {version('foldwise')} and the coordinator has {ours}; install the same")
    said: list[str] = []
    return Opened(pickle.loads(opening)(said.append), said)  # noqa: S301 - from the coordinator, as all that dask carries


def run_job(opened: Opened, job: TrialJob) -> Done:
    """A job."""
    result = opened.run(job)
    said = tuple(opened.said)
    opened.said.clear()
    return Done(result, said, own_mb())


def kill_process(dask_worker: Any) -> None:
    """On a nanny: end the worker's process, whatever it does; the nanny starts another."""
    if dask_worker.pid:
        os.kill(dask_worker.pid, signal.SIGKILL)


def process_mb(dask_worker: Any) -> float:
    """On a nanny: the memory of the worker's process."""
    return own_mb(dask_worker.pid) if dask_worker.pid else 0.0
