"""The slots of jobs in the ledger: each is claimed once, and marked as running before its job starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, String, delete, exists, func, insert, or_, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from foldwise.errors import Overtaken
from foldwise.ledger.tables import job_runs
from foldwise.ledger.transactions import Transactions

CLAIMED, RUNNING, DONE, FAILED, MISSED, SEEN = "CLAIMED", "RUNNING", "DONE", "FAILED", "MISSED", "SEEN"
OPEN = (CLAIMED, RUNNING)
BY_CRON = "%:00+00:00"  # slots of cron; runs started by hand begin at other seconds


@dataclass(frozen=True)
class JobRun:
    """A row of a slot. A row in state SEEN is not a slot: since that moment the job has the timing in `reason`."""

    job: str
    slot: datetime
    state: str
    attempt: int
    claimed: datetime
    started: datetime | None
    ended: datetime | None
    exit_code: int | None
    reason: str | None
    log: str | None

    @property
    def seconds(self) -> float | None:
        """Run time of all attempts together; None if it did not run or still runs."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


class JobRuns:
    """Each method is one transaction that can safely run twice. A slot is a moment in whole seconds."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    @property
    def folder(self) -> Path | None:
        """The folder of an SQLite ledger; None for a server."""
        return self._transactions.folder

    def claim(self, job: str, slot: datetime) -> bool:
        """Claim a slot; whether this call did so. Of all concurrent calls exactly one does."""
        return self._insert(job, slot, CLAIMED)

    def miss(self, job: str, slot: datetime, reason: str) -> bool:
        """Mark an unclaimed slot as missed; whether this call did so."""
        return self._insert(job, slot, MISSED, reason)

    def see(self, job: str, moment: datetime, when: str) -> bool:
        """Record since when a job has this timing; earlier slots are never caught up with."""
        return self._insert(job, moment, SEEN, when)

    def take(self, job: str, slot: datetime, attempt: int, log: str) -> int | None:
        """Start the next attempt of an open slot if it is still at `attempt`; the new number, else None."""
        here = _at(job, slot) & job_runs.c.state.in_(OPEN) & (job_runs.c.attempt == attempt)
        began = _now()
        mine = {**self._transactions.me, "since": began.isoformat()}
        values = {"state": RUNNING, "attempt": attempt + 1, "holder": mine, "ended": None, "exit_code": None, "log": log}

        def take(connection: Connection) -> int | None:
            before = connection.execute(select(job_runs.c.started).where(here)).one_or_none()
            if before is not None:
                connection.execute(update(job_runs).where(here).values(**values, started=before.started or began))
            row = connection.execute(select(job_runs.c.attempt, job_runs.c.holder).where(_at(job, slot))).one_or_none()
            return attempt + 1 if row is not None and (row.attempt, row.holder) == (attempt + 1, mine) else None

        return self._transactions.do(take)

    def finish(self, job: str, slot: datetime, attempt: int, state: str, exit_code: int | None, reason: str | None) -> None:
        """Record the outcome of an attempt.

        Raises:
            Overtaken: another process has started a later attempt.
        """
        here = _at(job, slot) & (job_runs.c.state == RUNNING) & (job_runs.c.attempt == attempt)
        ended = _now()

        def finish(connection: Connection) -> None:
            values = {"state": state, "exit_code": exit_code, "reason": reason, "ended": ended}
            if connection.execute(update(job_runs).where(here).values(**values)).rowcount == 0:
                row = connection.execute(select(job_runs.c.attempt, job_runs.c.ended).where(_at(job, slot))).one_or_none()
                if row is None or (row.attempt, row.ended) != (attempt, ended):  # not our own earlier try
                    raise Overtaken(f"slot {slot.isoformat()} of job {job} was taken over by another process")

        self._transactions.do(finish)

    def row(self, job: str, slot: datetime) -> JobRun | None:
        """A slot, None if it has no row."""
        return next(iter(self._rows(_COLUMNS.where(_at(job, slot)))), None)

    def open(self, job: str) -> list[JobRun]:
        """The claimed and running slots of a job, oldest first."""
        return self._rows(_COLUMNS.where((job_runs.c.job == job) & job_runs.c.state.in_(OPEN)).order_by(job_runs.c.slot))

    def last(self, job: str, until: datetime) -> JobRun | None:
        """The last row up to `until` that is a slot of cron or a SEEN row."""
        by_cron = type_coerce(job_runs.c.slot, String).like(BY_CRON)
        return self._latest(job, until, or_(by_cron, job_runs.c.state == SEEN))

    def seen(self, job: str, until: datetime) -> JobRun | None:
        """The last SEEN row up to `until`."""
        return self._latest(job, until, job_runs.c.state == SEEN)

    def history(self, job: str | None, count: int) -> list[JobRun]:
        """The latest slots of one job or all jobs, newest first."""
        query = _COLUMNS.where(job_runs.c.state != SEEN).order_by(job_runs.c.slot.desc(), job_runs.c.job).limit(count)
        return self._rows(query if job is None else query.where(job_runs.c.job == job))

    def old(self, before: datetime) -> list[JobRun]:
        """Ended runs from before a moment, without the rows from which the scheduler tells what is due."""
        by_cron = type_coerce(job_runs.c.slot, String).like(BY_CRON)
        newest = (
            select(job_runs.c.job, func.max(job_runs.c.slot).label("slot")).where(by_cron).group_by(job_runs.c.job).subquery()
        )
        is_newest = exists().where((newest.c.job == job_runs.c.job) & (newest.c.slot == job_runs.c.slot))
        ended = job_runs.c.state.not_in((*OPEN, SEEN)) & (job_runs.c.slot < before)
        return self._rows(_COLUMNS.where(ended & ~is_newest).order_by(job_runs.c.slot))

    def remove(self, rows: Sequence[JobRun]) -> None:
        """Delete ended runs."""

        def remove(connection: Connection) -> None:
            for row in rows:
                connection.execute(delete(job_runs).where(_at(row.job, row.slot) & job_runs.c.state.not_in((*OPEN, SEEN))))

        self._transactions.do(remove)

    def open_logs(self) -> set[str]:
        """The files of runs that have not ended."""
        query = _COLUMNS.where(job_runs.c.state.in_(OPEN))
        return {row.log for row in self._rows(query) if row.log is not None}

    @contextmanager
    def alone(self, job: str) -> Iterator[bool]:
        """Lock a job between machines for the length of a `with` block; yields whether this process has the lock."""
        name = f"job {job}"
        try:
            yield self._transactions.hold(name)
        finally:
            self._transactions.release(name)

    def stay_alone(self, job: str) -> None:
        """Take the lock of `alone` again if its connection was lost."""
        self._transactions.hold(f"job {job}")

    def _insert(self, job: str, slot: datetime, state: str, reason: str | None = None) -> bool:
        if slot.microsecond:
            raise ValueError(f"a slot is in whole seconds, got {slot.isoformat()}")
        claimed, me = _now(), self._transactions.me
        values = {"job": job, "slot": slot, "state": state, "reason": reason, "claimed": claimed, "holder": me, "attempt": 0}

        def write(connection: Connection) -> bool:
            try:
                with connection.begin_nested():
                    connection.execute(insert(job_runs).values(**values))
            except IntegrityError:
                row = connection.execute(select(job_runs.c.claimed, job_runs.c.holder).where(_at(job, slot))).one()
                return (row.claimed, row.holder) == (claimed, me)  # our own earlier try
            return True

        return self._transactions.do(write)

    def _latest(self, job: str, until: datetime, of: Any) -> JobRun | None:
        query = _COLUMNS.where((job_runs.c.job == job) & (job_runs.c.slot <= until.replace(microsecond=0)) & of)
        return next(iter(self._rows(query.order_by(job_runs.c.slot.desc()).limit(1))), None)

    def _rows(self, query: Select[Any]) -> list[JobRun]:
        def read(connection: Connection) -> list[JobRun]:
            return [JobRun(**row._mapping) for row in connection.execute(query)]

        return self._transactions.do(read)


_COLUMNS = select(*(job_runs.c[field.name] for field in fields(JobRun)))


def _at(job: str, slot: datetime) -> Any:
    return (job_runs.c.job == job) & (job_runs.c.slot == slot)


def _now() -> datetime:
    return datetime.now(UTC)
