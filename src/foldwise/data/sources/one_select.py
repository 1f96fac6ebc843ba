"""One statement that reads: the database itself refuses all others, so nothing here has to understand SQL.

SQLite prepares one statement at a time and asks an authorizer about each thing that it would do. PostgreSQL declares a cursor
for the query, which must be one SELECT that changes no table, in a read-only transaction. A function in a SELECT can still do
more, so the server shows its plan before the first row, and PostgreSQL must know every function in it to change nothing, also
in the checks of domains that it converts to. Some functions are called while a query is planned, so its parsed form is judged
first.
"""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from foldwise.errors import DataError
from foldwise.system.redact import first_line

if TYPE_CHECKING:
    from sqlalchemy import Connection

Rows = tuple[list[str], Sequence[Any]]

_ONE_SELECT = "write one SELECT, which runs read-only"
_TOO_LONG = "raise data.statement_timeout, or ask for less"
_TOO_BIG = "a value may have 16 MB; leave that column out, or shorten it with substr"
# The code of a fault, in SQLSTATE or SQLite's own numbers -> what to do about it.
_HINTS: dict[str | int | None, str] = {
    "42601": _ONE_SELECT,  # syntax error, also for what is not a SELECT
    "0A000": _ONE_SELECT,  # a WITH that changes rows
    "25001": _ONE_SELECT,  # a transaction that would like to write
    "25006": _ONE_SELECT,
    "57014": _TOO_LONG,
    sqlite3.SQLITE_READONLY: _ONE_SELECT,
    sqlite3.SQLITE_INTERRUPT: _TOO_LONG,
    sqlite3.SQLITE_TOOBIG: _TOO_BIG,
}

_ACTIONS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE)
# load code, read or write files, or run text as SQL; most of them exist in special builds only
_REFUSED_IN_SQLITE = frozenset(
    {"load_extension", "fts3_tokenizer", "icu_load_collation", "readfile", "writefile", "edit", "eval", "fsdir", "lsdir"}
)
_LOOKED_UP = ("data_version", "page_size")  # without a value, which would set it
_VALUE_BYTES = 16_000_000  # of one value: a function that makes or searches a larger one is not stopped by the clock
_STEPS = 10_000  # of SQLite's machine between two looks at the clock: well below a millisecond

# Functions that PostgreSQL calls VOLATILE because two calls differ, and that change nothing beyond this session.
_HARMLESS = (
    "random random_normal setseed clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 pg_sleep pg_sleep_for pg_sleep_until"
)
# Functions that run SQL from their arguments, or read any view, although they are not VOLATILE.
_RUN_TEXT = (
    "crosstab crosstabn crosstab2 crosstab3 crosstab4 connectby xpath_table table_to_xml table_to_xml_and_xmlschema "
    "schema_to_xml schema_to_xml_and_xmlschema database_to_xml database_to_xml_and_xmlschema"
)
# The same in C, as an extension's functions can be declared under other names.
_RUN_TEXT_IN_C = "crosstab crosstab_hash connectby_text connectby_text_serial xpath_table"
# In a plan and in a parsed query; blanks in names are escaped there.
_FUNCTIONS = re.compile(r":(?:\w*funcid|\w+fnoid)\s+(\d+)")
_TABLES = re.compile(r":relid\s+(\d+)")
_TYPES = re.compile(
    r":(?:resulttype|funcresulttype|typid|(?:func)?coltypes)\s+(?:\(o\s+)?([\d\s]+)"
)  # that values are converted to
# A domain's check is run where a value becomes one, perhaps inside of an array or a row; the plan does not show it.
_SUSPECTS = r"""
WITH RECURSIVE types(type) AS (
    SELECT unnest(%(types)s::oid[])
    UNION
    SELECT part.type FROM types JOIN pg_catalog.pg_type t ON t.oid = types.type CROSS JOIN LATERAL (
        SELECT unnest(ARRAY[t.typelem, t.typbasetype])
        UNION ALL SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped
        UNION ALL SELECT rngsubtype FROM pg_catalog.pg_range WHERE rngtypid = t.oid
    ) AS part(type)
), checks(number) AS (
    SELECT (regexp_matches(conbin::text, ':(?:\w*funcid|\w+fnoid)\s+(\d+)', 'g'))[1]::oid
    FROM pg_catalog.pg_constraint WHERE contypid IN (SELECT type FROM types)
), called(number) AS (
    SELECT unnest(%(called)s::oid[]) UNION SELECT number FROM checks
), inner_ones(number) AS (
    SELECT number FROM called
    UNION
    SELECT unnest(
        ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]
    )
    FROM pg_catalog.pg_aggregate WHERE aggfnoid::oid IN (SELECT number FROM called)
)
SELECT n.nspname, p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid IN (SELECT number FROM inner_ones) AND (
    lower(p.proname) = ANY (string_to_array(%(run_text)s, ' '))
    OR l.lanname = 'c' AND p.prosrc = ANY (string_to_array(%(run_text_in_c)s, ' '))
    OR p.provolatile = 'v' AND (%(planned)s OR p.oid IN (SELECT number FROM checks))
    AND NOT (n.nspname = 'pg_catalog' AND p.proname = ANY (string_to_array(%(harmless)s, ' ')))
) ORDER BY 1, 2 LIMIT 1"""
_PROGRAMS = """
SELECT ftrelid::regclass FROM pg_catalog.pg_foreign_table
WHERE ftrelid = ANY (%(tables)s::oid[]) AND array_to_string(ftoptions, ' ') ~ '(^| )program=' LIMIT 1"""


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
    driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_BYTES)
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
    driver.read_only = True
    options = {"client_min_messages": "log", "debug_pretty_print": "on"}
    if seconds is not None:
        options = {"statement_timeout": str(max(1, round(seconds * 1000))), **options}
    for name, value in options.items():
        driver.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
    with _shown(driver, "debug_print_rewritten") as parsed:
        _parse(driver, query)
    _judge(driver, parsed, planned=False)
    # of a named cursor psycopg sends the DECLARE in the protocol that takes one statement; fetchall asks for the first row
    with driver.cursor("rows") as cursor:
        with _shown(driver, "debug_print_plan") as plans:
            cursor.execute(query)
        if not any("PLANNEDSTMT" in plan for plan in plans):
            raise DataError(
                "data.query: the server shows no plan, so it cannot be told what the query would do; use PostgreSQL"
            )
        _judge(driver, plans, planned=True)
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


@contextmanager
def _shown(driver: Any, option: str) -> Iterator[list[str]]:
    """The forms of a query that the server shows in this block, which an option of PostgreSQL asks for."""
    texts: list[str] = []

    def take(notice: Any) -> None:
        texts.append(notice.message_detail or "")

    driver.execute(f"SET LOCAL {option} = on")
    driver.add_notice_handler(take)
    yield texts
    driver.remove_notice_handler(take)
    driver.execute(f"SET LOCAL {option} = off")


def _parse(driver: Any, query: str) -> None:
    """Let the server parse a statement that is then neither planned nor run."""
    from psycopg import errors
    from psycopg.pq import ExecStatus

    result = driver.pgconn.prepare(b"", query.encode(driver.info.encoding))
    if result.status == ExecStatus.FATAL_ERROR:
        raise errors.error_from_result(result, encoding=driver.info.encoding)


def _judge(driver: Any, shown: Sequence[str], planned: bool) -> None:
    """Refuse a query by its parsed form, or by its plan, where functions that only read may be folded into it already."""
    called, tables, types = (
        "{" + ",".join(sorted({number for text in shown for found in kind.findall(text) for number in found.split()})) + "}"
        for kind in (_FUNCTIONS, _TABLES, _TYPES)
    )
    words = {"run_text": _RUN_TEXT, "run_text_in_c": _RUN_TEXT_IN_C, "harmless": _HARMLESS, "planned": planned}
    suspect = driver.execute(_SUSPECTS, {"called": called, "types": types, **words}).fetchone()
    if suspect is not None:
        schema, name = suspect
        other = "" if schema == "pg_catalog" else ", or declare it STABLE in the database if it only reads"
        raise DataError(f"data.query: calls {schema}.{name}, which can do more than read; leave it out{other}")
    if (table := driver.execute(_PROGRAMS, {"tables": tables}).fetchone()) is not None:
        raise DataError(f"data.query: reads {table[0]}, a foreign table that runs a program; leave it out")
