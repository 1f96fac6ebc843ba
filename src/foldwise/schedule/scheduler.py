"""Who looks at the jobs: finds the slots that are due, claims each once, and starts what runs it.

Whoever handles a job holds its lock: a scheduler from before it claims a slot, and the process that it starts for it from its
birth on. So on one machine a slot that is claimed or running while the lock is free was left behind and is taken up, and one
whose predecessor still runs is seen to be so. Between machines, which share a ledger in PostgreSQL, the ledger's own lock says
who runs, and a slot is left behind when nobody had that for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from foldwise.errors import ConfigError
from foldwise.schedule.cron import latest_slots, next_slot
from foldwise.schedule.files import read_jobs
from foldwise.schedule.lock import JobLock, job_lock
from foldwise.schedule.spec import JobSpec, write_slot
from foldwise.system.kill_points import reached

if TYPE_CHECKING:
    from foldwise.ledger.job_runs import JobRun, JobRuns

LISTED_MISSED = 100  # of the slots that nobody ran, those that the ledger lists
HANDOVER_SECONDS = 30.0  # from claiming a slot on another machine until its process holds the lock between machines
SECONDS_BETWEEN_LOOKS = 60.0
STEP = 0.5
AWAY = "no scheduler was there; of the slots that were missed the latest is caught up with"
GONE = "gone"


class Process(Protocol):
    """What was started for a slot."""

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""


Launch = Callable[[JobSpec, datetime, int, JobLock], Process]


class Scheduler:
    """Looks at a folder of jobs.

    Args:
        folder: the jobs' files.
        job_runs: the ledger's.
        locks: where the jobs' locks are, the same for all schedulers of this machine.
        launch: starts a process that runs a slot of a job from an attempt on; it is handed the job's lock.
        now: the moment, which may jump.
        notify: hears what a person should know.
        handover: seconds.
    """

    def __init__(
        self,
        folder: Path,
        job_runs: JobRuns,
        locks: Path,
        launch: Launch,
        now: Callable[[], datetime],
        notify: Callable[[str], None],
        handover: float = HANDOVER_SECONDS,
    ) -> None:
        self._folder, self._job_runs, self._locks = folder, job_runs, locks
        self._launch, self._now, self._notify = launch, now, notify
        self._handover = 0.0 if job_runs.folder is not None else handover
        self._known: dict[str, str] = {}
        self._said: Mapping[str, str] = {}
        self._left: dict[str, tuple[JobRun, float]] = {}
        self._children: list[Process] = []
        self._files = _marks(folder)

    def look(self) -> datetime | None:
        """Starts what is due; when the next slot comes, None where no job is enabled."""
        self._files = _marks(self._folder)
        try:
            found = read_jobs(self._folder)
        except ConfigError as error:  # the folder is being replaced, or is away for a while
            self._complain({"": str(error)})
            return None
        self._complain({name: str(error) for name, error in found.broken.items()})
        now = self._now()
        for name in self._known.keys() - found.jobs.keys() - found.broken.keys():
            self._know(name, GONE, now)
            del self._known[name]
        enabled = [job for job in found.jobs.values() if job.enabled]
        for job in found.jobs.values():
            self._know(job.name, job.when, now)
        for job in enabled:
            self._handle(job, now)
        return min((next_slot(job.timing, now) for job in enabled), default=None)

    def stirred(self) -> bool:
        """Whether there is reason to look again: a process ended, or a file changed."""
        running = [child for child in self._children if child.poll() is None]
        ended = len(running) < len(self._children)
        self._children = running
        return ended or _marks(self._folder) != self._files

    def _complain(self, broken: Mapping[str, str]) -> None:
        """Each fault once, until it is another."""
        for name, sentence in broken.items():
            if self._said.get(name) != sentence:
                self._notify(f"error: {sentence}; the other jobs go on")
        self._said = broken

    def _know(self, name: str, when: str, now: datetime) -> None:
        """A job that is new, or due otherwise than before, has slots from now on only."""
        if self._known.get(name) == when:
            return
        row = self._job_runs.seen(name, now)
        if row is None or row.reason != when:
            moment = now.astimezone(UTC).replace(microsecond=0)
            while not self._job_runs.see(name, moment, when):
                moment += timedelta(seconds=1)
        self._known[name] = when

    def _handle(self, job: JobSpec, now: datetime) -> None:
        due = self._due(job, now)
        opened = self._job_runs.open(job.name)
        if not due and not opened:
            self._left.pop(job.name, None)
            return
        lock = job_lock(self._locks / f"{job.name}.lock")
        if lock is None:  # where nothing is open, another scheduler has only just begun with the very slot
            self._miss_while_running(job.name, due)
            return
        with closing(lock):
            due, opened = self._due(job, now), self._job_runs.open(job.name)  # as they are now that nobody else changes them
            if opened and not self._is_left(job.name, opened[0]):
                self._miss_while_running(job.name, due)
            elif opened:
                self._notify(f"job {job.name}: the slot {write_slot(opened[0].slot)} was left behind, it is taken up again")
                self._start(job, opened[0].slot, opened[0].attempt, lock)
            elif due:
                reached("after-job-lock")
                for slot in due[:-1]:
                    self._job_runs.miss(job.name, slot, AWAY)
                if self._job_runs.claim(job.name, due[-1]):
                    reached("after-claim")
                    self._start(job, due[-1], 0, lock)

    def _due(self, job: JobSpec, now: datetime) -> list[datetime]:
        last = self._job_runs.last(job.name, now)
        return [] if last is None else latest_slots(job.timing, last.slot, now, LISTED_MISSED + 1)

    def _miss_while_running(self, name: str, due: list[datetime]) -> None:
        opened = self._job_runs.open(name)
        for slot in due if opened else ():
            if self._job_runs.miss(name, slot, f"the run of {write_slot(opened[0].slot)} was still going"):
                self._notify(f"job {name}: the slot {write_slot(slot)} is missed, the one before still runs")

    def _is_left(self, name: str, row: JobRun) -> bool:
        """Whether a slot that is open, and runs nowhere on this machine, runs nowhere at all."""
        with self._job_runs.alone(name) as free:
            seen = self._left.get(name)
            if not free:
                self._left.pop(name, None)
                return False
            if seen is None or seen[0] != row:
                seen = self._left[name] = (row, time.monotonic())
            return time.monotonic() - seen[1] >= self._handover

    def _start(self, job: JobSpec, slot: datetime, attempt: int, lock: JobLock) -> None:
        try:
            self._children.append(self._launch(job, slot, attempt, lock))
        except OSError as fault:  # no memory, no more processes: the slot is taken up by the next look
            self._notify(f"error: job {job.name}: its process could not be started ({fault.strerror}), it will be tried again")
            return
        reached("after-launch")


def serve(
    scheduler: Scheduler,
    now: Callable[[], datetime],
    raise_if_stopped: Callable[[], None],
    step: float = STEP,
    longest: float = SECONDS_BETWEEN_LOOKS,
) -> None:
    """Looks at the jobs when a slot comes, and in between, without end.

    Args:
        scheduler: looks.
        now: the moment, which may jump.
        raise_if_stopped: raises where the user asked to stop.
        step: seconds between two looks at the clock.
        longest: seconds between two looks at the jobs.
    """
    while True:
        upcoming = scheduler.look()
        end = time.monotonic() + longest
        while time.monotonic() < end and (upcoming is None or now() < upcoming):
            raise_if_stopped()
            if scheduler.stirred():
                break
            time.sleep(step)
        raise_if_stopped()


def _marks(folder: Path) -> list[tuple[str, int, int]]:
    """What tells that a file of a folder is another one now."""
    marks = []
    for path in folder.glob("*.y*ml") if folder.is_dir() else ():
        try:
            state = path.stat()
        except OSError:  # removed meanwhile, or a link to nowhere
            continue
        marks.append((path.name, state.st_mtime_ns, state.st_size))
    return sorted(marks)
