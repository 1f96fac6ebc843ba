"""MLflow's server is down, silent or slow: training is not delayed, and in the end everything is there once."""

import time
from collections import Counter

import pytest

from benchmarks.mlflow_server import Gate, mlflow_server
from foldwise.ledger.ledger import open_ledger
from tests.contract.ledgers import failed, finish, new_study, result, summary
from tests.faults.test_away import wait_for

pytestmark = pytest.mark.slow
SUMMARY = summary(verdict="better")
TRIALS = 6


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def gate(server):
    gate = Gate(server)
    gate.open()
    yield gate
    gate.shut()


@pytest.fixture
def ledger(tmp_path):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def tracker_at(url, ledger, study):
    from foldwise.tracking.mlflow_store import MlflowStore
    from foldwise.tracking.mlflow_tracker import MlflowTracker

    tracker = MlflowTracker(MlflowStore(url, None), ledger)
    tracker.open(ledger.study(study), ledger.trials(study))
    return tracker


def all_shipped(ledger, study):
    rows = ledger.trials(study)
    return len(rows) == TRIALS and all(row.shipped for row in rows)


def close(tracker, ledger, study, files=()):
    ledger.finish_study(study, SUMMARY)
    return tracker.close(SUMMARY, files)


def check_once(server, ledger, study, files=()):
    """Every run, metric, parameter, tag and artifact of the study is there exactly once."""
    from foldwise.tracking.mlflow_store import MlflowStore

    client = MlflowStore(server, None).client()
    found = client.search_runs([client.get_experiment_by_name(study).experiment_id], max_results=1000)
    assert Counter(run.info.run_name for run in found) == Counter([study, *(f"trial {n}" for n in range(TRIALS))])
    for row in ledger.trials(study):
        run = client.get_run(row.shipped)
        assert run.info.run_name == f"trial {row.number}"
        assert run.data.tags["foldwise.state"] == row.result.state
        assert run.data.params["model.units"] == "32"
        for name in run.data.metrics:
            steps = Counter((point.step, point.timestamp) for point in client.get_metric_history(row.shipped, name))
            assert max(steps.values()) == 1
        if row.result.state == "COMPLETE":
            assert [p.step for p in client.get_metric_history(row.shipped, "loss")] == [1, 2, 3]
            assert run.info.status == "FINISHED"
    parent = client.get_run(ledger.study(study).run_id)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["mlflow.note.content"] == "better"
    assert len(client.get_metric_history(parent.info.run_id, "holdout.metrics.accuracy")) == 1
    assert len(parent.inputs.dataset_inputs) == 1
    names = [file.path for file in client.list_artifacts(parent.info.run_id)]
    assert sorted(names) == sorted(["recipe.yaml", "environment.yaml", *(file.name for file in files)])
    assert ledger.waiting() == []


@pytest.mark.long
def test_a_server_that_comes_back_during_a_study_gets_everything(server, gate, ledger, tmp_path):
    gate.shut()
    new_study(ledger, "back")
    tracker = tracker_at(gate.url, ledger, "back")
    for number in range(TRIALS - 1):
        tracker.trial(finish(ledger, "back", result(number)))
    time.sleep(1)
    assert not any(row.shipped for row in ledger.trials("back"))
    gate.open()
    tracker.trial(finish(ledger, "back", failed(TRIALS - 1)))
    wait_for(lambda: all_shipped(ledger, "back"))
    file = tmp_path / "trials.parquet"
    file.write_bytes(b"x")
    assert close(tracker, ledger, "back", [file]) == ()
    check_once(server, ledger, "back", [file])


@pytest.mark.long
def test_a_server_that_stops_in_the_middle_loses_nothing(server, gate, ledger):
    new_study(ledger, "middle")
    tracker = tracker_at(gate.url, ledger, "middle")
    for number in range(3):
        tracker.trial(finish(ledger, "middle", result(number)))
    wait_for(lambda: sum(row.shipped is not None for row in ledger.trials("middle")) == 3)
    gate.shut()
    for number in range(3, TRIALS):
        tracker.trial(finish(ledger, "middle", result(number)))
    time.sleep(1)
    gate.open()
    wait_for(lambda: all_shipped(ledger, "middle"))
    assert close(tracker, ledger, "middle") == ()
    check_once(server, ledger, "middle")


@pytest.mark.long
def test_requests_whose_answer_was_lost_leave_no_duplicates(server, gate, ledger, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    new_study(ledger, "silent")
    tracker = tracker_at(gate.url, ledger, "silent")
    tracker.trial(finish(ledger, "silent", result(0)))
    wait_for(lambda: ledger.trials("silent")[0].shipped)
    gate.hold()
    for number in range(1, TRIALS):
        tracker.trial(finish(ledger, "silent", result(number)))
    time.sleep(3)  # a run was created without an answer
    gate.open()
    wait_for(lambda: all_shipped(ledger, "silent"))
    assert close(tracker, ledger, "silent") == ()
    check_once(server, ledger, "silent")


@pytest.mark.long
def test_rows_left_at_the_end_arrive_with_the_next_start(server, gate, ledger):
    new_study(ledger, "after")
    tracker = tracker_at(gate.url, ledger, "after")
    for number in range(TRIALS):
        tracker.trial(finish(ledger, "after", result(number)))
    wait_for(lambda: all_shipped(ledger, "after"))
    gate.shut()  # between the last trial and the summary
    (note,) = close(tracker, ledger, "after")
    assert note.startswith("MLflow did not accept all of the study: ")
    assert ledger.waiting() == ["after"]
    gate.open()
    again = tracker_at(gate.url, ledger, "after")
    assert again.close(SUMMARY) == ()
    check_once(server, ledger, "after")


@pytest.mark.long
def test_training_does_not_wait_for_a_slow_server(server, gate, ledger):
    gate.delay = 1.0
    new_study(ledger, "slow")
    tracker = tracker_at(gate.url, ledger, "slow")
    before = gate.requests
    for number in range(TRIALS):
        tracker.trial(finish(ledger, "slow", result(number)))
    assert gate.requests - before <= 3  # it waited for no answer
    gate.delay = 0.0
    assert close(tracker, ledger, "slow") == ()
    check_once(server, ledger, "slow")
