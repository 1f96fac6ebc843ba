import os
import sqlite3
import time
from contextlib import closing

import pytest

from foldwise.errors import Interrupted
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.viewer import Viewer
from foldwise.study.live_writer import LINES, shown_live
from foldwise.study.progress import Progress
from tests.contract.ledgers import new_study


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(url):
    with closing(open_ledger(url)) as opened:
        new_study(opened)
        yield opened


def until(holds, seconds=10):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def row(url):
    with closing(Viewer(url)) as viewer:
        return viewer.live("iris-1").get("iris-1")


def test_the_row_follows_the_study_and_says_how_it_ended(url, ledger):
    progress, lines = Progress(), [f"line {number}" for number in range(LINES + 50)]
    with shown_live(ledger.live, "iris-1", progress, lambda: lines, lambda sentence: None):
        until(lambda: row(url) is not None)
        first = row(url)
        assert (first.state, first.stage, first.trial, first.pid) == ("running", "start", None, os.getpid())
        assert (len(first.log), first.log[-1]) == (LINES, lines[-1])
        assert first.memory > 10
        progress.stage_starts("search")
        progress.trial_starts(7)
        until(lambda: row(url).trial == 7)
        assert row(url).written > first.written
        assert row(url).since == first.since
    assert row(url).state == "finished"


@pytest.mark.parametrize(("fault", "state"), [(Interrupted("stopped"), "stopped"), (ValueError("odd"), "failed")])
def test_the_end_of_a_study_that_does_not_finish_is_told_apart(url, ledger, fault, state):
    with (
        pytest.raises(type(fault)),
        shown_live(ledger.live, "iris-1", Progress(), lambda: [], lambda sentence: None),
    ):
        raise fault
    assert row(url).state == state


def test_a_request_to_stop_reaches_the_study_once(url, ledger):
    progress, notes = Progress(), []
    with shown_live(ledger.live, "iris-1", progress, lambda: [], notes.append):
        until(lambda: row(url) is not None)
        assert not progress.is_asked_to_end
        with closing(open_ledger(url)) as other:
            assert other.live.request_stop("iris-1")
        until(lambda: progress.is_asked_to_end)
        time.sleep(1.2)
    assert notes == ["asked to stop on the page of the study: it ends after the running trial"]


def test_another_coordinator_ends_it_in_silence(url, ledger):
    notes = []
    with shown_live(ledger.live, "iris-1", Progress(), lambda: [], notes.append):
        until(lambda: row(url) is not None)
        with closing(open_ledger(url)) as other:
            other.lead("iris-1")
            last = row(url)
            time.sleep(1.3)
            assert row(url) == last
    assert row(url) == last
    assert notes == []


@pytest.mark.long
def test_a_busy_ledger_costs_rows_and_a_note_and_not_the_study(url, ledger, tmp_path):
    notes = []
    with shown_live(ledger.live, "iris-1", Progress(), lambda: [], notes.append):
        until(lambda: row(url) is not None)
        with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as busy:
            busy.execute("BEGIN IMMEDIATE")
            until(lambda: notes, seconds=15)
            assert notes == ["the live page of this study lags: database is locked"]
            busy.execute("ROLLBACK")
        last = row(url).written
        until(lambda: row(url).written > last)
    assert row(url).state == "finished"
    assert len(notes) == 1
