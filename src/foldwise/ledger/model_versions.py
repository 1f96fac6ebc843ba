"""The origin of each registered version, and the outcome of each retraining."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, insert, select, update

from foldwise.ledger.tables import retrainings, versions
from foldwise.ledger.transactions import Transactions
from foldwise.system.kill_points import reached

# In place of a fingerprint: a rollback and a promotion by a person train nothing, and their rows show whether they ended.
ROLLBACK, CHOSEN = "rollback", "chosen"


@dataclass(frozen=True, eq=False)
class VersionRow:
    """A registered version of a model.

    source: the mark of the source of its rows, if there is one. files: SHA-256 of each file of its bundle.
    columns: those that identify a row; trained: sorted keys of the rows it was trained on, (distinct keys,), from
        `data.new_rows`. Both are None if an older foldwise trained it.
    """

    model: str
    version: int
    study: str
    data_fingerprint: str
    source: str | None
    files: Mapping[str, str]
    columns: tuple[str, ...] | None
    trained: npt.NDArray[np.float64] | None
    made: datetime


@dataclass(frozen=True)
class Retraining:
    """A retraining of a model against a champion, 0 if it has none. outcome and summary are None until it ends."""

    model: str
    id: str
    champion: int
    data_fingerprint: str
    source: str | None
    began: datetime
    ended: datetime | None = None
    outcome: str | None = None
    summary: Mapping[str, Any] | None = None


class Versions:
    """Versions and retrainings. Each method is one transaction that can safely run twice."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def keep(self, row: VersionRow) -> None:
        """Record the origin of a version; an existing row stays unchanged."""
        values = {field.name: getattr(row, field.name) for field in fields(row)}
        values["trained"] = None if row.trained is None else np.asarray(row.trained, dtype="<f8").tobytes()
        here = (versions.c.model == row.model) & (versions.c.version == row.version)

        def add(connection: Connection) -> None:
            if connection.execute(select(versions.c.version).where(here)).first() is None:
                connection.execute(insert(versions).values(values))

        self._transactions.do(add)

    def version(self, model: str, number: int) -> VersionRow | None:
        """The origin of a version; None if an older foldwise or another program registered it."""
        query = select(versions).where((versions.c.model == model) & (versions.c.version == number))
        row = self._transactions.do(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        trained = None if row.trained is None else np.frombuffer(row.trained, dtype="<f8")
        columns = None if row.columns is None else tuple(row.columns)
        return VersionRow(**{**row._mapping, "columns": columns, "trained": trained})

    def of_study(self, study: str) -> list[tuple[str, int]]:
        """The identities of models and the versions that a study made."""
        query = select(versions.c.model, versions.c.version).where(versions.c.study == study).order_by(versions.c.version)
        return [(row.model, row.version) for row in self._transactions.do(lambda connection: connection.execute(query).all())]

    def remove(self, model: str, number: int) -> None:
        """Delete the origin of a version that was deleted in the registry."""
        here = (versions.c.model == model) & (versions.c.version == number)
        self._transactions.do(lambda connection: connection.execute(delete(versions).where(here)))

    def begin(self, retraining: Retraining) -> Retraining:
        """Record a retraining, or continue an open one with the same rows and champion."""
        own = (retrainings.c.model == retraining.model) & (retrainings.c.champion == retraining.champion)
        open_ones = own & (retrainings.c.data_fingerprint == retraining.data_fingerprint) & retrainings.c.ended.is_(None)

        def add(connection: Connection) -> Retraining:
            row = connection.execute(select(retrainings).where(open_ones).order_by(retrainings.c.began)).first()
            if row is not None:
                return Retraining(**row._mapping)
            connection.execute(insert(retrainings).values(vars(retraining)))
            return retraining

        return self._transactions.do(add)

    def note(self, retraining: Retraining, summary: Mapping[str, Any]) -> None:
        """Record the planned summary before the promotion; it is final once the promotion is committed."""
        here = (retrainings.c.model == retraining.model) & (retrainings.c.id == retraining.id)
        self._transactions.do(lambda connection: connection.execute(update(retrainings).where(here).values(summary=summary)))

    def unended(self, model: str) -> list[Retraining]:
        """Retrainings and rollbacks with a summary that have not ended, oldest first."""
        own = (retrainings.c.model == model) & retrainings.c.ended.is_(None) & retrainings.c.summary.is_not(None)
        query = select(retrainings).where(own).order_by(retrainings.c.began)
        return [Retraining(**row._mapping) for row in self._transactions.do(lambda c: c.execute(query).all())]

    def end(self, retraining: Retraining, outcome: str, summary: Mapping[str, Any]) -> None:
        """Record the outcome of a retraining."""
        here = (retrainings.c.model == retraining.model) & (retrainings.c.id == retraining.id)
        values = {"outcome": outcome, "summary": summary, "ended": datetime.now(UTC)}
        self._transactions.do(lambda connection: connection.execute(update(retrainings).where(here).values(values)))
        reached("after-retraining-ended")

    def retrainings(self, model: str) -> list[Retraining]:
        """The finished retrainings and rollbacks of a model, oldest first."""
        own = (retrainings.c.model == model) & retrainings.c.ended.is_not(None)
        query = select(retrainings).where(own).order_by(retrainings.c.ended)
        return [Retraining(**row._mapping) for row in self._transactions.do(lambda c: c.execute(query).all())]

    def latest(self, model: str, champion: int) -> Retraining | None:
        """The last finished retraining against this champion."""
        own = (retrainings.c.model == model) & (retrainings.c.champion == champion) & retrainings.c.ended.is_not(None)
        own &= retrainings.c.data_fingerprint.not_in((ROLLBACK, CHOSEN))
        query = select(retrainings).where(own).order_by(retrainings.c.ended.desc()).limit(1)
        row = self._transactions.do(lambda connection: connection.execute(query).first())
        return None if row is None else Retraining(**row._mapping)
