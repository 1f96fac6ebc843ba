"""What an executor is: it runs trials somewhere and hands back futures."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult


class Executor(Protocol):
    """Runs jobs. A job is a value that says everything, so the numbers are the same wherever it runs."""

    @property
    def slots(self) -> int:
        """How many jobs run side by side; more of them would only wait."""
        ...

    def submit(self, job: TrialJob) -> Future[TrialResult]:
        """Starts a job. A trial that fails is a result; WorkerDied in the future says that its process is gone."""
        ...

    def close(self) -> None:
        """Lets go of all workers."""
        ...
