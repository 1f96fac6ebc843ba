"""Transient errors are retried, others are raised at once, and the user can stop the wait."""

import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from foldwise.errors import Interrupted
from foldwise.ledger.retry import Waiting, _locker, is_transient
from foldwise.system.redact import first_line

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def engine(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.db'}", connect_args={"timeout": 0.05})
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE things (x INTEGER)")
    yield engine
    engine.dispose()


def add(engine):
    def work():
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("INSERT INTO things VALUES (1)")
            connection.commit()
            return connection.exec_driver_sql("SELECT COUNT(*) FROM things").scalar_one()

    return work


def test_a_lock_is_waited_for_and_reported_once(engine, tmp_path):
    said = []
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(1.0, lambda: other.execute("ROLLBACK")).start()
        assert Waiting(engine.url, said.append, lambda: None).until_done(add(engine)) == 1
    assert len(said) == 2
    assert re.search(r"ledger\.db does not answer \(database is locked\); waiting for it$", said[0])
    assert re.match(r"the ledger is back after \d+ s$", said[1])


def test_the_user_can_stop_the_wait(engine, tmp_path):
    end = time.monotonic() + 0.5

    def check():
        if time.monotonic() > end:
            raise Interrupted("stopped")

    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Interrupted):
            Waiting(engine.url, lambda sentence: None, check).until_done(add(engine))


def test_errors_that_are_not_transient_are_raised_at_once(engine):
    def work():
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM missing")

    with pytest.raises(DBAPIError) as caught:
        Waiting(engine.url, pytest.fail, pytest.fail).until_done(work)
    assert first_line(caught.value) == "no such table: missing"
    assert not is_transient(caught.value)


@pytest.mark.skipif(not os.path.exists("/proc/locks"), reason="the system does not list the holders of locks")  # noqa: PTH110
def test_the_holder_of_a_lock_is_named(tmp_path):
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE things (x INTEGER)")
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout.readline() == b"held\n"
        found = _locker(path)
        holder.communicate(b"")
    assert found in (f" by process {holder.pid}", "")  # a container may hide the locks of its processes
