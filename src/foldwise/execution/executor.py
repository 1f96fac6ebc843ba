"""The interface of executors, which run trials somewhere and return futures."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult


class Executor(Protocol):
    """Runs jobs. A job contains everything it needs, so its numbers are the same wherever it runs."""

    @property
    def slots(self) -> int:
        """How many jobs run side by side."""
        ...

    def submit(self, job: TrialJob) -> Future[TrialResult]:
        """Start a job. A failed trial is a result; the future raises WorkerDied if its process died."""
        ...

    def close(self) -> None:
        """Release all workers."""
        ...
