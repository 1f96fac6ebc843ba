"""The note that a crash in native code leaves, and how the next start uses it."""

import faulthandler
import os
import subprocess
import sys
from contextlib import closing

import pytest

from foldwise.ledger.ledger import open_ledger
from foldwise.study.crash import attribute_crash, crash_noted
from foldwise.trial.result import TrialResult

DEATH = """
import os, signal, sys
from pathlib import Path
from foldwise.study.crash import crash_noted
with crash_noted(Path(sys.argv[1])):
    os.kill(os.getpid(), getattr(signal, sys.argv[2]))
"""


def die(path, name):
    done = subprocess.run([sys.executable, "-c", DEATH, str(path), name], env=os.environ, check=False, timeout=250)
    assert done.returncode < 0


@pytest.fixture
def ledger(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        ledger.create_study("mine", {}, "a" * 64, {}, {})
        for number in range(2):
            ledger.begin_trial("mine", number, {"x": number})
        ledger.finish_trial("mine", TrialResult(0, {"x": 0}, "COMPLETE", mean=0.5, sd=0.0))
        yield ledger


def test_a_process_without_a_crash_leaves_no_note(tmp_path):
    with crash_noted(tmp_path / "deep" / "crash.txt"):
        assert faulthandler.is_enabled()
        assert (tmp_path / "deep" / "crash.txt").exists()
    assert not (tmp_path / "deep" / "crash.txt").exists()


def test_a_crash_counts_against_the_running_trial_and_the_second_fails_it(tmp_path, ledger):
    path, heard = tmp_path / "crash.txt", []
    die(path, "SIGSEGV")
    attribute_crash(path, ledger, "mine", heard.append)
    assert heard == ["trial 1: its process ended by Segmentation fault; it is run again"]
    assert ledger.trials("mine")[1].result is None
    attribute_crash(path, ledger, "mine", heard.append)
    assert len(heard) == 1
    die(path, "SIGABRT")
    attribute_crash(path, ledger, "mine", heard.append)
    result = ledger.trials("mine")[1].result
    assert result.state == "FAILED"
    assert result.reason.startswith("crash: its process ended by Aborted")
    assert ledger.trials("mine")[0].result.state == "COMPLETE"


def test_being_killed_is_not_a_crash(tmp_path, ledger):
    die(tmp_path / "crash.txt", "SIGKILL")
    attribute_crash(tmp_path / "crash.txt", ledger, "mine", pytest.fail)
