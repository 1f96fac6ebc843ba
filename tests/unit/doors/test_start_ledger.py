"""A start opens the ledger once, and only where it needs it."""

import subprocess
import sys
from contextlib import closing

import pytest

from foldwise.config.read import read_study
from foldwise.doors.compose import compose_study
from foldwise.doors.start_ledger import StartLedger
from foldwise.ledger.ledger import open_ledger

PROBE = """
import sys
opened = []
def note(event, arguments):  # every connection to a ledger is one to a file of that name
    if event == "sqlite3.connect" and str(arguments[0]).endswith("ledger.db"):
        opened.append(arguments[0])
sys.addaudithook(note)
from foldwise.__main__ import main
code = main()
print("opened:", len(opened))
sys.exit(code)
"""
WORDS = ["data=wine", "study=mine", "tuner=random", "tracking=in_memory", "budget.trials=2"]
WORDS += ["folds.count=2", "fit.epochs=2", "model.units=4", "model.hidden=1"]


def start(folder, *words):
    command = [sys.executable, "-c", PROBE, *words, f"paths.runs={folder}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)


def test_composing_and_refusing_open_nothing(tmp_path):
    spec = read_study(compose_study([*WORDS, f"paths.runs={tmp_path}"]))
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        ledger.create_study(spec.name, spec.recipe, "f" * 64, {}, {})
    for words in (["study=mine", "--cfg", "job"], [*WORDS, "--cfg", "job"], ["--help"]):
        done = start(tmp_path, "tune", *words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("opened: 0\n")
    assert start(tmp_path, "tune", *WORDS, "fit.epochs=0").stdout == "opened: 0\n"


@pytest.mark.nightly
@pytest.mark.slow
def test_every_start_of_a_study_opens_it_once(tmp_path):
    fresh = start(tmp_path, "tune", *WORDS)
    assert fresh.returncode == 0, fresh.stderr
    assert fresh.stdout.endswith("opened: 1\n")
    for words in (WORDS, ["study=mine"], ["study=mine", "tracking=in_memory"]):
        again = start(tmp_path, "tune", *words)
        assert "is finished: 2 of 2 trials, 0 more to run" in again.stdout, again.stderr
        assert again.stdout.endswith("opened: 1\n")
    more = start(tmp_path, "tune", "study=mine", "tracking=in_memory", "budget.trials=3")
    assert more.returncode == 0, more.stderr
    assert more.stdout.endswith("opened: 1\n")
    assert start(tmp_path, "prepare", "study=mine").stdout.endswith("opened: 1\n")
    assert start(tmp_path, "tune", "study=mine", "replay=1").stdout.endswith("opened: 1\n")


def test_it_is_made_when_it_is_needed_and_closed_once(tmp_path):
    ledger = StartLedger(None, str(tmp_path), pytest.fail)
    assert not ledger.is_file
    with closing(ledger):
        assert ledger.open() is ledger.open()
        assert ledger.is_file
    assert not StartLedger(f"sqlite:///{tmp_path / 'ledger.db'}", str(tmp_path), pytest.fail).is_file
