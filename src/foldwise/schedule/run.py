"""Run a slot of a job: its door as a process, with output in a file, a time limit, and retries."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.errors import FoldwiseError, Interrupted
from foldwise.schedule.spec import JobSpec, write_slot
from foldwise.system.kill_points import reached
from foldwise.system.redact import without_password
from foldwise.system.webhook import tell

if TYPE_CHECKING:
    from foldwise.ledger.job_runs import JobRuns
    from foldwise.schedule.lock import JobLock

SECONDS_TO_END = 10.0  # between SIGTERM and SIGKILL
DEATHS = 2  # attempts after killed processes, beside the retries that the job allows
WRONG = 2  # a door's exit code for wrong configuration or data: a retry would end the same
TAIL = 65_536
LONGEST_REASON = 500
STEP = 0.1
SECONDS_BETWEEN_HOLDS = 5.0


@dataclass(frozen=True)
class Outcome:
    """How a slot or one try of it ended. `again`: whether a retry could help."""

    state: str
    exit_code: int | None = None
    reason: str | None = None
    again: bool = False


def run_slot(
    job: JobSpec,
    slot: datetime,
    attempt: int,
    job_runs: JobRuns,
    lock: JobLock,
    log: Path,
    command: Sequence[str],
    notify: Callable[[str], None],
    raise_if_stopped: Callable[[], None] = lambda: None,
) -> Outcome | None:
    """Run a slot to its end, with the job's retries; the ledger records each attempt before it starts.

    Args:
        job: the job.
        slot: claimed or running in the ledger.
        attempt: its attempt in the ledger.
        job_runs: the ledger's.
        lock: the job's; the door inherits it.
        log: the file for the door's output.
        command: the door.
        notify: shows notes to the user.
        raise_if_stopped: raises Interrupted after the user asked to stop.

    Returns:
        How it ended; None if another process took the slot over first.

    Raises:
        Overtaken: another process took the slot over meanwhile.
    """
    if attempt > job.retries + DEATHS:
        number = job_runs.take(job.name, slot, attempt, str(log))
        outcome = Outcome("FAILED", None, f"its processes were killed, {attempt} attempts")
        return None if number is None else _ended(job, slot, job_runs, outcome, log, notify, number)
    pause = job.pause
    with _held(job_runs, job.name):
        while True:
            number = job_runs.take(job.name, slot, attempt, str(log))
            if number is None:
                notify(f"job {job.name}: the slot {write_slot(slot)} was taken over by another process")
                return None
            reached("after-take")
            outcome = _tried(job, number, lock, log, command, raise_if_stopped)
            reached("after-job-ended")
            if outcome.state == "DONE" or not outcome.again or number > job.retries:
                return _ended(job, slot, job_runs, outcome, log, notify, number)
            notify(f"job {job.name}: attempt {number} failed, {outcome.reason}; retrying in {pause:g} s")
            try:
                _wait(pause, raise_if_stopped)
            except Interrupted:
                return _ended(job, slot, job_runs, outcome, log, notify, number)
            attempt, pause = number, 2 * pause


def _ended(
    job: JobSpec, slot: datetime, job_runs: JobRuns, outcome: Outcome, log: Path, notify: Callable[[str], None], number: int
) -> Outcome:
    """Record the end of a slot, then report a failure to the webhook."""
    job_runs.finish(job.name, slot, number, outcome.state, outcome.exit_code, outcome.reason)
    reached("after-slot-finished")
    if outcome.state == "FAILED" and job.webhook is not None:
        report = {"job": job.name, "slot": slot.isoformat(), "state": outcome.state, "attempts": number}
        report |= {"exit_code": outcome.exit_code, "reason": outcome.reason, "log": str(log)}
        if fault := tell(job.webhook, report, job.webhook_private):
            notify(f"job {job.name}: {fault}")
    return outcome


def _tried(
    job: JobSpec, number: int, lock: JobLock, log: Path, command: Sequence[str], raise_if_stopped: Callable[[], None]
) -> Outcome:
    """One try, in its own process group, which ends with its leader, at the time limit, or when the user stops it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        words = without_password(" ".join(command))
        file.write(f"--- {datetime.now(UTC).isoformat(' ', 'seconds')} attempt {number}: {words}\n".encode())
        file.flush()
        begins = file.tell()
        door = subprocess.Popen(  # noqa: S603 a list of words, never a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock.number],
        )
        end, cut = time.monotonic() + job.time_limit, None
        try:
            while not _has_ended(door):
                if time.monotonic() >= end:
                    cut = f"it was stopped at its time_limit of {job.time_limit:g} s"
                    break
                raise_if_stopped()
                time.sleep(min(STEP, max(end - time.monotonic(), 0)))
        except Interrupted:
            cut = "it was stopped by a signal"
        finally:
            code = _end(door)
    if code == 0:  # also if it finished while it was being stopped
        return Outcome("DONE", 0, cut)
    if cut is not None:
        return Outcome("FAILED", code, cut)
    died = f"it was killed by {signal.Signals(-code).name}" if code < 0 else None
    return Outcome("FAILED", code, died or _last_error(log, begins) or f"it ended with exit code {code}", code != WRONG)


def _end(door: subprocess.Popen[bytes]) -> int:
    """End a process that still runs, and its whole group; the exit code."""
    end = time.monotonic() + SECONDS_TO_END
    if not _has_ended(door):
        _signal(door.pid, signal.SIGTERM)
    while not _has_ended(door) and time.monotonic() < end:
        time.sleep(STEP / 10)
    _signal(door.pid, signal.SIGKILL)  # before `wait` the system cannot reuse the group's number
    return door.wait()


def _has_ended(door: subprocess.Popen[bytes]) -> bool:
    return os.waitid(os.P_PID, door.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # no process is left in it
        os.killpg(group, number)


def _last_error(log: Path, begins: int) -> str | None:
    """The last line of an attempt's output that begins with `error:`, else its last line."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(begins, size - TAIL))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    found = errors or lines
    return without_password(found[-1])[:LONGEST_REASON] if found else None


def _wait(seconds: float, raise_if_stopped: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        raise_if_stopped()
        time.sleep(min(STEP, left))


@contextmanager
def _held(job_runs: JobRuns, job: str) -> Iterator[None]:
    """Keep the lock between machines while a job runs, as a lost connection loses it."""
    over = threading.Event()

    def hold() -> None:
        with suppress(FoldwiseError):  # the user stopped the job while the database was unavailable
            while not over.wait(SECONDS_BETWEEN_HOLDS):
                job_runs.stay_alone(job)

    keeper = threading.Thread(target=hold, daemon=True, name=f"lock of {job}")
    keeper.start()
    try:
        yield
    finally:
        over.set()
