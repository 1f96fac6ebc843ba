"""The scheduler: it finds due slots, claims each once, and starts the process that runs it.

A scheduler takes a job's lock before it claims a slot, and the process that it starts inherits the lock. So on one machine a
slot that is claimed or running while the lock is free was abandoned, and is started again; while the lock is held, the slot
before it still runs. Machines that share a ledger in PostgreSQL also use the ledger's lock: a slot is abandoned if that lock
was free for a while.
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

LISTED_MISSED = 100  # missed slots that are recorded after a long pause
HANDOVER_SECONDS = 30.0  # from a claim on another machine until its process holds the lock between machines
SECONDS_BETWEEN_LOOKS = 60.0
STEP = 0.5
AWAY = "no scheduler was running; only the latest missed slot is run"
GONE = "gone"


class Process(Protocol):
    """The process of a slot."""

    def poll(self) -> int | None:
        """The exit code, None while it runs."""


Launch = Callable[[JobSpec, datetime, int, JobLock], Process]


class Scheduler:
    """Starts the due jobs of a folder.

    Args:
        folder: the job files.
        job_runs: the ledger's.
        locks: the folder of the jobs' locks, shared by all schedulers of this machine.
        launch: starts the process for a slot at an attempt; it inherits the job's lock.
        now: the current time, which can jump.
        notify: shows notes to the user.
        handover: seconds, see HANDOVER_SECONDS.
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
        """Start what is due; the time of the next slot, None if no job is enabled."""
        self._files = _marks(self._folder)
        try:
            found = read_jobs(self._folder)
        except ConfigError as error:  # the folder is being replaced, or is unavailable
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
        """Whether a process ended or a file changed, so that it is time to look again."""
        running = [child for child in self._children if child.poll() is None]
        ended = len(running) < len(self._children)
        self._children = running
        return ended or _marks(self._folder) != self._files

    def _complain(self, broken: Mapping[str, str]) -> None:
        """Report each error once, until it changes."""
        for name, sentence in broken.items():
            if self._said.get(name) != sentence:
                self._notify(f"error: {sentence}; the other jobs continue")
        self._said = broken

    def _know(self, name: str, when: str, now: datetime) -> None:
        """Record a new or changed timing, so that the job has slots from now on only."""
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
        if lock is None:  # with nothing open, another scheduler is about to claim this slot
            self._miss_while_running(job.name, due)
            return
        with closing(lock):
            due, opened = self._due(job, now), self._job_runs.open(job.name)  # read again, as no other process changes them now
            if opened and not self._is_left(job.name, opened[0]):
                self._miss_while_running(job.name, due)
            elif opened:
                self._notify(f"job {job.name}: the slot {write_slot(opened[0].slot)} was abandoned, it is started again")
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
            if self._job_runs.miss(name, slot, f"the run of {write_slot(opened[0].slot)} was still in progress"):
                self._notify(f"job {name}: the slot {write_slot(slot)} is missed, the previous one still runs")

    def _is_left(self, name: str, row: JobRun) -> bool:
        """Whether an open slot that does not run on this machine runs on no other either."""
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
        except OSError as fault:  # no memory, or too many processes: the next look tries again
            self._notify(f"error: job {job.name}: its process could not be started ({fault.strerror}); it will be tried again")
            return
        reached("after-launch")


def serve(
    scheduler: Scheduler,
    now: Callable[[], datetime],
    raise_if_stopped: Callable[[], None],
    step: float = STEP,
    longest: float = SECONDS_BETWEEN_LOOKS,
) -> None:
    """Run a scheduler until the user stops it.

    Args:
        scheduler: looks at the jobs.
        now: the current time, which can jump.
        raise_if_stopped: raises after the user asked to stop.
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
    """Name, time and size of each job file, to notice changes."""
    marks = []
    for path in folder.glob("*.y*ml") if folder.is_dir() else ():
        try:
            state = path.stat()
        except OSError:  # removed meanwhile, or a broken link
            continue
        marks.append((path.name, state.st_mtime_ns, state.st_size))
    return sorted(marks)
