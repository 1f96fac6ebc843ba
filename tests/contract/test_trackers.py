"""The contract of every tracker; the ledger records what it has."""

from __future__ import annotations

import pytest

from foldwise.ledger.ledger import open_ledger
from foldwise.spec.places import TrackingSpec
from foldwise.tracking.in_memory import InMemoryTracker
from foldwise.tracking.other_process import OtherProcess
from tests.contract.ledgers import failed, finish, new_study, result, summary


def _open(tracker, ledger):
    tracker.open(ledger.study("iris-1"), ledger.trials("iris-1"))


def _mlflow(runs, ledger):
    from foldwise.tracking.mlflow_store import mlflow_store
    from foldwise.tracking.mlflow_tracker import MlflowTracker

    return MlflowTracker(mlflow_store(runs), ledger)


# The process beside answers as `mlflow` does, and each test starts one.
MARKS = {"mlflow": (pytest.mark.slow,), "other process": (pytest.mark.slow, pytest.mark.long)}
MAKERS = {
    "in_memory": lambda runs, ledger: InMemoryTracker(ledger),
    "mlflow": _mlflow,
    "other process": lambda runs, ledger: OtherProcess("foldwise.doors.mlflow_process", (TrackingSpec(), str(runs)), ledger),
}


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in MAKERS])
def make(request, tmp_path, ledger):
    return lambda: MAKERS[request.param](tmp_path, ledger)


@pytest.fixture
def ledger(tmp_path):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    new_study(opened)
    yield opened
    opened.close()


class TestTracker:
    def test_shipped_rows_are_marked_in_the_ledger(self, make, ledger):
        tracker = make()
        _open(tracker, ledger)
        for outcome in (result(0), failed(1)):
            tracker.trial(finish(ledger, "iris-1", outcome))
        ledger.finish_study("iris-1", summary())
        assert tracker.close(summary()) == ()
        assert ledger.waiting() == []
        rows = ledger.trials("iris-1")
        assert all(row.shipped for row in rows)
        assert len({row.shipped for row in rows}) == 2
        assert ledger.study("iris-1").run_id is not None

    def test_a_later_start_ships_the_rest_once(self, make, ledger):
        first = make()
        _open(first, ledger)
        first.trial(finish(ledger, "iris-1", result(0)))
        first.close(None)
        finish(ledger, "iris-1", result(1))  # committed, then killed before it was shipped
        assert ledger.waiting() == ["iris-1"]
        before = ledger.trials("iris-1")[0].shipped
        second = make()
        _open(second, ledger)
        assert second.place().run_id == ledger.study("iris-1").run_id
        ledger.finish_study("iris-1", summary())
        assert second.close(summary()) == ()
        assert ledger.waiting() == []
        rows = ledger.trials("iris-1")
        assert rows[0].shipped == before
        assert rows[1].shipped is not None

    def test_its_place_is_known_before_the_last_trial(self, make, ledger):
        tracker = make()
        _open(tracker, ledger)
        place = tracker.place()
        assert place.run_id == ledger.study("iris-1").run_id
        assert place.experiment_id
        tracker.close(None)
