"""Calls between two processes, and a study whose MLflow process ends, hangs or outlives it."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from foldwise.errors import ConfigError, JobError
from foldwise.tracking.other_process import LOST, DistantRegistry, OtherProcess

ROOT = Path(__file__).parents[3]
# The other side of these tests: a tracker and a registry that do as the name of the model says.
OTHER_SIDE = """
import os, sys, time
from foldwise.doors.mlflow_process import LOST, DistantLedger
from foldwise.errors import ConfigError
from foldwise.tracking.calls import Calls


class Both:
    def __init__(self, ledger):
        self.ledger = ledger

    def make(self):
        print("chatter of a library")

    def open(self, record, rows):
        self.ledger.mark_shipped(record, None, f"run of {record}")

    def trial(self, row):
        raise ConfigError("tracking", f"row {row} is refused")

    def place(self, wait_seconds):
        return wait_seconds

    def close(self, summary, files, wait_seconds):
        time.sleep(wait_seconds * 100)

    def do(self, work):
        return work()

    def number(self, reference):
        if reference == "dies":
            os._exit(3)
        if reference == "odd":
            return lambda: None
        if reference == "hangs":
            time.sleep(600)
        raise ConfigError("model", f"no model is called {reference}")


def main():
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    ledger = DistantLedger()
    both = Both(ledger)
    targets = {name: both for name in ("made", "tracker", "registry", "beside")}
    ledger.calls = Calls(sys.stdin.buffer, answers, targets, LOST, apart="beside")
    ledger.calls.start()
    ledger.calls.ended.wait()
    os._exit(0)
"""


class Marks:
    """Takes what a tracker records."""

    def __init__(self):
        self.shipped = []

    def mark_shipped(self, *words):
        self.shipped.append(words)


@pytest.fixture
def marks():
    return Marks()


@pytest.fixture
def process(tmp_path, monkeypatch, marks):
    (tmp_path / "other_side.py").write_text(OTHER_SIDE)
    monkeypatch.syspath_prepend(tmp_path)
    made = OtherProcess("other_side", (), marks)
    yield made
    made.close(None, wait_seconds=0)


def test_a_call_comes_back_through_the_ledger_of_this_process(process, marks):
    process.open("iris-1", [])
    assert process.place(3.0) == 3.0
    assert marks.shipped == [("iris-1", None, "run of iris-1")]


def test_a_fault_there_is_raised_here_with_its_sentence(process):
    with pytest.raises(ConfigError, match="no model is called irsi") as raised:
        DistantRegistry(process).number("irsi")
    assert raised.value.key == "model"


def test_a_fault_of_a_trial_is_raised_by_the_next_call(process):
    process.open("iris-1", [])
    process.trial(7)
    process._unread[-1].exception(30)
    with pytest.raises(ConfigError, match="row 7 is refused"):
        process.trial(8)


def test_work_beside_does_not_wait_for_a_registry_that_hangs(process):
    process.open("iris-1", [])
    hanging = process._started().call("registry", "number", "hangs")
    assert process.beside(partial(math.comb, 5, 2)).result(30) == 10
    assert isinstance(process.beside(partial(int, "five")).exception(30), ValueError)
    assert not hanging.done()


def test_work_that_cannot_be_sent_is_a_fault_of_its_own(process):
    process.open("iris-1", [])
    with pytest.raises(JobError, match="cannot be sent"):
        process.beside(lambda: 1).result(30)
    assert process.beside(partial(math.comb, 5, 2)).result(30) == 10


def test_work_beside_fails_with_the_process(process):
    process.open("iris-1", [])
    with pytest.raises(JobError, match=LOST):
        process.beside(partial(os._exit, 3)).result(30)


def test_an_answer_that_cannot_be_sent_is_a_fault_and_no_silence(process):
    with pytest.raises(JobError, match="pickle"):
        DistantRegistry(process).number("odd")


def test_a_process_that_ends_loses_nothing_and_stops_nothing(process):
    process.open("iris-1", [])
    with pytest.raises(JobError, match=LOST):
        DistantRegistry(process).number("dies")
    process.trial(1)
    process.trial(2)
    assert process.place(1.0) is None
    (sentence,) = process.close(None)
    assert sentence.startswith("MLflow did not accept all of the study: MLflow's process has ended; nothing is lost")


def test_a_process_that_hangs_is_ended(process, monkeypatch):
    monkeypatch.setattr("foldwise.tracking.other_process.GRACE_SECONDS", 0.2)
    process.open("iris-1", [])
    process.place()
    child, began = process._process, time.monotonic()
    (sentence,) = process.close(None, wait_seconds=0.1)
    assert "within 0.1 s; nothing is lost" in sentence
    assert child.poll() is not None
    assert time.monotonic() - began < 5


def test_a_process_that_was_started_early_is_given_its_ledger_later(process, marks):
    other = Marks()
    process._targets["ledger"] = None
    process.start()
    process.use(other)
    process.open("iris-1", [])
    assert process.place(3.0) == 3.0
    assert other.shipped == [("iris-1", None, "run of iris-1")]
    assert marks.shipped == []


def test_a_process_of_which_nothing_was_asked_ends_with_a_study_that_is_refused(process):
    process.end_unasked()
    process.start()
    child = process._process
    began = time.monotonic()
    process.end_unasked()
    assert child.poll() is not None
    assert time.monotonic() - began < 2
    assert process.close(None) == ()


def test_it_is_closed_without_a_word_too(process):
    process.start()
    child = process._process
    assert process.close(None) == ()
    assert child.poll() is not None


def test_one_of_which_something_was_asked_goes_on(process):
    process.start()
    process.open("iris-1", [])
    process.end_unasked()
    assert process.place(3.0) == 3.0


def test_what_was_never_opened_is_closed_without_a_word(marks):
    assert OtherProcess("other_side", (), marks).close(None) == ()


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")
def test_mlflow_ends_with_a_study_that_is_killed(tmp_path):
    """So the next start finds no other process that still writes to MLflow."""
    script = f"""
import time
from foldwise.spec.places import TrackingSpec
from foldwise.tracking.other_process import DistantRegistry, OtherProcess
process = OtherProcess("foldwise.doors.mlflow_process", (TrackingSpec(), {str(tmp_path)!r}), None)
DistantRegistry(process).aliases("iris")
print(process._process.pid, flush=True)
time.sleep(100)
"""
    study = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    mlflow = int(study.stdout.readline())
    os.kill(mlflow, 0)
    study.kill()
    study.wait()
    study.stdout.close()
    until = time.monotonic() + 10
    while time.monotonic() < until and is_running(mlflow):
        time.sleep(0.05)
    assert not is_running(mlflow)


def is_running(number):
    try:
        os.kill(number, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{number}/stat").read_text().split()[2] != "Z"
