"""Kills of schedulers and runners: each slot runs once, and no slot is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.ledger.ledger import open_ledger
from foldwise.schedule.spec import write_slot
from tests.end_to_end.doors import ROOT

pytestmark = pytest.mark.slow

BEGIN = datetime(2026, 3, 28, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JOB = "cron: '* * * * *'\ndoor: train\npause: 0\n"
PATIENCE = 30  # seconds after which a test has failed


class Schedulers:
    """Starts and kills schedulers that share a folder and a ledger."""

    def __init__(self, runs, starter):
        self.runs, self.starter = runs, starter
        self.url = f"sqlite:///{runs / 'ledger.db'}"
        self.pause = 0.0
        self.pids = []
        (runs / "conf").mkdir()
        (runs / "conf" / "minutely.yaml").write_text(JOB)
        self.clock(BEGIN)

    def clock(self, moment):
        part = self.runs / "clock.part"
        part.write_text(moment.isoformat())
        part.replace(self.runs / "clock")

    def start(self, kill="", runs=None):
        asked = {"runs": str(runs or self.runs), "url": self.url, "kill": kill, "pause": self.pause}
        self.starter.stdin.write(json.dumps(asked) + "\n")
        self.starter.stdin.flush()
        self.pids.append(json.loads(self.starter.stdout.readline())["pid"])
        return self.pids[-1]

    def kill(self, pid):
        self.pids.remove(pid)
        os.kill(pid, signal.SIGKILL)

    def settle(self):
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def known(self):
        """Wait until a scheduler has recorded the job: it never runs earlier slots."""
        self.until(lambda job_runs: job_runs.seen("minutely", BEGIN) is not None)

    def until(self, done):
        end = time.monotonic() + PATIENCE
        with closing(open_ledger(self.url)) as ledger:
            job_runs = ledger.job_runs
            while not done(job_runs):
                assert time.monotonic() < end, (self.runs / "said").read_text() + "\n" + str(job_runs.history(None, 5))
                time.sleep(0.01)

    def until_ended(self, pid):
        end = time.monotonic() + PATIENCE
        while alive(pid):
            assert time.monotonic() < end, (self.runs / "said").read_text()
            time.sleep(0.01)
        self.pids.remove(pid)

    def history(self):
        with closing(open_ledger(self.url)) as ledger:
            return ledger.job_runs.history(None, 1000)

    def effects(self):
        path = self.runs / "effects"
        return Counter(line.split()[1] for line in path.read_text().splitlines()) if path.exists() else Counter()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def done(slot):
    return lambda job_runs: (row := job_runs.row("minutely", slot)) is not None and row.state == "DONE"


def slot_at(number):
    return BEGIN.replace(second=0) + number * MINUTE


@pytest.fixture(scope="module")
def starter():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    words = [sys.executable, "-m", "tests.faults.schedule_driver"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    yield process
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


@pytest.fixture
def schedulers(starter, tmp_path):
    made = Schedulers(tmp_path, starter)
    yield made
    made.settle()


@pytest.mark.nightly
def test_two_schedulers_and_50_kills_over_100_slots(schedulers):
    chance = random.Random(7)
    schedulers.start()
    schedulers.start()
    schedulers.known()
    killed = 0
    for number in range(1, 101):
        schedulers.clock(slot_at(number) + timedelta(seconds=1))
        if number % 2:
            time.sleep(chance.uniform(0, 0.06))
            schedulers.kill(chance.choice(schedulers.pids))
            schedulers.start()
            killed += 1
        schedulers.until(done(slot_at(number)))
    assert killed == 50
    rows = schedulers.history()
    assert [row.slot for row in reversed(rows)] == [slot_at(number) for number in range(1, 101)]
    assert {(row.state, row.attempt, row.exit_code) for row in rows} == {("DONE", 1, 0)}
    assert schedulers.effects() == Counter({write_slot(row.slot): 1 for row in rows})


@pytest.mark.parametrize("place", ["after-job-lock", "after-claim", "after-launch"])
def test_after_a_scheduler_died_another_one_runs_its_slot(place, schedulers):
    schedulers.start(kill=f"{place}:1")
    schedulers.known()
    schedulers.clock(slot_at(1))
    schedulers.until_ended(schedulers.pids[0])
    schedulers.start()
    schedulers.until(done(slot_at(1)))
    (row,) = schedulers.history()
    assert row.attempt == 1
    assert schedulers.effects() == {write_slot(slot_at(1)): 1}


@pytest.mark.parametrize(("place", "runs"), [("after-take", 1), ("after-job-ended", 2), ("after-slot-finished", 1)])
def test_a_slot_whose_runner_dies_gets_another_attempt(place, runs, schedulers):
    """The scheduler is killed too, so that the next one, without a kill point, finds the abandoned slot."""
    first = schedulers.start(kill=place)
    schedulers.known()
    schedulers.clock(slot_at(1))
    runner = schedulers.runs / "runners"
    schedulers.until(lambda job_runs: runner.exists() and runner.read_text().endswith("\n"))
    schedulers.kill(first)
    end = time.monotonic() + PATIENCE
    while any(alive(int(pid)) for pid in runner.read_text().split()):
        assert time.monotonic() < end
        time.sleep(0.01)
    schedulers.start()
    schedulers.until(done(slot_at(1)))
    (row,) = schedulers.history()
    assert row.attempt >= runs
    assert schedulers.effects() == {write_slot(slot_at(1)): row.attempt - (place == "after-take") * (row.attempt - 1)}


def test_a_slot_whose_runners_are_killed_repeatedly_has_failed(schedulers):
    schedulers.start(kill="after-take")  # every runner that it forks dies there
    schedulers.known()
    schedulers.clock(slot_at(1))
    schedulers.until(lambda job_runs: (row := job_runs.row("minutely", slot_at(1))) is not None and row.state == "FAILED")
    (row,) = schedulers.history()
    assert row.reason == f"its processes were killed, {row.attempt - 1} attempts"
    assert schedulers.effects() == {}


def test_runners_that_are_killed_lose_no_slot(schedulers):
    chance = random.Random(11)
    schedulers.pause = 0.05
    schedulers.start()
    schedulers.start()
    schedulers.known()
    killed, runners = 0, schedulers.runs / "runners"
    for number in range(1, 16):
        schedulers.clock(slot_at(number) + timedelta(seconds=1))
        time.sleep(chance.uniform(0.03, 0.12))
        if runners.exists():
            with suppress(ProcessLookupError):
                os.kill(int(runners.read_text().split()[-1]), signal.SIGKILL)
                killed += 1
        schedulers.until(done(slot_at(number)))
    rows = schedulers.history()
    assert len(rows) == 15
    assert {row.state for row in rows} == {"DONE"}
    assert killed > 0
    for row in rows:
        assert 1 <= schedulers.effects()[write_slot(row.slot)] <= row.attempt


def test_after_a_day_the_latest_slot_runs_and_the_others_are_recorded(schedulers):
    first = schedulers.start()
    schedulers.known()
    schedulers.clock(slot_at(1))
    schedulers.until(done(slot_at(1)))
    schedulers.kill(first)
    schedulers.clock(slot_at(1 + 1440))
    schedulers.start()
    schedulers.until(done(slot_at(1 + 1440)))
    rows = schedulers.history()
    assert Counter(row.state for row in rows) == {"MISSED": 100, "DONE": 2}
    assert all("no scheduler was running" in row.reason for row in rows if row.state == "MISSED")
    assert sum(schedulers.effects().values()) == 2


def test_clocks_that_jump_repeat_nothing(schedulers):
    schedulers.start()
    schedulers.known()
    for number in (1, 2, 3):
        schedulers.clock(slot_at(number))
        schedulers.until(done(slot_at(number)))
    for number in (-60, 1, 2, 3, 4):
        schedulers.clock(slot_at(number) + timedelta(seconds=1))
        time.sleep(0.3)
    schedulers.until(done(slot_at(4)))
    assert schedulers.effects() == {write_slot(slot_at(number)): 1 for number in (1, 2, 3, 4)}
    assert all(row.state == "DONE" for row in schedulers.history())


def test_a_job_that_still_runs_misses_its_next_slot(schedulers):
    schedulers.pause = 1.5
    schedulers.start()
    schedulers.start()
    schedulers.known()
    schedulers.clock(slot_at(1))
    schedulers.until(lambda job_runs: [row.state for row in job_runs.open("minutely")] == ["RUNNING"])
    schedulers.clock(slot_at(2))
    schedulers.until(lambda job_runs: job_runs.row("minutely", slot_at(2)) is not None)
    schedulers.until(done(slot_at(1)))
    schedulers.clock(slot_at(3))
    schedulers.until(done(slot_at(3)))
    rows = schedulers.history()
    assert [row.state for row in rows] == ["DONE", "MISSED", "DONE"]
    assert rows[1].reason == f"the run of {write_slot(slot_at(1))} was still in progress"


def test_an_edited_job_runs_from_its_next_slot_and_a_broken_file_stops_no_other_job(schedulers):
    schedulers.start()
    schedulers.known()
    conf = schedulers.runs / "conf"
    (conf / "other.yaml").write_text("cron: nonsense\ndoor: train\n")
    schedulers.clock(slot_at(1))
    schedulers.until(done(slot_at(1)))
    assert "other.yaml: cron: 'nonsense' must have five fields" in (schedulers.runs / "said").read_text()
    (conf / "minutely.yaml").write_text(JOB.replace("* * * * *", "*/10 * * * *"))
    schedulers.until(lambda job_runs: job_runs.seen("minutely", slot_at(2)).reason == "*/10 * * * * UTC")
    schedulers.clock(slot_at(11))
    schedulers.until(done(slot_at(10)))
    (conf / "minutely.yaml").write_text(JOB + "enabled: false\n")
    schedulers.until(lambda job_runs: job_runs.seen("minutely", slot_at(12)).reason == "disabled")
    schedulers.clock(slot_at(99))
    (conf / "minutely.yaml").write_text(JOB)
    schedulers.until(lambda job_runs: job_runs.seen("minutely", slot_at(99)).reason == "* * * * * UTC")
    schedulers.clock(slot_at(100))
    schedulers.until(done(slot_at(100)))
    assert [row.slot for row in schedulers.history()] == [slot_at(100), slot_at(10), slot_at(1)]
    assert (schedulers.runs / "said").read_text().count("nonsense") == 1


def test_two_machines_that_share_a_database_run_each_slot_once(schedulers, database, tmp_path_factory):
    schedulers.url = database()
    other = tmp_path_factory.mktemp("other")
    for name in ("conf", "clock", "effects"):
        (other / name).symlink_to(schedulers.runs / name)  # all but the locks, which each machine has for itself
    (schedulers.runs / "effects").touch()
    schedulers.pause = 0.3
    schedulers.start()
    schedulers.start(runs=other)
    schedulers.known()
    for number in range(1, 6):
        schedulers.clock(slot_at(number) + timedelta(seconds=1))
        schedulers.until(done(slot_at(number)))
    schedulers.pause = 0.0
    rows = schedulers.history()
    assert {(row.state, row.attempt) for row in rows} == {("DONE", 1)}
    assert schedulers.effects() == {write_slot(slot_at(number)): 1 for number in range(1, 6)}
