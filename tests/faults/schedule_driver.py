"""Schedulers that may be killed, on a clock of their own: python -m tests.faults.schedule_driver reads what to start.

Reads lines of JSON, {runs, url, kill, pause}; answers each with {pid}. A scheduler looks at RUNS/conf, its moment is in
RUNS/clock, and what runs a slot is a process forked beside it, whose number goes into RUNS/runners: it starts a shell that
appends the slot to RUNS/effects and takes `pause` seconds.

No process is forked from one that has a ledger open: SQLite's locks belong to a process, so the child would believe that it
has those of its parent. After the parent's death the next one to open the ledger would cut off the memory that both share, and
the child would die by SIGBUS.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from datetime import datetime
from pathlib import Path

from foldwise.ledger.ledger import open_ledger
from foldwise.schedule.lock import JobLock
from foldwise.schedule.run import run_slot
from foldwise.schedule.scheduler import Scheduler, serve
from foldwise.schedule.spec import JobSpec, read_slot, write_slot
from foldwise.system.kill_points import VARIABLE

STEP, LONGEST = 0.01, 0.2


class Forked:
    """A process forked beside the scheduler."""

    def __init__(self, number: int) -> None:
        self._number = number

    def poll(self) -> int | None:
        try:
            os.kill(self._number, 0)
        except ProcessLookupError:
            return 0
        return None


def schedule(runs: Path, url: str, pause: float) -> None:
    here, there = socket.socketpair()
    if os.fork() == 0:
        here.close()
        fork_runners(there, runs, url, pause)
    there.close()
    job_runs = open_ledger(url, notify).job_runs

    def now() -> datetime:
        return datetime.fromisoformat((runs / "clock").read_text())

    def launch(job: JobSpec, slot: datetime, attempt: int, lock: JobLock) -> Forked:
        asked = {"job": job.model_dump(mode="json"), "slot": write_slot(slot), "attempt": attempt}
        socket.send_fds(here, [json.dumps(asked).encode()], [lock.number])
        return Forked(int(here.recv(64)))

    scheduler = Scheduler(runs / "conf", job_runs, runs / "jobs", launch, now, notify, handover=0.5)
    serve(scheduler, now, lambda: None, STEP, LONGEST)


def fork_runners(asked: socket.socket, runs: Path, url: str, pause: float) -> None:
    """Fork a runner for each slot that the scheduler asks for, and answer its number, until the scheduler has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no process waits for a runner
    while True:
        message, numbers, _, _ = socket.recv_fds(asked, 65_536, 1)
        if not message:
            os._exit(0)
        child = os.fork()
        if child == 0:
            asked.close()
            run(json.loads(message), JobLock(numbers[0]), runs, url, pause)
        os.close(numbers[0])
        with contextlib.suppress(BrokenPipeError):  # the scheduler was killed meanwhile
            asked.sendall(str(child).encode())


def run(asked: dict, lock: JobLock, runs: Path, url: str, pause: float) -> None:
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        note(runs / "runners", str(os.getpid()))
        job, slot = JobSpec(**asked["job"]), asked["slot"]
        command = ["sh", "-c", f"echo {job.name} {slot} >> {runs}/effects; sleep {pause}"]
        own = open_ledger(url, notify).job_runs
        run_slot(job, read_slot(slot), asked["attempt"], own, lock, runs / "logs" / slot, command, notify)
    except BaseException as fault:  # noqa: BLE001 a child must never go back into the parent's loop
        notify(f"{type(fault).__name__}: {fault}")
    finally:
        os._exit(0)


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
