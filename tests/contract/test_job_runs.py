"""The contract of job runs on every database."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.errors import Overtaken
from foldwise.ledger.job_runs import JobRuns
from foldwise.ledger.ledger import open_ledger

SLOT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def two(url):
    ledgers = [open_ledger(url) for _ in range(2)]
    yield [ledger.job_runs for ledger in ledgers]
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def job_runs(two):
    return two[0]


def states(job_runs, job="nightly"):
    return [(row.slot, row.state) for row in job_runs.history(job, 100)]


def test_of_many_claims_of_a_slot_one_succeeds(two, url):
    ledgers = [open_ledger(url) for _ in range(6)]
    won = []

    def claim(ledger):
        mine = ledger.job_runs
        won.extend(place for place in range(10) if mine.claim("nightly", SLOT + place * MINUTE))

    threads = [threading.Thread(target=claim, args=[ledger]) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ledger in ledgers:
        ledger.close()
    assert sorted(won) == list(range(10))
    assert not two[0].claim("nightly", SLOT)
    assert two[0].claim("hourly", SLOT)


def test_a_slot_is_claimed_then_running_then_finished(two):
    one, other = two
    one.claim("nightly", SLOT)
    assert [row.state for row in other.open("nightly")] == ["CLAIMED"]
    assert other.take("nightly", SLOT, 0, "a.log") == 1
    (row,) = one.open("nightly")
    assert (row.state, row.attempt, row.log, row.seconds) == ("RUNNING", 1, "a.log", None)
    other.finish("nightly", SLOT, 1, "FAILED", 1, "no rows")
    row = one.row("nightly", SLOT)
    assert (row.state, row.exit_code, row.reason) == ("FAILED", 1, "no rows")
    assert row.seconds >= 0
    assert one.open("nightly") == []
    assert one.row("nightly", SLOT + MINUTE) is None


def test_of_two_that_take_the_same_attempt_one_succeeds(two):
    one, other = two
    one.claim("nightly", SLOT)
    assert one.take("nightly", SLOT, 0, "a.log") == 1
    assert other.take("nightly", SLOT, 0, "a.log") is None
    assert other.take("nightly", SLOT, 1, "a.log") == 2
    with pytest.raises(Overtaken, match="taken over by another process"):
        one.finish("nightly", SLOT, 1, "DONE", 0, None)
    other.finish("nightly", SLOT, 2, "DONE", 0, None)
    assert other.take("nightly", SLOT, 2, "a.log") is None
    assert one.row("nightly", SLOT).state == "DONE"
    assert one.take("unknown", SLOT, 0, "a.log") is None


def test_a_missed_slot_cannot_be_claimed(job_runs):
    assert job_runs.miss("nightly", SLOT, "no scheduler was running")
    assert not job_runs.claim("nightly", SLOT)
    assert job_runs.take("nightly", SLOT, 0, "a.log") is None
    assert not job_runs.miss("nightly", SLOT, "once more")
    assert job_runs.row("nightly", SLOT).reason == "no scheduler was running"


def test_the_last_row_is_a_slot_of_cron_or_a_seen_row(job_runs):
    assert job_runs.last("nightly", SLOT) is None
    job_runs.see("nightly", SLOT - timedelta(seconds=77), "0 3 * * *")
    assert job_runs.last("nightly", SLOT).reason == "0 3 * * *"
    job_runs.claim("nightly", SLOT)
    job_runs.claim("nightly", SLOT + timedelta(seconds=5))  # started by hand
    job_runs.claim("other", SLOT + MINUTE)
    job_runs.claim("nightly", SLOT + timedelta(days=1))
    assert job_runs.last("nightly", SLOT + MINUTE).slot == SLOT
    assert job_runs.last("nightly", SLOT + timedelta(microseconds=1)).slot == SLOT
    assert job_runs.seen("nightly", SLOT + MINUTE).slot == SLOT - timedelta(seconds=77)
    assert job_runs.last("nightly", SLOT + timedelta(days=9)).slot == SLOT + timedelta(days=1)


def test_history_is_newest_first_and_has_slots_only(job_runs):
    job_runs.see("nightly", SLOT - MINUTE, "0 3 * * *")
    for place in range(3):
        job_runs.claim("nightly", SLOT + place * MINUTE)
    job_runs.miss("hourly", SLOT + 5 * MINUTE, "late")
    assert states(job_runs) == [(SLOT + place * MINUTE, "CLAIMED") for place in (2, 1, 0)]
    assert [row.job for row in job_runs.history(None, 2)] == ["hourly", "nightly"]


def test_a_slot_is_in_whole_seconds(job_runs):
    with pytest.raises(ValueError, match="whole seconds"):
        job_runs.claim("nightly", SLOT + timedelta(microseconds=1))


class Forgetful:
    """Transactions that all lose their first answer after the commit, so that everything runs twice."""

    def __init__(self, transactions):
        self.engine, self.me = transactions.engine, transactions.me
        self._transactions = transactions

    def do(self, work, contradiction=""):
        self._transactions.do(work, contradiction)
        return self._transactions.do(work, contradiction)


def test_every_transaction_can_run_twice(url):
    ledger = open_ledger(url)
    job_runs = JobRuns(Forgetful(ledger._transactions))
    assert job_runs.see("nightly", SLOT - MINUTE, "0 3 * * *")
    assert job_runs.claim("nightly", SLOT)
    assert not job_runs.claim("nightly", SLOT)
    assert job_runs.miss("nightly", SLOT + MINUTE, "late")
    assert job_runs.take("nightly", SLOT, 0, "a.log") == 1
    assert job_runs.take("nightly", SLOT, 0, "a.log") is None
    job_runs.finish("nightly", SLOT, 1, "DONE", 0, None)
    assert states(job_runs) == [(SLOT + MINUTE, "MISSED"), (SLOT, "DONE")]
    ledger.close()


def test_between_machines_the_ledger_locks_a_job(two, request):
    one, other = two
    between = "postgresql" in request.node.name
    assert (one.folder is None) == between
    with one.alone("nightly") as free:
        assert free
        one.stay_alone("nightly")
        with other.alone("nightly") as too, other.alone("hourly") as its:
            assert too is not between
            assert its
    with other.alone("nightly") as free:
        assert free


def test_old_runs_are_those_that_ended_and_that_the_scheduler_does_not_need(job_runs):
    by_hand = SLOT + timedelta(seconds=7)
    job_runs.see("nightly", SLOT - MINUTE, "30 1 * * *")
    for slot in (SLOT, by_hand, SLOT + MINUTE, SLOT + 2 * MINUTE):
        job_runs.miss("nightly", slot, "late")
    job_runs.claim("weekly", SLOT)
    job_runs.miss("other", SLOT, "late")
    old = job_runs.old(SLOT + 2 * MINUTE)
    assert [(row.job, row.slot) for row in old] == [("nightly", SLOT), ("nightly", by_hand), ("nightly", SLOT + MINUTE)]
    last = job_runs.last("nightly", SLOT + 9 * MINUTE)
    job_runs.remove(old)
    assert job_runs.old(SLOT + 9 * MINUTE) == []
    assert job_runs.last("nightly", SLOT + 9 * MINUTE) == last
    assert job_runs.seen("nightly", SLOT + 9 * MINUTE) is not None
    assert states(job_runs) == [(SLOT + 2 * MINUTE, "MISSED")]
    assert states(job_runs, "weekly") == [(SLOT, "CLAIMED")]
