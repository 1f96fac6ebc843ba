"""Runs trials in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from foldwise.errors import Interrupted
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult


class HereExecutor:
    """Runs a job at once, inside `submit`, and returns a future that is already done."""

    slots = 1

    def __init__(self, run: Callable[[TrialJob], TrialResult]) -> None:
        self._run = run

    def submit(self, job: TrialJob) -> Future[TrialResult]:
        """Run a job, and return its result or fault in a finished future.

        Raises:
            Interrupted: the user asked to stop while the job ran; KeyboardInterrupt is raised too.
        """
        future: Future[TrialResult] = Future()
        try:
            future.set_result(self._run(job))
        except Interrupted:
            raise
        except Exception as fault:  # noqa: BLE001 - the future raises it
            future.set_exception(fault)
        return future

    def close(self) -> None:
        """Free what jobs were run with, such as prepared folds."""
        self._run = _closed


def _closed(job: TrialJob) -> TrialResult:
    raise RuntimeError(f"trial {job.number} was submitted to an executor that is closed")
