"""What registered versions were made from, and what retrainings came to: rows of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, insert, select, update

from foldwise.ledger.tables import retrainings, versions
from foldwise.ledger.transactions import Transactions

ROLLBACK = "rollback"  # in place of a fingerprint: nothing is trained, and the row says whether it came to its end


@dataclass(frozen=True, eq=False)
class VersionRow:
    """A registered version of a model.

    source: the mark of the rows as they were read, where there is one. files: SHA-256 of each file of its bundle.
    columns: those that tell rows apart, and trained: sorted keys of the rows that it was trained on, (different keys,), as
        `data.newest.row_keys` makes them; None where an older foldwise trained it.
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
    """A retraining of a model against a champion. outcome and summary are None until it has ended."""

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
    """The versions and retrainings of a ledger. Each method is one transaction, and does its work once however often begun."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def keep(self, row: VersionRow) -> None:
        """Writes down what a version was made from; what is there already stays."""
        values = {field.name: getattr(row, field.name) for field in fields(row)}
        values["trained"] = None if row.trained is None else np.asarray(row.trained, dtype="<f8").tobytes()
        here = (versions.c.model == row.model) & (versions.c.version == row.version)

        def add(connection: Connection) -> None:
            if connection.execute(select(versions.c.version).where(here)).first() is None:
                connection.execute(insert(versions).values(values))

        self._transactions.do(add)

    def version(self, model: str, number: int) -> VersionRow | None:
        """What a version was made from; None where an older foldwise, or another program, registered it."""
        query = select(versions).where((versions.c.model == model) & (versions.c.version == number))
        row = self._transactions.do(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        trained = None if row.trained is None else np.frombuffer(row.trained, dtype="<f8")
        columns = None if row.columns is None else tuple(row.columns)
        return VersionRow(**{**row._mapping, "columns": columns, "trained": trained})

    def begin(self, retraining: Retraining) -> Retraining:
        """Writes a retraining down; one of the same rows against the same champion that has not ended goes on instead."""
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
        """Keeps what a retraining is about to come to: if its promotion counts, this is what it came to."""
        here = (retrainings.c.model == retraining.model) & (retrainings.c.id == retraining.id)
        self._transactions.do(lambda connection: connection.execute(update(retrainings).where(here).values(summary=summary)))

    def unended(self, model: str) -> list[Retraining]:
        """The retrainings and rollbacks that came to a summary and not to their end, the oldest first."""
        own = (retrainings.c.model == model) & retrainings.c.ended.is_(None) & retrainings.c.summary.is_not(None)
        query = select(retrainings).where(own).order_by(retrainings.c.began)
        return [Retraining(**row._mapping) for row in self._transactions.do(lambda c: c.execute(query).all())]

    def end(self, retraining: Retraining, outcome: str, summary: Mapping[str, Any]) -> None:
        """Keeps what a retraining came to."""
        here = (retrainings.c.model == retraining.model) & (retrainings.c.id == retraining.id)
        values = {"outcome": outcome, "summary": summary, "ended": datetime.now(UTC)}
        self._transactions.do(lambda connection: connection.execute(update(retrainings).where(here).values(values)))

    def latest(self, model: str, champion: int) -> Retraining | None:
        """The last retraining against this champion that came to its end."""
        own = (retrainings.c.model == model) & (retrainings.c.champion == champion) & retrainings.c.ended.is_not(None)
        own &= retrainings.c.data_fingerprint != ROLLBACK
        query = select(retrainings).where(own).order_by(retrainings.c.ended.desc()).limit(1)
        row = self._transactions.do(lambda connection: connection.execute(query).first())
        return None if row is None else Retraining(**row._mapping)
