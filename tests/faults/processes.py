"""An executor of processes that may be killed: each job in one of its own, forked here; one that dies is forked again."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from foldwise.system.kill_points import VARIABLE
from foldwise.trial.result import TrialResult


class Processes:
    """Runs jobs side by side. Where the file `armed` exists, the first worker that finds it keeps FOLDWISE_KILL."""

    def __init__(self, run: Callable[[object], TrialResult], slots: int, armed: Path) -> None:
        self.slots = slots
        self._run = run
        self._armed = armed
        self._threads = ThreadPoolExecutor(slots)

    def submit(self, job: object) -> Future[TrialResult]:
        """The job's future; a worker that dies is followed by another, as often as it takes."""
        return self._threads.submit(self._wait, job, *self._fork(job))

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _wait(self, job: object, child: int, pipe: int) -> TrialResult:
        while True:
            with os.fdopen(pipe, "rb") as file:
                answer = file.read()
            os.waitpid(child, 0)
            if answer:
                return pickle.loads(answer)  # noqa: S301 our own child wrote it
            child, pipe = self._fork(job)

    def _fork(self, job: object) -> tuple[int, int]:
        mine, its = os.pipe()
        child = os.fork()
        if child:
            os.close(its)
            return child, mine
        try:
            os.closerange(3, its)  # the coordinator's lock and connections are not the worker's
            os.closerange(its + 1, 256)
            try:
                self._armed.unlink()
            except FileNotFoundError:
                os.environ.pop(VARIABLE, None)
            os.write(its, pickle.dumps(self._run(job)))
        finally:
            os._exit(0)
