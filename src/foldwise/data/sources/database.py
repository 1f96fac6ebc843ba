"""Rows of a database: the result of one query that reads."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.errors import ConfigError, DataError
from foldwise.system.redact import first_line

if TYPE_CHECKING:  # a wrong configuration is reported before any of them is imported
    import pandas as pd
    from sqlalchemy import URL, Engine

    from foldwise.spec.sources import SqlData

# The databases that can be held to reading -> the driver that does so, whichever the address names.
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
CONNECT_SECONDS = 10


def file_in(url: str) -> str | None:
    """The file of an SQLite address; None for the address of a server.

    Raises:
        ConfigError: the address names no file.
    """
    if not url.startswith("sqlite"):
        return None
    path = url.partition("///")[2].partition("?")[0]
    if path in ("", ":memory:"):
        raise ConfigError("data.url", "names no file; write sqlite:///<path>")
    return path


def password_of(data: SqlData) -> str | None:
    """The password in the environment variable `data.password_env`; None without one.

    Raises:
        ConfigError: the variable is not set.
    """
    if data.password_env is None:
        return None
    if data.password_env not in os.environ:
        raise ConfigError("data.password_env", f"the environment variable {data.password_env} is not set; set it, or use null")
    return os.environ[data.password_env]


def read_query(data: SqlData, file: Path | None) -> tuple[pd.DataFrame, str]:
    """The rows of the query, in the database's order, and the name of the place for messages.

    Args:
        data: the query and the address.
        file: the database file, if it is one.

    Raises:
        ConfigError: the address is wrong, or its driver is not installed.
        DataError: the database cannot be reached or refuses the query, or the result has no rows.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from foldwise.data.sources import one_select

    password = password_of(data)
    place = _address(data.url)
    shown = str(file) if file else place.render_as_string(hide_password=True)
    read = one_select.read_from_postgresql if file is None else one_select.read_from_sqlite
    key, engine = "data.url", _engine(place, file, password)
    try:
        with engine.connect() as connection:
            key = "data.query"
            names, rows = read(connection, data.query, data.statement_timeout)
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error, sqlite3.Warning) as fault:
        hint = one_select.hint(fault) if key == "data.query" else ""
        raise DataError(f"{key}: {shown}: {_first_line(fault, password)}{hint}") from None
    finally:
        engine.dispose()
    return _frame(names, rows, frozenset(data.missing)), shown


def _frame(names: Sequence[str], rows: Sequence[Any], marks: frozenset[str]) -> pd.DataFrame:
    import pandas as pd

    from foldwise.data.sources.typed_cells import typed_cells

    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"data.query: returns two columns {twice[0]}; rename one with AS")
    if not rows:
        raise DataError("data.query: returns no rows; change the query")
    return pd.DataFrame({name: typed_cells(cells, marks) for name, cells in zip(names, zip(*rows, strict=True), strict=True)})


def _address(url: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        place = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(
            "data.url", "is not a database address; write sqlite:///<path> or postgresql://user@host/name"
        ) from None
    database = place.get_backend_name()
    if database not in _DRIVERS:
        rule = f"{place.drivername} cannot be held to reading; use sqlite or postgresql, or export the rows for data=csv"
        raise ConfigError("data.url", rule)
    return place.set(drivername=_DRIVERS[database])


def _engine(place: URL, file: Path | None, password: str | None) -> Engine:
    """An engine that makes one connection, which opens a file read-only."""
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import ArgumentError

    options: dict[str, Any] = {}
    if file is not None:
        place = place.set(database=file.resolve().as_uri(), query={"mode": "ro", "uri": "true"})
    else:
        options = {"connect_args": {"connect_timeout": CONNECT_SECONDS}}
    try:
        return create_engine(place if password is None else place.set(password=password), poolclass=NullPool, **options)
    except ArgumentError:
        raise ConfigError("data.url", "is not a database address that its driver can read; correct it") from None
    except ImportError:
        raise ConfigError("data.url", f"{place.drivername} needs its driver; pip install 'psycopg[binary]'") from None


def _first_line(fault: Exception, password: str | None) -> str:
    """The database's own message, without SQL, parameters and the password."""
    line = first_line(fault)
    return line.replace(password, "***") if password else line
