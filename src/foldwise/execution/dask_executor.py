"""Runs trials in processes of dask.distributed, on this machine or on the workers of an existing scheduler.

A worker has one job at a time and none waiting, so that killing and renewing it costs no other trial. One thread keeps the
state of all workers and handles events one by one; dask is told on which worker each job runs. Dask exchanges pickles: anyone
who can connect to a scheduler can run code as its user.
"""

from __future__ import annotations

import os
import pickle
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, Protocol

from distributed import Client, KilledWorker
from distributed import Future as Task

from foldwise.errors import FoldwiseError, JobError, WorkerDied
from foldwise.execution.dask_cluster import cause_of
from foldwise.execution.dask_worker import Notify, Run, kill_process, open_worker, process_mb, run_job
from foldwise.system.limits import NO_LIMITS, Limits
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_FOR_A_RESULT = 60.0
# If this many workers in a row cannot start, none can.
MOST_FAILED_OPENINGS = 3
# A worker that holds this much more memory than after its first job is renewed before its next one.
MOST_GROWTH_MB = 2048
# How much longer than allowed a process may train before it is killed, which loses the folds that are done.
GRACE_SECONDS = 2.0
# How long a nanny may take to log how its worker died.
TRIES_AT_A_CAUSE, SECONDS_BETWEEN_TRIES = 10, 0.05


class Cluster(Protocol):
    """Where the workers are."""

    client: Client
    size: int | None  # how many workers it always has, None if they come and go

    def notes(self) -> Iterable[str]: ...  # noqa: D102 log lines of the nannies, the latest first
    def close(self) -> None: ...  # noqa: D102 the name says it


@dataclass(eq=False)
class _Worker:
    """A worker of this study, until it is gone; a renewed worker is a new one.

    number: of its process. data: the pickled opening; held here because dask drops data without a reference, even if a
    submitted task needs it. opened: runs jobs, kept on the worker by dask. began: when its job began. held: the memory that
    it kept after its first job. most: the most memory that was measured during this job.
    """

    address: str
    number: int
    data: Task | None
    opened: Task
    is_ready: bool = False
    task: Any = None  # a Task while it has a job
    job: TrialJob | None = None
    answer: Future[TrialResult] | None = None
    began: float = 0.0
    most: float = 0.0
    held: float | None = None

    @property
    def is_free(self) -> bool:
        return self.is_ready and self.task is None

    def take_answer(self) -> Future[TrialResult]:
        """The future of its job, which is forgotten: a later result of it does not count."""
        answer, self.answer, self.task, self.job = self.answer, None, None, None
        assert answer is not None  # there was a job
        return answer


class DaskExecutor:
    """Runs each job on the next free worker.

    Args:
        cluster: where the workers are.
        opening: sent to every worker once and called there with a function that takes sentences for the user; returns a
            function that runs jobs.
        notify: is called here with these sentences.
        limits: of a trial. Training checks them itself; a process that does not get to it is killed.
        most_growth_mb: a worker that holds this much more memory than after its first job is renewed.
    """

    def __init__(
        self,
        cluster: Cluster,
        opening: Callable[[Notify], Run],
        notify: Notify = lambda sentence: None,
        limits: Limits = NO_LIMITS,
        most_growth_mb: float = MOST_GROWTH_MB,
    ) -> None:
        self._cluster, self._client, self._notify = cluster, cluster.client, notify
        self._limits, self._most_growth = limits, most_growth_mb
        self._opening = pickle.dumps(opening)
        self._workers: dict[str, _Worker] = {}
        # address -> process of a worker that is gone and may still be listed; the next one may get the same address
        self._given_up: dict[str, int] = {}
        self._waiting: deque[tuple[TrialJob, Future[TrialResult]]] = deque()
        self._failed_openings = 0
        self._fault: FoldwiseError | None = None
        self._closing = threading.Event()
        self._mail: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="dask executor", daemon=True)
        self._thread.start()

    @property
    def slots(self) -> int:
        """The number of workers. While a cluster has none yet, one job waits."""
        return self._cluster.size or max(1, len(self._workers))

    def submit(self, job: TrialJob) -> Future[TrialResult]:
        """Start a job; the future raises WorkerDied if its process dies."""
        answer: Future[TrialResult] = Future()
        self._mail.put(partial(self._take, job, answer))
        return answer

    def close(self) -> None:
        """Cancel running jobs and close the cluster; a shared one keeps its workers."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._mail.put(lambda: None)
        self._thread.join(timeout=5)
        for _, answer in self._waiting:
            answer.cancel()
        for worker in list(self._workers.values()):
            if worker.task is not None:
                worker.take_answer().cancel()
                if self._cluster.size is None:  # else the cancelled trial would go on there
                    self._renew(worker)
        self._workers.clear()
        self._cluster.close()

    def _serve(self) -> None:
        """Handle events until the executor is closed."""
        looked = -SECONDS_BETWEEN_LOOKS
        try:
            while not self._closing.is_set():
                if time.monotonic() - looked >= SECONDS_BETWEEN_LOOKS:
                    self._look()
                    self._hold_to_limits()
                    looked = time.monotonic()
                self._hand_out()
                try:
                    act = self._mail.get(timeout=SECONDS_BETWEEN_LOOKS)
                except queue.Empty:
                    continue
                act()
        except Exception as fault:  # noqa: BLE001 - all waiting futures must get it
            if not self._closing.is_set():
                self._give_up(JobError(f"the dask scheduler is lost: {type(fault).__name__}: {fault}"))

    def _take(self, job: TrialJob, answer: Future[TrialResult]) -> None:
        if self._fault is not None:
            answer.set_exception(self._fault)
        else:
            self._waiting.append((job, answer))

    def _look(self) -> None:
        """Find new workers and lost ones."""
        present = set(self._client.nthreads())  # scheduler_info() may list no workers during its own refresh
        for worker in [worker for address, worker in self._workers.items() if address not in present]:
            self._lost(worker)
        self._given_up = {address: number for address, number in self._given_up.items() if address in present}
        for address in sorted(present - self._workers.keys()):
            self._open(address)

    def _open(self, address: str) -> None:
        try:
            number = self._client.run(os.getpid, workers=[address])[address]
            if number == self._given_up.get(address):
                return
            data = self._client.scatter(self._opening, workers=[address], hash=False)
        except (OSError, ValueError, KeyError):  # it is gone already
            return
        opened = self._send(address, open_worker, data, version("foldwise"))
        worker = self._workers[address] = _Worker(address, number, data, opened)
        opened.add_done_callback(lambda task: self._mail.put(partial(self._opened, worker)))

    def _opened(self, worker: _Worker) -> None:
        if self._workers.get(worker.address) is not worker:
            return
        if worker.opened.status != "finished":
            fault = worker.opened.exception() if worker.opened.status == "error" else None
            if fault is None or isinstance(fault, KilledWorker):
                self._lost(worker)
                return
            self._renew(worker)  # another study may have left its process in a state that does not fit
            self._failed(f"{fault}" if isinstance(fault, FoldwiseError) else f"{type(fault).__name__}: {fault}")
            return
        worker.is_ready, worker.data = True, None
        self._failed_openings = 0

    def _hand_out(self) -> None:
        for worker in [worker for worker in self._workers.values() if worker.is_free]:
            if not self._waiting:
                return
            worker.job, worker.answer = self._waiting.popleft()
            worker.began, worker.most = time.monotonic(), 0.0
            worker.task = self._send(worker.address, run_job, worker.opened, worker.job)
            worker.task.add_done_callback(partial(self._post, worker))

    def _post(self, worker: _Worker, task: Task) -> None:
        self._mail.put(partial(self._ran, worker, task))

    def _ran(self, worker: _Worker, task: Task) -> None:
        """Take the end of a job, good or bad."""
        if worker.task is not task:  # its worker was lost, or it was stopped
            return
        fault = task.exception() if task.status == "error" else None
        if task.status == "finished":
            try:
                done = task.result(timeout=SECONDS_FOR_A_RESULT)
            except Exception:  # noqa: BLE001 - the worker is gone with its result; dask has several errors for that
                self._lost(worker)
                return
            for sentence in done.messages:
                self._notify(sentence)
            worker.take_answer().set_result(done.result)
            worker.held = done.held if worker.held is None else worker.held
            if done.held - worker.held > self._most_growth or (done.result.reason or "").startswith("memory:"):
                self._renew(worker)
        elif fault is None or isinstance(fault, KilledWorker):
            self._lost(worker)
        else:
            worker.take_answer().set_exception(fault)

    def _hold_to_limits(self) -> None:
        """Kill processes that exceed a limit; for time with some grace, so that they can stop at the end of an epoch."""
        if self._limits == NO_LIMITS:
            return
        megabytes: dict[str, float] = {}
        if self._limits.memory_mb is not None:
            megabytes = self._client.run(process_mb, nanny=True, on_error="ignore")
        for worker in [worker for worker in self._workers.values() if worker.task is not None]:
            worker.most = max(worker.most, megabytes.get(worker.address, 0.0))
            spent = time.monotonic() - worker.began
            broken = self._limits.broken(spent - GRACE_SECONDS, worker.most)
            if broken is not None and worker.job is not None:
                job = worker.job
                failed = TrialResult(job.number, job.params, "FAILED", reason=str(broken), seconds=spent)
                worker.take_answer().set_result(failed)
                self._renew(worker)

    def _lost(self, worker: _Worker) -> None:
        """Forget a worker whose process is gone, and fail its job."""
        self._workers.pop(worker.address, None)
        self._given_up[worker.address] = worker.number
        if worker.task is not None:
            worker.take_answer().set_exception(WorkerDied(self._cause(worker)))
        elif not worker.is_ready:
            self._failed(f"{self._cause(worker)} while it started")

    def _cause(self, worker: _Worker) -> str:
        """How a process died, from the logs of the nannies."""
        for _ in range(TRIES_AT_A_CAUSE):
            cause = cause_of(worker.number, self._cluster.notes())
            if cause is not None:
                return cause
            time.sleep(SECONDS_BETWEEN_TRIES)
        return "its process is gone"

    def _failed(self, why: str) -> None:
        self._failed_openings += 1
        if self._failed_openings >= MOST_FAILED_OPENINGS:
            self._give_up(JobError(f"no worker can train: {self._failed_openings} have failed, the last with: {why}"))

    def _give_up(self, fault: FoldwiseError) -> None:
        """Run no more jobs, and fail all that wait or run."""
        self._fault = fault
        answers = [answer for _, answer in self._waiting]
        answers += [worker.take_answer() for worker in self._workers.values() if worker.task is not None]
        self._waiting.clear()
        self._workers.clear()
        for answer in answers:
            answer.set_exception(fault)

    def _renew(self, worker: _Worker) -> None:
        """Kill a worker's process; its nanny starts another."""
        self._workers.pop(worker.address, None)
        self._given_up[worker.address] = worker.number
        self._client.run(kill_process, workers=[worker.address], nanny=True, on_error="ignore")

    def _send(self, address: str, function: Callable[..., Any], *arguments: Any) -> Task:
        return self._client.submit(function, *arguments, workers=[address], allow_other_workers=False, pure=False, retries=0)
