"""Runs trials side by side in threads of this process: small networks, whose steps TensorFlow does on one core each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from foldwise.execution.local import HereExecutor
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult


class ThreadsExecutor:
    """Runs each job in one of some threads, which take the jobs in the order in which they come.

    It has a slot more than threads, so that none is without a job while a result is committed.

    Args:
        run: runs a job, and can be called by several threads at once.
        threads: how many there are.
        singly: how many of the first jobs run one after the other, inside `submit`. They are those that an earlier start did
            not finish: if one of them crashes the process again, it is known which.
    """

    def __init__(self, run: Callable[[TrialJob], TrialResult], threads: int, singly: int = 0) -> None:
        self.slots = threads + 1
        self._run, self._singly, self._alone = run, singly, HereExecutor(run)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="trial")

    def submit(self, job: TrialJob) -> Future[TrialResult]:
        """Start a job, and return its future.

        Raises:
            Interrupted: the user asked to stop while one of the first jobs ran; KeyboardInterrupt is raised too.
        """
        if self._singly:
            self._singly -= 1
            return self._alone.submit(job)
        return self._threads.submit(self._run, job)

    def close(self) -> None:
        """Start no other job, wait for those that run, and free what jobs were run with."""
        self._threads.shutdown(cancel_futures=True)
        self._alone.close()
        self._run = _closed


def _closed(job: TrialJob) -> TrialResult:
    raise RuntimeError(f"trial {job.number} was submitted to an executor that is closed")
