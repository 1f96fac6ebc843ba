"""Schedulers that may be killed, on a clock of their own: python -m tests.faults.schedule_driver reads what to start.

Reads lines of JSON, {runs, url, kill, pause}; answers each with {pid}. A scheduler looks at RUNS/conf, its moment is in
RUNS/clock, and what runs a slot is a process forked from it, whose number goes into RUNS/runners: it starts a shell that
appends the slot to RUNS/effects and takes `pause` seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from foldwise.ledger.ledger import open_ledger
from foldwise.schedule.lock import JobLock
from foldwise.schedule.run import run_slot
from foldwise.schedule.scheduler import Scheduler, serve
from foldwise.schedule.spec import JobSpec, write_slot
from foldwise.system.kill_points import VARIABLE

STEP, LONGEST = 0.01, 0.2


class Forked:
    """A process forked here."""

    def __init__(self, number: int) -> None:
        self._number: int | None = number

    def poll(self) -> int | None:
        if self._number is not None and os.waitpid(self._number, os.WNOHANG)[0]:
            self._number = None
        return 0 if self._number is None else None


def schedule(runs: Path, url: str, pause: float) -> None:
    job_runs = open_ledger(url, notify).job_runs

    def now() -> datetime:
        return datetime.fromisoformat((runs / "clock").read_text())

    def launch(job: JobSpec, slot: datetime, attempt: int, lock: JobLock) -> Forked:
        child = os.fork()
        if child:
            return Forked(child)
        with contextlib.suppress(BaseException):
            os.setsid()
            note(runs / "runners", str(os.getpid()))
            command = ["sh", "-c", f"echo {job.name} {write_slot(slot)} >> {runs}/effects; sleep {pause}"]
            own = open_ledger(url, notify).job_runs
            run_slot(job, slot, attempt, own, lock, runs / "logs" / write_slot(slot), command, notify)
        os._exit(0)

    scheduler = Scheduler(runs / "conf", job_runs, runs / "jobs", launch, now, notify, handover=0.5)
    serve(scheduler, now, lambda: None, STEP, LONGEST)


def notify(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def note(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no process waits for a scheduler
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            begin(asked)
        sys.stdout.write(json.dumps({"pid": child}) + "\n")
        sys.stdout.flush()


def begin(asked: dict) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    runs = Path(asked["runs"])
    with (runs / "said").open("a", encoding="utf-8") as said, contextlib.redirect_stderr(said):
        try:
            if asked["kill"]:
                os.environ[VARIABLE] = asked["kill"]
            schedule(runs, asked["url"], asked["pause"])
        except BaseException as fault:  # noqa: BLE001 a child must never go back into the parent's loop
            notify(f"{type(fault).__name__}: {fault}")
        finally:
            os._exit(1)


if __name__ == "__main__":
    import psycopg  # noqa: F401 what a scheduler imports late
    import sqlalchemy.dialects.postgresql
    import sqlalchemy.dialects.sqlite  # noqa: F401

    main()
