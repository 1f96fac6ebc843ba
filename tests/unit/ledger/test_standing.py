import os
import platform
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.ledger.standing import SILENT_SECONDS, Watch
from foldwise.ledger.viewer import StudyHead
from tests.contract.test_live import live_row

HEAD = StudyHead("iris-1", datetime(2026, 5, 4, tzinfo=UTC), None, 20, 1)


def row(ago=0.0, **changes):
    now = datetime.now(UTC)
    values = {"pid": os.getpid(), "host": platform.node(), "since": now, "written": now - timedelta(seconds=ago)}
    return live_row(**{**values, **changes})


@pytest.fixture
def ended():
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_a_study_that_ended_says_how(state, ended):
    assert Watch().standing(HEAD, row(ago=1e6, state=state, pid=ended)).state == state


def test_a_study_without_a_row_is_finished_or_not():
    assert Watch().standing(replace(HEAD, finished=HEAD.created), None).state == "finished"
    assert Watch().standing(HEAD, None).state == "stopped"


def test_a_process_that_is_gone_has_died_at_once(ended):
    found = Watch().standing(HEAD, row(ago=3, pid=ended))
    assert (found.state, found.why) == ("died", f"process {ended} is gone; the same command continues the study")
    assert Watch().standing(HEAD, row(ago=1, pid=ended)).state == "running"  # its last row may be its end


def test_a_process_that_took_the_number_of_another_is_not_that_one():
    assert Watch().standing(HEAD, row(ago=3)).state == "running"
    assert Watch().standing(HEAD, row(ago=3, since=datetime.now(UTC) - timedelta(days=2))).state == "died"


def test_a_process_that_is_there_and_writes_nothing_is_silent():
    found = Watch().standing(HEAD, row(ago=SILENT_SECONDS + 1))
    assert found.state == "silent"
    assert "has written nothing for 9 s" in found.why


def test_on_another_host_silence_is_death(ended):
    found = Watch().standing(HEAD, row(ago=SILENT_SECONDS + 1, host="other", pid=ended))
    assert found.state == "died"
    assert "on other has written nothing" in found.why
    assert Watch().standing(HEAD, row(ago=3, host="other", pid=ended)).state == "running"


def test_rows_that_change_are_signs_of_life_whatever_the_clock_of_the_host():
    watch = Watch()
    assert watch.standing(HEAD, row(ago=3600, host="other")).state == "died"  # one look knows no better
    assert watch.standing(HEAD, row(ago=3599, host="other")).state == "running"
    watch._seen["iris-1"] = (watch._seen["iris-1"][0], time.monotonic() - SILENT_SECONDS - 1, True)
    assert watch.standing(HEAD, replace(row(host="other"), written=watch._seen["iris-1"][0])).state == "died"
