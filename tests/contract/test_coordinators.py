"""One coordinator per study; a second one is told who it is, and one that was overtaken can no longer write."""

from __future__ import annotations

import math
import re

import pytest

from foldwise.errors import JobError
from foldwise.ledger.database import connect
from foldwise.ledger.ledger import Ledger, open_ledger
from foldwise.ledger.retry import Waiting
from foldwise.ledger.transactions import Transactions
from foldwise.trial.result import same
from tests.contract.ledgers import PARAMS, finish, new_study, result, summary


@pytest.fixture
def opened(url):
    made = []

    def opened(*arguments):
        made.append(open_ledger(url, *arguments))
        return made[-1]

    yield opened
    for ledger in made:
        ledger.close()


def cut_all(url):
    """End all connections to PostgreSQL, as if its machine went down; a file has none."""
    if url.startswith("sqlite"):
        return
    import psycopg

    others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    with psycopg.connect(url) as connection:
        connection.execute(f"{others} WHERE datname = current_database() AND pid <> pg_backend_pid()")


def test_an_overtaken_coordinator_writes_nothing_and_names_its_successor(url, opened):
    first = opened()
    new_study(first)
    first.begin_trial("iris-1", 0, PARAMS)
    cut_all(url)
    second = opened()
    second.lead("iris-1")
    who = r"^study iris-1 is being run by process \d+ since .* \(coordinator [0-9a-f]{12}\)"
    refused = f"{who}; this process no longer coordinates it"
    for write in (
        lambda: first.finish_trial("iris-1", result(0)),
        lambda: first.begin_trial("iris-1", 1, PARAMS),
        lambda: first.mark_shipped("iris-1", 0, "run"),
        lambda: first.mark_shipped("iris-1", None, "run"),
        lambda: first.finish_study("iris-1", summary()),
        lambda: first.record_holdout_read("f" * 64, "iris-1", 3),
        lambda: first.extend_study("iris-1", {}, {}),
        lambda: first.ask_for("iris-1", 9),
    ):
        with pytest.raises(JobError, match=refused):
            write()
    (row,) = second.trials("iris-1")
    assert (row.result, row.attempt, row.shipped) == (None, 1, None)
    assert second.study("iris-1").summary is None
    assert second.record_holdout_read("f" * 64, "iris-1", 3) == 1
    assert second.begin_trial("iris-1", 0, PARAMS) == 2


def test_without_being_coordinator_a_process_only_reads(opened):
    first = opened()
    new_study(first)
    finish(first, "iris-1", result(0))
    reader = opened()
    assert len(reader.trials("iris-1")) == 1
    with pytest.raises(JobError, match="this process no longer coordinates it"):
        reader.begin_trial("iris-1", 1, PARAMS)


def test_a_coordinator_goes_on_after_a_lost_connection(url, opened):
    notes = []
    first = opened(notes.append)
    new_study(first)
    first.lead("iris-1")
    first.begin_trial("iris-1", 0, PARAMS)
    for number in range(1, 4):
        cut_all(url)
        finish(first, "iris-1", result(number))
    first.finish_trial("iris-1", result(0))
    assert [row.attempt for row in first.trials("iris-1")] == [1] * 4


def test_each_study_has_its_own_coordinator(opened):
    first, second = opened(), opened()
    for ledger, name in ((first, "one"), (second, "two")):
        ledger.lead(name)
        new_study(ledger, name)
    finish(first, "one", result(0))
    finish(second, "two", result(0))


def test_the_same_result_can_come_twice_but_not_another(opened):
    ledger = opened()
    new_study(ledger)
    strange = result(0, mean=math.nan, metrics={"rmse": math.inf, "r2": 1}, costs={"parameters": 51}, seconds=2)
    first = finish(ledger, "iris-1", strange)
    again = ledger.finish_trial("iris-1", strange)
    assert same(first.result, strange)
    assert same(again.result, strange)
    for other in (result(0), result(0, mean=math.nan, metrics={"rmse": math.inf, "r2": 1.0}, count=3)):
        with pytest.raises(JobError, match="is not running"):
            ledger.finish_trial("iris-1", other)


class Twice(Waiting):
    """Every transaction is committed and then repeated, as if the connection was lost before the answer."""

    def until_done(self, work):
        super().until_done(work)
        return super().until_done(work)


def test_a_commit_whose_answer_was_lost_counts_once(url):
    engine, _waiting = connect(url, pytest.fail, lambda: None)
    ledger = Ledger(Transactions(engine, Twice(engine.url, pytest.fail, lambda: None)), pytest.fail)
    ledger.lead("iris-1")
    new_study(ledger)
    assert ledger.begin_trial("iris-1", 0, PARAMS) == 1
    assert same(ledger.finish_trial("iris-1", result(0)).result, result(0))
    assert ledger.begin_trial("iris-1", 1, PARAMS) == 1
    assert ledger.record_holdout_read("a" * 64, "iris-1", 3) == 1
    ledger.mark_shipped("iris-1", 0, "run")
    ledger.finish_study("iris-1", summary())
    ledger.lead("iris-1")
    assert ledger.begin_trial("iris-1", 1, PARAMS) == 2
    assert [(row.attempt, row.result is None) for row in ledger.trials("iris-1")] == [(1, False), (2, True)]
    with pytest.raises(JobError, match="exists already"):
        new_study(ledger)
    ledger.close()


@pytest.mark.slow
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_second_coordinator_on_postgresql_is_told_who_the_first_is(url, opened):
    first, second = opened(), opened()
    first.lead("iris-1")
    with pytest.raises(JobError, match=r"^study iris-1 is being run by another process$"):
        second.lead("iris-1")
    new_study(first)
    with pytest.raises(JobError) as caught:
        second.lead("iris-1")
    rule = r"study iris-1 is being run by process \d+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d \(coordinator \w{12}\)"
    assert re.fullmatch(rule, str(caught.value))
    cut_all(url)
    finish(first, "iris-1", result(0))  # takes the lock again
    with pytest.raises(JobError, match="is being run by process"):
        second.lead("iris-1")
    first.close()
    second.lead("iris-1")
