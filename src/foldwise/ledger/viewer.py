"""Read a ledger for pages: on connections that cannot write and wait for no writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from foldwise.errors import JobError
from foldwise.ledger.database import read_address
from foldwise.ledger.job_runs import SEEN, JobRun
from foldwise.ledger.live import LiveRow, live_rows
from foldwise.ledger.model_versions import Retraining
from foldwise.ledger.promotions import Promotion
from foldwise.ledger.rows import RUNNING, StudyRecord
from foldwise.ledger.tables import job_runs, looks, promotions, retrainings, studies, trials, versions
from foldwise.ledger.trial_counts import Counts, trial_counts
from foldwise.system.redact import first_line

T = TypeVar("T")

BUSY_SECONDS = 2.0


@dataclass(frozen=True)
class StudyHead:
    """What changes about a study while it runs. epoch: raised by each start of it."""

    name: str
    created: datetime
    finished: datetime | None
    asked: int | None
    epoch: int


@dataclass(frozen=True)
class TrialView:
    """A trial without its folds."""

    number: int
    state: str
    params: Mapping[str, Any]
    mean: float
    sd: float
    seconds: float
    reason: str | None
    reused: int | None
    engine: str | None
    ended: datetime | None


@dataclass(frozen=True)
class LookView:
    """The last look of a model: the version that challenges its champion, and the evidence for it."""

    model: str
    challenger: int | None
    trained: int | None
    evidence: Mapping[str, Any] | None
    moment: datetime


class Viewer:
    """A ledger that is read. Each method is one transaction.

    Raises (all methods):
        JobError: the database does not answer.
    """

    def __init__(self, url: str) -> None:
        self._engine = _reading(read_address(url))

    def heads(self) -> list[StudyHead]:
        """All studies, newest first."""
        query = select(*(studies.c[field.name] for field in fields(StudyHead))).order_by(studies.c.created.desc())
        return self._do(lambda connection: [StudyHead(*row) for row in connection.execute(query)])

    def head(self, study: str) -> StudyHead | None:
        """One study, None if unknown."""
        query = select(*(studies.c[field.name] for field in fields(StudyHead))).where(studies.c.name == study)
        row = self._do(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else StudyHead(*row)

    def record(self, study: str) -> StudyRecord | None:
        """A study with its recipe and summary, None if unknown."""
        query = select(*(studies.c[field.name] for field in fields(StudyRecord))).where(studies.c.name == study)
        row = self._do(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else StudyRecord(*row)

    def counts(self) -> dict[str, Counts]:
        """Study -> its trials by state."""
        return self._do(trial_counts)

    def trials(self, study: str, since: datetime | None = None) -> list[TrialView]:
        """The trials of a study by number; with `since` those that ended then or later, and running ones."""
        query = select(*(trials.c[field.name] for field in fields(TrialView)))
        query = query.where((trials.c.study == study) & trials.c.dropped.is_(False)).order_by(trials.c.number)
        if since is not None:
            query = query.where((trials.c.ended >= since) | (trials.c.state == RUNNING))
        return self._do(lambda connection: [TrialView(*row) for row in connection.execute(query)])

    def live(self, study: str | None = None) -> dict[str, LiveRow]:
        """Study -> its live row; of all studies without curves and log."""
        return self._do(lambda connection: live_rows(connection, study))

    def champions(self) -> dict[str, Promotion]:
        """Identity of a model -> its last promotion."""
        query = select(promotions).order_by(promotions.c.model, promotions.c.number)
        return {row.model: Promotion(**row._mapping) for row in self._do(lambda c: c.execute(query).all())}

    def newest_versions(self) -> dict[str, tuple[int, str]]:
        """Identity of a model -> its newest version and the study that made it."""
        query = select(versions.c.model, versions.c.version, versions.c.study).order_by(versions.c.version)
        return {row.model: (row.version, row.study) for row in self._do(lambda c: c.execute(query).all())}

    def last_retrainings(self) -> dict[str, Retraining]:
        """Identity of a model -> its last finished retraining or rollback."""
        query = select(retrainings).where(retrainings.c.ended.is_not(None)).order_by(retrainings.c.ended)
        return {row.model: Retraining(**row._mapping) for row in self._do(lambda c: c.execute(query).all())}

    def last_looks(self) -> dict[str, LookView]:
        """Identity of a model -> its last look."""
        query = select(*(looks.c[field.name] for field in fields(LookView))).order_by(looks.c.model, looks.c.number)
        return {row.model: LookView(*row) for row in self._do(lambda c: c.execute(query).all())}

    def last_runs(self) -> dict[str, JobRun]:
        """Job -> its last slot."""
        newest = select(job_runs.c.job, func.max(job_runs.c.slot).label("slot")).where(job_runs.c.state != SEEN)
        last = newest.group_by(job_runs.c.job).subquery()
        query = select(*(job_runs.c[field.name] for field in fields(JobRun)))
        query = query.join(last, (job_runs.c.job == last.c.job) & (job_runs.c.slot == last.c.slot))
        return {row.job: JobRun(*row) for row in self._do(lambda c: c.execute(query).all())}

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def _do(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return work(connection)
        except SQLAlchemyError as fault:
            where = self._engine.url.render_as_string(hide_password=True)
            raise JobError(f"the ledger {where} does not answer: {first_line(fault)}") from None


def _reading(place: URL) -> Engine:
    if place.get_backend_name() != "sqlite":
        return create_engine(place, pool_pre_ping=True, connect_args={"connect_timeout": 5}).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    path = Path(str(place.database)).absolute()

    def connect() -> sqlite3.Connection:  # opened anew each time, so that a file that was replaced is noticed
        address = f"file:{quote(str(path))}?mode=rw"  # creates nothing; a reader of a log of writes must be able to lock it
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    return create_engine(place.set(database=str(path)), creator=connect, poolclass=NullPool)
