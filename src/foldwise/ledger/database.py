"""Open the database behind a ledger: SQLite by default, PostgreSQL for a team."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from foldwise.errors import ConfigError, DiskFull
from foldwise.ledger.migrations import migrate
from foldwise.ledger.retry import Waiting
from foldwise.ledger.tables import SCHEMA_VERSION, metadata, schema
from foldwise.system.disk import full_disk, is_full
from foldwise.system.redact import first_line

KEY = "ledger.url"
# The length of one try. A longer wait is a series of tries, because Ctrl-C has no effect within one.
BUSY_SECONDS = 5
# How soon either side notices that the other is gone: a server that loses power closes no connection.
_LIVELY = {
    "connect_timeout": 10,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}
# Any number that all foldwise processes share: with it PostgreSQL lets one at a time create the tables.
_MAKING_TABLES = 7_046_029_254


def connect(url: str, notify: Callable[[str], None], raise_if_stopped: Callable[[], None]) -> tuple[Engine, Waiting]:
    """An engine for a database with the ledger's tables, and its retry policy; older tables are migrated.

    Args:
        url: SQLAlchemy's form, `sqlite:///<path>` or `postgresql://user:password@host/name`.
        notify: called with the path of the copy of an older ledger, and when the database is unavailable.
        raise_if_stopped: raises after the user asked to stop.

    Raises:
        ConfigError: the address is wrong, cannot be reached, or holds something else or a newer ledger.
        DiskFull: there is no room for its file.
    """
    place = read_address(url)
    shown = place.render_as_string(hide_password=True)
    waiting = Waiting(place, notify, raise_if_stopped)

    def make() -> Engine:
        engine = _sqlite(place) if is_file else _postgresql(place)
        try:
            with engine.begin() as connection:
                _make_tables(connection, shown, notify)
        except BaseException:
            engine.dispose()
            raise
        return engine

    is_file = place.get_backend_name() == "sqlite"
    try:  # wait for a locked file; a server that does not answer at the start rather has another address
        return waiting.until_done(make) if is_file else make(), waiting
    except ImportError:
        raise ConfigError(KEY, "PostgreSQL needs the driver psycopg; pip install 'psycopg[binary]'") from None
    except DatabaseError as fault:
        if is_file and is_full(fault):
            raise DiskFull(full_disk(Path(str(place.database)))) from None
        raise ConfigError(KEY, f"{shown} cannot be opened as a ledger: {first_line(fault)}") from None
    except OSError as fault:
        raise ConfigError(KEY, f"{shown} cannot be created: {fault.strerror}; name a folder that is writable") from None


def read_address(url: str) -> URL:
    """The address of a ledger.

    Raises:
        ConfigError: it is not one.
    """
    try:
        place = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(KEY, "is not a database address; write sqlite:///<path> or postgresql://user@host/name") from None
    if place.drivername in ("postgresql", "postgres"):
        place = place.set(drivername="postgresql+psycopg")
    if place.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError(KEY, f"{place.drivername} cannot hold a ledger; use sqlite or postgresql")
    if not place.database or place.database == ":memory:":
        raise ConfigError(KEY, f"{place.render_as_string()} names no database; write sqlite:///<path>")
    return place


def _sqlite(place: URL) -> Engine:
    path = Path(str(place.database)).absolute()  # a relative path would change with the working folder
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(place.set(database=str(path)), connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a reader that becomes a writer would not wait for the busy timeout

    return engine


def _postgresql(place: URL) -> Engine:
    return create_engine(place, pool_pre_ping=True, connect_args=_LIVELY)


def _make_tables(connection: Connection, shown: str, notify: Callable[[str], None]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING_TABLES})
    present = set(inspect(connection).get_table_names())
    if schema.name not in present:
        foreign = sorted(present & set(metadata.tables))
        if foreign:
            raise ConfigError(KEY, f"{shown} holds another program's table {foreign[0]!r}; name an empty database")
        metadata.create_all(connection)
        connection.execute(schema.insert().values(version=SCHEMA_VERSION))
    version = connection.execute(select(schema.c.version)).scalar_one()
    if version > SCHEMA_VERSION:
        rule = f"{shown} was written by a newer foldwise (ledger schema {version}, this one reads up to {SCHEMA_VERSION})"
        raise ConfigError(KEY, f"{rule}; update foldwise, or name another ledger")
    if version < SCHEMA_VERSION:
        migrate(connection, version, notify)
