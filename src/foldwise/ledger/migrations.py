"""Migrate an older ledger: the columns that each version added, and a copy made first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Update, inspect, text, update
from sqlalchemy.schema import CreateColumn

from foldwise.ledger.tables import SCHEMA_VERSION, folds, metadata, schema, studies, trials
from foldwise.system.files import atomically

# Version -> the columns it added; new tables are created whole.
STEPS: Mapping[int, tuple[Column[Any], ...]] = {
    2: (
        *(trials.c.costs, trials.c.reused, trials.c.dropped, trials.c.lost_at, trials.c.crashes),
        *(folds.c.rungs, studies.c.epoch, studies.c.holder, studies.c.asked),
    ),
    3: (studies.c.provenance, studies.c.shown),
    4: (),
    5: (),
    6: (),
}
# Version -> the values of its new columns in existing rows.
FILLS: Mapping[int, Update] = {3: update(studies).values(shown=studies.c.finished)}


def migrate(connection: Connection, version: int, notify: Callable[[str], None]) -> None:
    """Copy the tables of an older version, then migrate them, in the transaction of `connection`.

    Args:
        connection: no other process may write meanwhile.
        version: of the tables.
        notify: called with the place of the copy.
    """
    copy = _copy_file if connection.dialect.name == "sqlite" else _copy_tables
    where = copy(connection, version)
    quoted = connection.dialect.identifier_preparer.quote
    for step in range(version + 1, SCHEMA_VERSION + 1):
        for column in STEPS[step]:
            added = CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(text(f"ALTER TABLE {quoted(column.table.name)} ADD COLUMN {added}"))
        if step in FILLS:
            connection.execute(FILLS[step])
    metadata.create_all(connection)
    connection.execute(schema.update().values(version=SCHEMA_VERSION))
    notify(f"the ledger was migrated from schema {version} to schema {SCHEMA_VERSION}; {where} is a copy of the old one")


def _copy_file(connection: Connection, version: int) -> str:
    """Copy the database file with SQLite's backup, which includes the write-ahead log."""
    path = Path(str(connection.engine.url.database))
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    target = path.with_name(f"{path.stem}.v{version}.{moment}{path.suffix}")

    def write(part: Path) -> None:
        with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new)

    atomically(target, write)
    return str(target)


def _copy_tables(connection: Connection, version: int) -> str:
    """Copy every table to its name plus the version, in the transaction of the migration."""
    quoted = connection.dialect.identifier_preparer.quote
    names = sorted(set(metadata.tables) & set(inspect(connection).get_table_names()))
    for name in names:
        connection.execute(text(f"CREATE TABLE {quoted(f'{name}_v{version}')} AS TABLE {quoted(name)}"))
    return f"{names[0]}_v{version}, ..."
