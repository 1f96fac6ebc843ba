"""Transactions of a ledger: with retries, and restricted to the coordinator of a study if they write to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from foldwise.errors import DiskFull, JobError, Overtaken, Replaced
from foldwise.ledger.coordinator import StudyLocks, named, new_holder
from foldwise.ledger.retry import Waiting
from foldwise.ledger.tables import studies
from foldwise.system.disk import full_disk, is_full
from foldwise.system.redact import first_line
from foldwise.system.watched_file import WatchedFile

T = TypeVar("T")


class Transactions:
    """Each is run again after the database was unavailable, even if the connection was lost during the commit.

    So its work must tolerate a second run: it first looks for its own earlier write.
    """

    def __init__(self, engine: Engine, waiting: Waiting) -> None:
        self.engine = engine
        self.me = new_holder()
        self._waiting = waiting
        self._locks = StudyLocks(engine)
        self._epochs: dict[str, int] = {}
        self._file = Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None
        self._watched = None if self._file is None else WatchedFile(self._file)
        self._has_wal = False  # whether SQLite writes to `<file>-wal` first, seen in a transaction

    @property
    def folder(self) -> Path | None:
        """The folder of an SQLite ledger; None for a server."""
        url = self.engine.url
        return Path(str(url.database)).parent if url.get_backend_name() == "sqlite" else None

    def lead(self, study: str) -> None:
        """Make this process the study's coordinator: it holds the lock, and no earlier coordinator can write any more.

        Raises:
            JobError: another process holds the lock; names the process and its start.
        """
        if not self._patiently(lambda: self._locks.hold(study)):
            query = select(studies.c.holder).where(studies.c.name == study)
            holder = self.do(lambda connection: connection.execute(query).scalar_one_or_none())
            raise JobError(f"study {study} is being run by {named(holder)}")

        def take(connection: Connection) -> int | None:
            here = studies.c.name == study
            connection.execute(update(studies).where(here).values(epoch=studies.c.epoch + 1, holder=self.me))
            return connection.execute(select(studies.c.epoch).where(here)).scalar_one_or_none()

        epoch = self.do(take)
        if epoch is not None:
            self._epochs[study] = epoch

    def leads(self, study: str, epoch: int) -> None:
        """Record that this process coordinates a study that it created."""
        self._epochs[study] = epoch

    def write(self, study: str, work: Callable[[Connection], T]) -> T:
        """Run `work` as the study's coordinator; the study's row is locked, so that no other process takes over meanwhile.

        Raises:
            JobError: the study is unknown.
            Overtaken: another process coordinates it.
        """

        def as_coordinator(connection: Connection) -> T:
            query = select(studies.c.epoch, studies.c.holder).where(studies.c.name == study).with_for_update()
            row = connection.execute(query).one_or_none()
            if row is None:
                raise JobError(f"study {study} is unknown")
            if row.epoch != self._epochs.get(study):
                who = f"study {study} is being run by {named(row.holder)}"
                raise Overtaken(f"{who}; this process no longer coordinates it, so it ends without writing")
            return work(connection)

        if study in self._epochs:
            # A lock lost with its connection is taken again; the epoch shows whether another process led meanwhile.
            self._patiently(lambda: self._locks.hold(study))
        return self.do(as_coordinator)

    def once(self, study: str, work: Callable[[Connection], T]) -> T:
        """Run `work` as the study's coordinator in one try, for what need not be written at any price.

        Raises:
            Overtaken: another process coordinates it, or it was removed.
            JobError: the database is away or busy, or its file was replaced.
        """
        self._raise_if_replaced()
        try:
            with self.engine.begin() as connection:
                query = select(studies.c.epoch).where(studies.c.name == study)
                epoch = connection.execute(query).scalar_one_or_none()
                if epoch is None or epoch != self._epochs.get(study):
                    raise Overtaken(f"study {study} has another coordinator")
                done = work(connection)
                self._raise_if_replaced()
                return done
        except SQLAlchemyError as fault:
            raise JobError(first_line(fault)) from None

    def do(self, work: Callable[[Connection], T], contradiction: str = "") -> T:
        """Run `work` in a transaction.

        Raises:
            JobError: the database fails, or rejects a row, then with `contradiction` as the sentence.
            Replaced: its file was deleted or replaced since it was opened, or its -wal file deleted; nothing is written.
            DiskFull: there is no room for its file.
        """

        def transact() -> T:
            self._raise_if_replaced()  # before a new connection makes an empty file
            with self.engine.begin() as connection:
                done = work(connection)
                self._raise_if_replaced()
                self._raise_if_wal_deleted()
                return done

        return self._patiently(transact, contradiction)

    @property
    def is_local(self) -> bool:
        """Whether the database is a file on this machine, so that no outage of a server can lie before a commit."""
        return self._file is not None

    def hold(self, name: str) -> bool:
        """Take the lock of that name between machines; whether this process has it. Always true for SQLite, which is local."""
        return self._patiently(lambda: self._locks.hold(name))

    def release(self, name: str) -> None:
        """Release such a lock."""
        self._locks.release(name)

    def close(self) -> None:
        """Release all locks and close the database."""
        self._locks.close()
        self.engine.dispose()

    def _raise_if_replaced(self) -> None:
        if self._watched is not None:
            self._watched.raise_if_replaced()

    def _raise_if_wal_deleted(self) -> None:
        """In a transaction: SQLite goes on in a deleted -wal file, which a kill would lose; when closed, it still copies it."""
        if self._file is None:
            return
        wal = self._file.with_name(f"{self._file.name}-wal")
        if wal.exists():
            self._has_wal = True
        elif self._has_wal:
            rule = f"{wal} was deleted while it was in use, so nothing more is written to it"
            raise Replaced(f"{rule}; leave the ledger's files to foldwise, then run the same command again")

    def _patiently(self, work: Callable[[], T], contradiction: str = "") -> T:
        try:
            return self._waiting.until_done(work)
        except IntegrityError as fault:
            raise JobError(contradiction or f"the ledger rejected a row: {first_line(fault)}") from None
        except SQLAlchemyError as fault:
            self._raise_if_replaced()
            if self._file is not None and is_full(fault):
                raise DiskFull(full_disk(self._file)) from None
            where = self.engine.url.render_as_string(hide_password=True)
            raise JobError(f"the ledger {where} failed: {first_line(fault)}") from None
