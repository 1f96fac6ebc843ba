"""Functions that run in other processes: on a worker, which trains, and on its nanny, which watches the worker."""

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
    """A worker's state: the function that runs its jobs, and messages that are not reported yet."""

    run: Run
    messages: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Done:
    """A job's result, the messages since the last one, and the memory that the process holds."""

    result: TrialResult
    messages: tuple[str, ...]
    held: float


def open_worker(opening: bytes, ours: str) -> Opened:
    """Prepare a worker for its first job.

    Args:
        opening: a pickled function that takes a function for messages and returns one that runs jobs.
        ours: the coordinator's version.
    """
    if version("foldwise") != ours:
        raise JobError(
            f"the worker has foldwise {version('foldwise')} and the coordinator has {ours}; install the same version"
        )
    messages: list[str] = []
    return Opened(pickle.loads(opening)(messages.append), messages)  # noqa: S301 - from the coordinator, as everything here


def run_job(opened: Opened, job: TrialJob) -> Done:
    """Run a job."""
    result = opened.run(job)
    messages = tuple(opened.messages)
    opened.messages.clear()
    return Done(result, messages, own_mb())


def kill_process(dask_worker: Any) -> None:
    """On a nanny: kill the worker's process; the nanny starts another."""
    if dask_worker.pid:
        os.kill(dask_worker.pid, signal.SIGKILL)


def process_mb(dask_worker: Any) -> float:
    """On a nanny: the memory of the worker's process."""
    return own_mb(dask_worker.pid) if dask_worker.pid else 0.0
