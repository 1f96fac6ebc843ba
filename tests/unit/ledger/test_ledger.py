import os
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest

from foldwise.errors import ConfigError, JobError
from foldwise.ledger.ledger import open_ledger
from tests.contract.ledgers import PARAMS, finish, new_study, result


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


def _open(path):
    return open_ledger(f"sqlite:///{path}")


def test_a_newer_ledger_is_refused_and_left_alone(path):
    _open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE foldwise_schema SET version = 99")
    with pytest.raises(
        ConfigError, match=r"^ledger.url: .*written by a newer foldwise \(ledger schema 99, this one reads up to 6\)"
    ):
        _open(path)


def test_another_program_s_database_is_refused_and_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE trials (trial_id INTEGER)")
    with pytest.raises(ConfigError, match="holds another program's table 'trials'"):
        _open(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("trials",)]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ledger.db", "is not a database address"),
        ("mysql://host/name", "mysql cannot hold a ledger; use sqlite or postgresql"),
        ("sqlite://", "names no database"),
        ("sqlite:///:memory:", "names no database"),
        ("sqlite:////proc/nowhere/ledger.db", "cannot be created"),
        ("postgresql://user:secret@127.0.0.1:1/name", "cannot be opened as a ledger"),
    ],
)
def test_a_wrong_address_is_one_sentence(url, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        open_ledger(url)
    assert caught.value.key == "ledger.url"
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_a_database_is_refused(path):
    path.write_text("number,state\n" * 100)
    with pytest.raises(ConfigError, match="cannot be opened as a ledger: file is not a database"):
        _open(path)
    assert path.read_text().startswith("number,state")


def test_sqlite_waits_for_locks_writes_through_and_checks_references(path):
    ledger = _open(path)
    with ledger._transactions.engine.connect() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert values == ["wal", 2, 1, 5_000]


def test_threads_lose_no_rows(path):
    ledger = _open(path)
    new_study(ledger)
    counts = []

    def work(first):
        for number in range(first, first + 10):
            finish(ledger, "iris-1", result(number))
            counts.append(ledger.record_holdout_read("a" * 64, "iris-1", 1))

    threads = [threading.Thread(target=work, args=(10 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.number for row in ledger.trials("iris-1")] == list(range(40))
    assert sorted(counts) == list(range(1, 41))


def test_a_ledger_that_vanished_is_one_sentence(path):
    ledger = _open(path)
    new_study(ledger)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE folds")
    with pytest.raises(JobError, match=r"the ledger .* failed: no such table: folds"):
        ledger.trials("iris-1")


KILLED = """
import os, signal, sys
from foldwise.ledger.ledger import open_ledger
from tests.contract.ledgers import PARAMS, finish, new_study, result
ledger = open_ledger("sqlite:///" + sys.argv[1])
new_study(ledger)
finish(ledger, "iris-1", result(0))
ledger.begin_trial("iris-1", 1, PARAMS)
with ledger._transactions.engine.begin() as connection:
    connection.exec_driver_sql("UPDATE trials SET state = 'COMPLETE' WHERE number = 1")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_keeps_committed_rows_only(path):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert killed.returncode == -signal.SIGKILL
    ledger = _open(path)
    rows = ledger.trials("iris-1")
    assert [(row.number, row.result is not None) for row in rows] == [(0, True), (1, False)]
    ledger.lead("iris-1")
    assert ledger.begin_trial("iris-1", 1, PARAMS) == 2
