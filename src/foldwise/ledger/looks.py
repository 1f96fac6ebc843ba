"""The looks of retrainings at new rows: which rows a model has seen, and the evidence against its champion after each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, insert, select, update

from foldwise.errors import JobError
from foldwise.ledger.tables import looks
from foldwise.ledger.transactions import Transactions
from foldwise.system.kill_points import reached

Keys = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """A look at the rows of a source.

    number: counts from 1 for each model. reign: the number of the promotion that made the champion. challenger: the version
    that answered, None if there was none. kind: `evidence` or `test`. columns: those that identify a row.
    rows: rows that counted. loss, evidence: those of the reign after this look; None before its first rows. scores: of both on
    the rows that counted. trained: the challenger that was trained afterwards, None until then.
    """

    model: str
    number: int
    reign: int
    challenger: int | None
    kind: str
    data_fingerprint: str
    columns: tuple[str, ...]
    rows: int
    loss: Mapping[str, Any] | None
    evidence: Mapping[str, Any] | None
    scores: Mapping[str, Any] | None
    moment: datetime
    trained: int | None = None


_COLUMNS = [looks.c[field.name] for field in fields(Look)]


class Looks:
    """Looks. Each method is one transaction that can safely run twice."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def history(self, model: str) -> list[Look]:
        """All looks of a model, oldest first."""
        query = select(*_COLUMNS).where(looks.c.model == model).order_by(looks.c.number)
        return [_look(row) for row in self._transactions.do(lambda connection: connection.execute(query).all())]

    def seen(self, model: str) -> Keys:
        """The keys of all rows that the looks of a model have seen, sorted."""
        query = select(looks.c.seen).where(looks.c.model == model)
        parts = self._transactions.do(lambda connection: connection.execute(query).scalars().all())
        return np.unique(np.concatenate([np.empty(0), *(np.frombuffer(part, dtype="<f8") for part in parts)]))

    def add(self, look: Look, seen: Keys) -> Look:
        """Record the look that follows the last one, with the evidence after it, at once.

        Args:
            look: its number is one more than that of the last one.
            seen: keys of the rows that no earlier look has seen.

        Raises:
            JobError: another process recorded a look of that number.
        """
        values = {field.name: getattr(look, field.name) for field in fields(look)}
        values |= {"columns": list(look.columns), "seen": np.unique(np.asarray(seen, dtype="<f8")).tobytes()}
        here = (looks.c.model == look.model) & (looks.c.number == look.number)

        def insert_once(connection: Connection) -> None:
            old = connection.execute(select(looks.c.moment).where(here)).scalar_one_or_none()
            if old is None:
                connection.execute(insert(looks).values(values))
            elif old != look.moment:
                raise JobError(_TWICE)
            reached("in-look")

        reached("before-look")
        self._transactions.do(insert_once, _TWICE)
        reached("after-look")
        return look

    def note_trained(self, look: Look, version: int) -> None:
        """Record the challenger that was trained after a look."""
        here = (looks.c.model == look.model) & (looks.c.number == look.number)
        self._transactions.do(lambda connection: connection.execute(update(looks).where(here).values(trained=version)))
        reached("after-next")


_TWICE = "another process looked at the rows of this model at the same moment; run the same command again"


def _look(row: Any) -> Look:
    return Look(**{**row._mapping, "columns": tuple(row.columns)})
