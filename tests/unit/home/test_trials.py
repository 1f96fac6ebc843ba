from foldwise.home.trials import Trials
from tests.contract.ledgers import failed, finish, new_study, result


def test_only_what_changed_is_read_and_sent(ledger, viewer):
    record = new_study(ledger)
    trials = Trials(viewer, record)
    finish(ledger, "iris-1", result(0))
    trials.refresh(viewer.head("iris-1"))
    first = trials.since(0)
    assert (first.whole, [row[:3] for row in first.rows], first.running) == (True, [[0, "COMPLETE", 0.91]], [])
    finish(ledger, "iris-1", failed(1))
    ledger.begin_trial("iris-1", 2, {})
    trials.refresh(viewer.head("iris-1"))
    second = trials.since(first.version)
    assert (second.whole, [row[:2] for row in second.rows], second.running) == (False, [[1, "FAILED"]], [2])
    trials.refresh(viewer.head("iris-1"))
    assert trials.since(second.version).rows == []
    assert [row[0] for row in trials.since(0).rows] == [0, 1]


def test_another_start_sends_everything_anew(ledger, viewer):
    record = new_study(ledger)
    trials = Trials(viewer, record)
    for number in range(3):
        finish(ledger, "iris-1", result(number))
    trials.refresh(viewer.head("iris-1"))
    known = trials.since(0).version
    ledger.lead("iris-1")
    ledger.extend_study("iris-1", record.recipe, {1: {"x": 2}})
    trials.refresh(viewer.head("iris-1"))
    change = trials.since(known)
    assert (change.whole, [row[0] for row in change.rows]) == (True, [1])


def test_a_parameter_that_comes_later_is_a_column_at_the_end(ledger, viewer):
    record = new_study(ledger)
    trials = Trials(viewer, record)
    finish(ledger, "iris-1", result(0, params={"a": 1, "b": True}))
    finish(ledger, "iris-1", result(1, params={"c": None, "b": 0.123456789}))
    trials.refresh(viewer.head("iris-1"))
    assert trials.columns[-3:] == ["a", "b", "c"]
    assert [row[8:] for row in trials.since(0).rows] == [[1, "true"], [None, 0.12346, "null"]]
