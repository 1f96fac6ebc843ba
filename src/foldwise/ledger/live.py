"""The live row of a study: what its coordinator is doing now, for pages that show it; and the request to stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from foldwise.ledger.tables import live
from foldwise.ledger.transactions import Transactions

RUNNING = "running"


@dataclass(frozen=True, kw_only=True)
class LiveRow:
    """What a coordinator is doing.

    state: `running`, or how this start ended: `finished`, `stopped`, `failed`. A killed process leaves `running` behind.
    curves: of the running trial; None where trials run in other processes. load: of the machine over a minute, to be compared
    with its `cores`. memory, free: of the process and of the machine, MB. log: the last lines of the screen.
    since: when this start of the study began. written: by the clock of `host`.
    """

    study: str
    state: str
    stage: str
    trial: int | None
    curves: Mapping[str, Any] | None
    load: float
    cores: int | None
    memory: float
    free: float
    seconds_left: float
    log: tuple[str, ...]
    pid: int
    host: str
    since: datetime
    written: datetime
    stop_requested: datetime | None = None


def live_rows(connection: Connection, study: str | None = None) -> dict[str, LiveRow]:
    """Study -> its live row; of all studies without curves and log."""
    names = [field.name for field in fields(LiveRow)]
    if study is None:
        names = [name for name in names if name not in ("curves", "log")]
    query = select(*(live.c[name] for name in names))
    query = query if study is None else query.where(live.c.study == study)
    missing: dict[str, Any] = {"curves": None, "log": ()} if study is None else {}
    return {row.study: LiveRow(**{**missing, **row._mapping}) for row in connection.execute(query)}


_VALUES = tuple(field.name for field in fields(LiveRow) if field.name != "stop_requested")


class Live:
    """Live rows. `write` is one try: a busy ledger costs a row, not the study."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def write(self, row: LiveRow) -> bool:
        """Overwrite the row of a study that this process coordinates; whether its stop was requested in this start.

        Raises:
            Overtaken: another process coordinates it.
            JobError: the ledger is away or busy.
        """
        values = {name: getattr(row, name) for name in _VALUES} | {"log": list(row.log)}
        here = live.c.study == row.study

        def overwrite(connection: Connection) -> bool:
            old = connection.execute(select(live.c.since, live.c.stop_requested).where(here)).one_or_none()
            if old is None:
                connection.execute(insert(live).values(**values))
                return False
            if old.since != row.since:  # a request to stop an earlier start
                connection.execute(update(live).where(here).values(**values, stop_requested=None))
                return False
            connection.execute(update(live).where(here).values(**values))
            return old.stop_requested is not None

        return self._transactions.once(row.study, overwrite)

    def request_stop(self, study: str) -> bool:
        """Ask the coordinator of a running study to end after its running trial; False if none says that it runs."""
        here = (live.c.study == study) & (live.c.state == RUNNING)
        asked = update(live).where(here).values(stop_requested=datetime.now(UTC))
        return self._transactions.do(lambda connection: connection.execute(asked).rowcount == 1)
