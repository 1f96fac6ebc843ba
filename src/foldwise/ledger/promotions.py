"""The champions of a model over time: append-only rows, each added by compare-and-set on the one before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from foldwise.errors import JobError
from foldwise.ledger.tables import promotions
from foldwise.ledger.transactions import Transactions
from foldwise.system.kill_points import reached


@dataclass(frozen=True)
class Promotion:
    """A version became champion.

    number: counts from 1 for each model. replaces: the previous champion. kind: `first`, `promoted`, `rollback`, `chosen`
    by a person at the door promote, or `adopted` if somebody moved the alias in MLflow. shown: whether the registry's alias has
    followed.
    """

    model: str
    number: int
    version: int
    replaces: int | None
    kind: str
    who: Mapping[str, Any]
    moment: datetime
    why: str
    scores: Mapping[str, Any] | None = None
    shown: bool = False


class Raced(JobError):
    """Another process made another version champion first, so nothing was changed."""


class Promotions:
    """Promotions. Each method is one transaction that can safely run twice."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def history(self, model: str) -> list[Promotion]:
        """All promotions of a model, newest first."""
        query = select(promotions).where(promotions.c.model == model).order_by(promotions.c.number.desc())
        return [Promotion(**row._mapping) for row in self._transactions.do(lambda c: c.execute(query).all())]

    def promote(
        self, model: str, version: int, expected: int | None, kind: str, why: str, scores: Mapping[str, Any] | None = None
    ) -> Promotion:
        """Make a version champion if the champion is still `expected`, None for a model without one.

        Raises:
            Raced: another version is champion.
        """
        who, moment = self._transactions.me, datetime.now(UTC)

        def add(connection: Connection) -> Promotion:
            before = _last(connection, model)
            if before is not None and (before.moment, before.who) == (moment, who):
                return before  # our own earlier try
            now = None if before is None else before.version
            if now != expected:
                shown = f"{model} has no champion" if now is None else f"the champion of {model} is version {now}"
                raise Raced(f"{shown}, expected version {expected}; another process was faster")
            number = 1 if before is None else before.number + 1
            made = Promotion(model, number, version, now, kind, who, moment, why, scores)
            connection.execute(insert(promotions).values({field.name: getattr(made, field.name) for field in fields(made)}))
            reached("in-promotion")
            return made

        reached("before-promotion")
        try:
            made = self._transactions.do(add, _RACED)
        except Raced:
            raise
        except JobError as fault:
            if str(fault) == _RACED:  # PostgreSQL runs two at once; the primary key stops one of them
                raise Raced(f"the champion of {model} was changed by another process at the same moment") from None
            raise
        reached("after-promotion")
        return made

    def mark_shown(self, promotion: Promotion) -> None:
        """Record that the registry's alias followed a promotion."""
        here = (promotions.c.model == promotion.model) & (promotions.c.number == promotion.number)
        self._transactions.do(lambda connection: connection.execute(update(promotions).where(here).values(shown=True)))

    def former(self, model: str, is_there: Callable[[int], bool] = lambda version: True) -> int | None:
        """The version that a rollback restores: the last one before the champion that was not rolled back and is there."""
        standing: list[int] = []
        for row in reversed(self.history(model)):
            if row.version in standing:  # a return to it, by a rollback or by hand, discards the later ones
                del standing[standing.index(row.version) + 1 :]
            else:
                standing.append(row.version)
        return next((version for version in reversed(standing[:-1]) if is_there(version)), None)


_RACED = "a promotion of that number exists already"


def _last(connection: Connection, model: str) -> Promotion | None:
    query = select(promotions).where(promotions.c.model == model).order_by(promotions.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else Promotion(**row._mapping)
