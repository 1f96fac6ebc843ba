"""All studies and models of a ledger at a glance: counts and the best score by SQL, without reading a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from foldwise.ledger.live import LiveRow, live_rows
from foldwise.ledger.rows import RUNNING
from foldwise.ledger.tables import promotions, retrainings, studies, versions
from foldwise.ledger.transactions import Transactions
from foldwise.ledger.trial_counts import Counts, trial_counts
from foldwise.spec.goal import Goal
from foldwise.trial.summary import StudySummary


@dataclass(frozen=True)
class StudyLine:
    """A study. asked: trials in total. trials: state -> count. best: the best mean of its trials so far, None without one.

    holder: the process that coordinated it last: pid, since, user. goal: None for an unfinished study of an early version.
    live: what it is doing, without curves and log.
    """

    name: str
    created: datetime
    finished: datetime | None
    asked: int | None
    summary: StudySummary | None
    goal: Goal | None
    holder: Mapping[str, Any] | None
    trials: Mapping[str, int]
    best: float | None
    live: LiveRow | None = None

    @property
    def done(self) -> int:
        """The number of trials that have ended."""
        return sum(count for state, count in self.trials.items() if state != RUNNING)


@dataclass(frozen=True)
class VersionLine:
    """A registered version and the study that made it. model: its identity, `Registry.identity`."""

    model: str
    version: int
    study: str


class Overview:
    """Reads only."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    @property
    def is_local(self) -> bool:
        """Whether all processes that coordinate its studies run on this machine."""
        return self._transactions.is_local

    def studies(self, count: int) -> list[StudyLine]:
        """The newest studies, newest first; the trials of an extended study that no longer count are left out."""
        columns = ("name", "created", "finished", "asked", "summary", "holder", "provenance")
        query = select(*(studies.c[name].label(name) for name in columns)).order_by(studies.c.created.desc()).limit(count)

        def read(connection: Connection) -> list[StudyLine]:
            counts, doing = trial_counts(connection), live_rows(connection)
            found = connection.execute(query)
            return [_line(row._asdict(), counts.get(row.name, Counts()), doing.get(row.name)) for row in found]

        return self._transactions.do(read)

    def models(self) -> list[str]:
        """The identities of all models, in order of their names."""
        tables = (versions.c.model, promotions.c.model, retrainings.c.model)

        def read(connection: Connection) -> list[str]:
            return sorted({name for column in tables for name in connection.execute(select(column).distinct()).scalars()})

        return self._transactions.do(read)

    def versions(self) -> list[VersionLine]:
        """All registered versions, by model and number."""
        query = select(versions.c.model, versions.c.version, versions.c.study).order_by(versions.c.model, versions.c.version)
        return [VersionLine(*row) for row in self._transactions.do(lambda connection: connection.execute(query).all())]


def _line(row: Mapping[str, Any], counts: Counts, doing: LiveRow | None) -> StudyLine:
    summary, provenance = row["summary"], row["provenance"]
    goal = provenance.goal if provenance is not None else summary.goal if summary is not None else None
    best = None if goal is None else counts.best(goal)
    kept = {key: row[key] for key in ("name", "created", "finished", "asked", "summary", "holder")}
    return StudyLine(**kept, goal=goal, trials=counts.states, best=best, live=doing)
