"""One statement that reads: the database itself refuses all others, so nothing here has to understand SQL.

SQLite prepares one statement at a time and asks an authorizer about each thing that it would do. PostgreSQL declares a cursor
for the query, which must be one SELECT that changes no table, in a read-only transaction. A function in a SELECT can still do
more, so the server shows its plan before the first row, and PostgreSQL must know every function in it to change nothing.
"""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from foldwise.errors import DataError
from foldwise.system.redact import first_line

if TYPE_CHECKING:
    from sqlalchemy import Connection

Rows = tuple[list[str], Sequence[Any]]

_ONE_SELECT = "write one SELECT, which runs read-only"
_TOO_LONG = "raise data.statement_timeout, or ask for less"
# The code of a fault, in SQLSTATE or SQLite's own numbers -> what to do about it.
_HINTS: dict[str | int | None, str] = {
    "42601": _ONE_SELECT,  # syntax error, also for what is no SELECT
    "0A000": _ONE_SELECT,  # a WITH that changes rows
    "25001": _ONE_SELECT,  # a transaction that would like to write
    "25006": _ONE_SELECT,
    "57014": _TOO_LONG,
    sqlite3.SQLITE_READONLY: _ONE_SELECT,
    sqlite3.SQLITE_INTERRUPT: _TOO_LONG,
}

_ACTIONS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE)
# load code, read or write files, or run text as SQL; most of them exist in special builds only
_REFUSED_IN_SQLITE = frozenset(
    {"load_extension", "fts3_tokenizer", "icu_load_collation", "readfile", "writefile", "edit", "eval", "fsdir", "lsdir"}
)
_LOOKED_UP = ("data_version", "page_size")  # without a value, which would set it
_STEPS = 10_000  # of SQLite's machine between two looks at the clock: well below a millisecond

# Functions that PostgreSQL calls VOLATILE because two calls differ, and that change nothing beyond this session.
_HARMLESS = (
    "random random_normal setseed clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 pg_sleep pg_sleep_for pg_sleep_until"
)
# Functions of extensions that run SQL from their arguments although they are not VOLATILE.
_RUN_TEXT = "crosstab crosstabn crosstab2 crosstab3 crosstab4 connectby xpath_table"
_FUNCTIONS = re.compile(r":(?:\w*funcid|\w+fnoid)\s+(\d+)")  # in a plan; blanks in names are escaped there
_SUSPECTS = """
SELECT n.nspname, p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid IN (
    SELECT unnest(%(called)s::oid[])
    UNION ALL
    SELECT unnest(ARRAY[aggtransfn::oid, aggfinalfn::oid, aggmtransfn::oid, aggminvtransfn::oid, aggmfinalfn::oid])
    FROM pg_catalog.pg_aggregate WHERE aggfnoid::oid = ANY (%(called)s::oid[])
) AND (
    lower(p.proname) = ANY (string_to_array(%(run_text)s, ' '))
    OR p.provolatile = 'v' AND NOT (n.nspname = 'pg_catalog' AND p.proname = ANY (string_to_array(%(harmless)s, ' ')))
) ORDER BY 1, 2 LIMIT 1"""


def read_from_sqlite(connection: Connection, query: str, seconds: float | None) -> Rows:
    """The names and rows of a query on a file that is opened read-only.

    Raises:
        DataError: the query would do more than read, or returns no table.
        SQLAlchemyError, sqlite3.Warning: the query has another fault, or there are several.
    """
    from sqlalchemy.exc import DBAPIError

    driver: Any = connection.connection.driver_connection
    end = math.inf if seconds is None else time.monotonic() + seconds
    refused: list[str] = []

    def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        if _only_reads(action, first, second):
            return sqlite3.SQLITE_OK
        refused.append(f"{action} {first} {second}")
        return sqlite3.SQLITE_DENY

    driver.isolation_level = None  # else a BEGIN would come before the statement
    driver.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    driver.set_authorizer(authorize)
    driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        # no parameters: a colon or a percent sign in the query is itself
        result = connection.exec_driver_sql(query, execution_options={"no_parameters": True})
        if not result.returns_rows:
            raise DataError(f"data.query: returns no table; {_ONE_SELECT}")
        return [str(name) for name in result.keys()], result.fetchall()  # noqa: SIM118 not a mapping
    except DBAPIError as fault:
        if refused:
            raise DataError(f"data.query: {first_line(fault)}; {_ONE_SELECT}") from None
        if _code(fault) == sqlite3.SQLITE_INTERRUPT and time.monotonic() <= end:
            raise KeyboardInterrupt from None  # SQLite swallows it while it asks for the time
        raise


def read_from_postgresql(connection: Connection, query: str, seconds: float | None) -> Rows:
    """The names and rows of a query, read in a transaction that is never committed.

    Raises:
        DataError: the query calls a function that may do more than read.
        psycopg.Error: the query is not one SELECT, or has another fault.
    """
    driver: Any = connection.connection.driver_connection
    plans: list[str] = []

    def take(notice: Any) -> None:
        plans.append(notice.message_detail or "")

    driver.read_only = True
    options = {"client_min_messages": "log", "debug_pretty_print": "on", "debug_print_plan": "on"}
    if seconds is not None:
        options = {"statement_timeout": str(max(1, round(seconds * 1000))), **options}
    for name, value in options.items():
        driver.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
    # of a named cursor psycopg sends the DECLARE in the protocol that takes one statement; fetchall asks for the first row
    with driver.cursor("rows") as cursor:
        driver.add_notice_handler(take)
        cursor.execute(query)
        driver.remove_notice_handler(take)
        driver.execute("SET LOCAL debug_print_plan = off")
        _judge(driver, plans)
        return [column.name for column in cursor.description], cursor.fetchall()


def hint(fault: BaseException) -> str:
    """What to do about a fault of a query, to be put behind its message; empty if the message is enough."""
    several = isinstance(fault, sqlite3.Warning) or isinstance(getattr(fault, "orig", None), sqlite3.ProgrammingError)
    advice = _ONE_SELECT if several else _HINTS.get(_code(fault))
    return f"; {advice}" if advice else ""


def _code(fault: BaseException) -> str | int | None:
    """The database's own code of a fault: PostgreSQL's SQLSTATE, SQLite's primary number."""
    cause = getattr(fault, "orig", None) or fault
    number: int | None = getattr(cause, "sqlite_errorcode", None)
    state: str | None = getattr(cause, "sqlstate", None)
    return state if number is None else number & 0xFF


def _only_reads(action: int, first: str | None, second: str | None) -> bool:
    """Whether SQLite would only select, read a column, call a harmless function, recur, or open a full-text table."""
    if action == sqlite3.SQLITE_FUNCTION:
        return (second or "").lower() not in _REFUSED_IN_SQLITE
    if action == sqlite3.SQLITE_PRAGMA:
        return first in _LOOKED_UP and second is None
    if action == sqlite3.SQLITE_UPDATE:  # asked, and not done, where a full-text table is opened; never done for a query
        return first == "sqlite_master"
    return action in _ACTIONS


def _judge(driver: Any, plans: Sequence[str]) -> None:
    if not any("PLANNEDSTMT" in plan for plan in plans):
        raise DataError("data.query: the server shows no plan, so it cannot be told what the query would do; use PostgreSQL")
    called = sorted({number for plan in plans for number in _FUNCTIONS.findall(plan)})
    words = {"called": "{" + ",".join(called) + "}", "run_text": _RUN_TEXT, "harmless": _HARMLESS}
    suspect = driver.execute(_SUSPECTS, words).fetchone()
    if suspect is not None:
        schema, name = suspect
        other = "" if schema == "pg_catalog" else ", or declare it STABLE in the database if it only reads"
        raise DataError(f"data.query: calls {schema}.{name}, which can do more than read; leave it out{other}")
