import json
import math
import re
import resource
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from foldwise.errors import DiskFull, Replaced
from foldwise.ledger.ledger import open_ledger
from foldwise.spec.goal import Goal
from foldwise.trial.provenance import Commit, Provenance
from foldwise.trial.summary import RegisteredModel
from tests.contract.ledgers import RECIPE, failed, finish, new_study, result, summary

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")  # one MLflow database for all: creating its tables takes seconds


@pytest.fixture
def ledger(tmp_path):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def mlflow_store(runs):
    from foldwise.tracking import mlflow_store as room  # importing MLflow takes three seconds

    return room.mlflow_store(runs)


def _tracker(store, ledger):
    from foldwise.tracking.mlflow_tracker import MlflowTracker

    return MlflowTracker(store, ledger)


def _open(runs, ledger, study):
    tracker = _tracker(mlflow_store(runs), ledger)
    tracker.open(ledger.study(study), ledger.trials(study))
    return tracker


def _finish(tracker, ledger, wait_seconds=60):
    (study,) = ledger.names()
    ledger.finish_study(study, summary())
    return tracker.close(summary(), wait_seconds=wait_seconds)


def _runs(runs, study):
    client = mlflow_store(runs).client()
    found = client.search_runs([client.get_experiment_by_name(study).experiment_id], max_results=1000)
    return client, {run.info.run_name: run for run in found}, found


@contextmanager
def room_for(size):
    """A limit to the size of each file that this process writes, as a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


PROVENANCE = Provenance(
    task="multiclass",
    goal=Goal("accuracy", "maximize"),
    data="flowers",
    rows=150,
    columns={"petal": "number", "colour": "category"},
    user="ada",
    git=Commit("c0ffee", changed=False),
)


def test_a_study_is_an_experiment_with_a_parent_and_a_child_per_trial(runs, ledger, tmp_path, capfd):
    ledger.create_study("shape", RECIPE, "f" * 64, {}, {"numpy": "2"}, PROVENANCE)
    tracker = _open(runs, ledger, "shape")
    rows = [finish(ledger, "shape", outcome) for outcome in (result(0), failed(1))]
    for row in rows:
        tracker.trial(row)
    (tmp_path / "trials.parquet").write_bytes(b"x")
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "bundle.json").write_text("{}")
    found = summary(study="shape", model=RegisteredModel("flowers", 3))
    ledger.finish_study("shape", found)
    assert tracker.close(found, [tmp_path / "trials.parquet", folder]) == ()

    client, by_name, _ = _runs(runs, "shape")
    parent = by_name["shape"]
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["foldwise.seed"] == "3"
    assert parent.data.tags["foldwise.fingerprint"] == "f" * 64
    assert parent.data.tags["mlflow.note.content"] == "the baseline is as good"
    assert parent.data.tags["foldwise.task"] == "multiclass"
    assert parent.data.tags["foldwise.model"] == "flowers/3"
    assert parent.data.tags["foldwise.best"] == "trial 0"
    assert parent.data.tags["mlflow.user"] == "ada"
    assert parent.data.tags["mlflow.source.git.commit"] == "c0ffee"
    assert parent.data.metrics["holdout.metrics.accuracy"] == 0.8
    assert not {"seed", "best.number"} & set(parent.data.metrics)
    assert parent.data.params["seed"] == "3"
    assert parent.data.params["model.kind"] == "mlp"
    assert parent.data.params["data.rows"] == "150"
    assert parent.data.tags["searched.model.units"] == "[int, 16, 64]"
    artifacts = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert artifacts == {"recipe.yaml", "environment.yaml", "trials.parquet", "bundle"}
    assert (runs / "artifacts" / "shape").is_dir()
    (data,) = parent.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("flowers", "f" * 36)
    assert json.loads(data.dataset.schema)["mlflow_colspec"][0] == {"type": "double", "name": "petal", "required": True}
    assert json.loads(data.dataset.profile) == {"num_rows": 150, "num_features": 2}
    experiment = client.get_experiment_by_name("shape")
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert experiment.tags["mlflow.experiment.primaryMetric.name"] == "cv.accuracy.mean"

    child = by_name["trial 0"]
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert child.data.tags["foldwise.state"] == "COMPLETE"
    assert child.data.params["model.units"] == "32"
    assert child.data.params["flag"] == "true"
    assert child.data.params["none"] == "null"
    values = child.data.metrics
    assert values["cv.accuracy.mean"] == 0.91
    assert values["cv.log_loss.mean"] == pytest.approx(0.3)
    assert values["oof.accuracy"] == 0.91
    assert values["fold.1.accuracy"] == pytest.approx(0.92)
    assert values["seconds"] == 1.25
    curve = client.get_metric_history(child.info.run_id, "loss")
    assert [(point.step, point.value) for point in curve] == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert child.info.start_time == round(rows[0].started.timestamp() * 1000)
    assert child.info.end_time == round(rows[0].ended.timestamp() * 1000)

    broken = by_name["trial 1"]
    assert broken.info.status == "FAILED"
    assert broken.data.tags["foldwise.reason"] == "nan: the loss of fold 0 is nan at epoch 2"
    out, err = capfd.readouterr()
    assert out == ""
    assert "INFO" not in err


def test_an_experiment_of_an_older_version_gets_its_tags_and_keeps_its_note(runs, ledger):
    new_study(ledger, "older")
    client = mlflow_store(runs).client()
    number = client.create_experiment("older", (runs / "artifacts").as_uri(), {"mlflow.note.content": "mine"})
    assert _open(runs, ledger, "older").close(None) == ()
    tags = client.get_experiment(number).tags
    assert tags["mlflow.note.content"] == "mine"
    view = json.loads(tags["mlflow.sharedViewState.trials"])
    assert view["orderByKey"] == "metrics.`cv.accuracy.mean`"
    assert "params.`model.units`" in view["selectedColumns"]


def test_nan_and_infinity_arrive(runs, ledger):
    new_study(ledger, "odd")
    tracker = _open(runs, ledger, "odd")
    tracker.trial(finish(ledger, "odd", result(0, metrics={"accuracy": math.nan, "log_loss": math.inf})))
    assert _finish(tracker, ledger) == ()
    client, by_name, _ = _runs(runs, "odd")
    run_id = by_name["trial 0"].info.run_id
    assert math.isnan(client.get_metric_history(run_id, "oof.accuracy")[0].value)
    assert client.get_metric_history(run_id, "oof.log_loss")[0].value > 1e300
    assert math.isnan(client.get_metric_history(run_id, "val_loss")[0].value)


def test_long_curves_are_thinned_and_odd_names_and_values_fit(runs, ledger):
    new_study(ledger, "big")
    tracker = _open(runs, ledger, "big")
    params = {f"p{i}": i for i in range(250)} | {"a[0]@{b}/../c": "x" * 9000, "empty": ""}
    row = finish(ledger, "big", result(0, epochs=5000, count=3, params=params))
    tracker.trial(row)
    assert _finish(tracker, ledger) == ()
    client, by_name, _ = _runs(runs, "big")
    run = by_name["trial 0"]
    assert len(run.data.params) == 252
    assert len(run.data.params["a_0___b__.._c"]) == 6000
    points = client.get_metric_history(run.info.run_id, "loss")
    assert 200 < len(points) < 334
    assert (points[0].step, points[-1].step) == (1, 5000)


def test_a_run_created_before_a_kill_is_not_created_twice(runs, ledger):
    new_study(ledger, "kill")
    first = _open(runs, ledger, "kill")
    row = finish(ledger, "kill", result(0))
    first.trial(row)
    first.close(None)
    client, by_name, _ = _runs(runs, "kill")
    assert by_name["kill"].info.status == "KILLED"
    with ledger._transactions.engine.begin() as connection:  # as if the process was killed before the mark
        connection.exec_driver_sql("UPDATE trials SET shipped = NULL")
        connection.exec_driver_sql("UPDATE studies SET run_id = NULL")
    second = _open(runs, ledger, "kill")
    second.trial(finish(ledger, "kill", result(1)))
    assert _finish(second, ledger) == ()
    client, by_name, found = _runs(runs, "kill")
    assert sorted(by_name) == ["kill", "trial 0", "trial 1"]
    assert len(found) == 3
    assert by_name["kill"].info.status == "FINISHED"
    assert len(client.get_metric_history(by_name["trial 0"].info.run_id, "loss")) == 3


def test_a_study_whose_runs_were_removed_is_shown_again(runs, ledger):
    new_study(ledger, "gone")
    first = _open(runs, ledger, "gone")
    first.trial(finish(ledger, "gone", result(0)))
    _finish(first, ledger)
    client, _, found = _runs(runs, "gone")
    for run in found:
        client.delete_run(run.info.run_id)
    client.delete_experiment(found[0].info.experiment_id)
    second = _open(runs, ledger, "gone")
    assert _finish(second, ledger) == ()
    assert {run.info.run_name for run in _runs(runs, "gone")[2]} == {"gone", "trial 0"}


def test_an_unavailable_server_gives_a_note_and_the_next_start_ships(runs, ledger):
    new_study(ledger, "dead")
    dead = _tracker(replace(mlflow_store(runs), tracking_uri="http://127.0.0.1:9"), ledger)
    dead.open(ledger.study("dead"), [])
    began = time.monotonic()
    for number in range(5):
        dead.trial(finish(ledger, "dead", result(number)))
    assert time.monotonic() - began < 1.0
    (note,) = _finish(dead, ledger, wait_seconds=30)
    assert note.startswith("MLflow did not accept 5 of the study's trials: ")
    assert note.endswith("the next start of the study ships the rest")
    alive = _open(runs, ledger, "dead")
    assert _finish(alive, ledger) == ()
    assert all(row.shipped for row in ledger.trials("dead"))


def test_every_fold_s_curves_are_shown_on_request_in_the_same_calls(runs, ledger):
    from foldwise.tracking.mlflow_tracker import MlflowTracker

    new_study(ledger, "folds")
    tracker = MlflowTracker(mlflow_store(runs), ledger, every_fold=True)
    tracker.open(ledger.study("folds"), [])
    tracker.trial(finish(ledger, "folds", result(0, epochs=40, count=3)))
    assert _finish(tracker, ledger) == ()
    client, by_name, _ = _runs(runs, "folds")
    run_id = by_name["trial 0"].info.run_id
    assert [point.step for point in client.get_metric_history(run_id, "fold.2.loss")] == list(range(1, 41))
    assert len(client.get_metric_history(run_id, "loss")) == 40


def test_the_figures_of_a_study_arrive_once_even_if_it_is_closed_twice(runs, ledger):
    new_study(ledger, "again")
    ledger.finish_study("again", summary())
    for _ in range(2):
        tracker = _open(runs, ledger, "again")
        assert tracker.close(summary()) == ()
    client, by_name, _ = _runs(runs, "again")
    (point,) = client.get_metric_history(by_name["again"].info.run_id, "best.mean")
    assert point.value == 0.91
    assert ledger.waiting() == []


def test_a_run_of_an_older_version_gets_parameters_and_an_extended_study_other_ranges(runs, ledger):
    record = new_study(ledger, "wider")
    client = mlflow_store(runs).client()
    number = client.create_experiment("wider", (runs / "artifacts").as_uri())
    old = client.create_run(number, tags={"foldwise.created": record.created.isoformat()}, run_name="wider")
    client.log_metric(old.info.run_id, "seed", 3)
    client.log_param(old.info.run_id, "seed", "as an older version had it")
    assert _open(runs, ledger, "wider").close(None) == ()
    wider = {**RECIPE, "model": {"kind": "mlp", "units": ["int", 16, 128]}}
    ledger.extend_study("wider", wider, {})
    assert _open(runs, ledger, "wider").close(None) == ()
    _, by_name, found = _runs(runs, "wider")
    assert len(found) == 1
    assert by_name["wider"].info.run_id == old.info.run_id
    assert by_name["wider"].data.params["model.kind"] == "mlp"
    assert by_name["wider"].data.params["seed"] == "as an older version had it"
    assert by_name["wider"].data.tags["searched.model.units"] == "[int, 16, 128]"


def test_a_trial_that_mlflow_refuses_delays_no_other(runs, ledger):
    new_study(ledger, "refused")
    tracker = _open(runs, ledger, "refused")
    tracker.trial(finish(ledger, "refused", result(0)))
    tracker.place()
    tracker.trial(finish(ledger, "refused", result(1, params={"": 1})))
    tracker.trial(finish(ledger, "refused", result(2)))
    (note,) = _finish(tracker, ledger)
    assert "MLflow did not accept 1 of the study's trials" in note
    assert [row.shipped is not None for row in ledger.trials("refused")] == [True, False, True]


def test_a_trial_costs_at_most_three_calls(runs, ledger):
    new_study(ledger, "calls")
    store = mlflow_store(runs)
    counted = _Counting(store.client())
    tracker = _tracker(_Counted(store, counted), ledger)
    tracker.open(ledger.study("calls"), [])
    tracker.place()
    before = len(counted.calls)
    for number in range(3):
        tracker.trial(finish(ledger, "calls", result(number)))
    tracker.close(None)
    assert counted.calls[before:] == ["create_run", "log_batch", "set_terminated"] * 3 + ["set_terminated"]


class _Counted:
    """A real store with a client whose calls are listed."""

    def __init__(self, store, client) -> None:
        self._store, self._its_client = store, client

    def client(self):
        return self._its_client

    def __getattr__(self, name):
        return getattr(self._store, name)


class _Counting:
    """A real client whose calls are listed."""

    def __init__(self, client) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name):
        self.calls.append(name)
        return getattr(self._client, name)


def shown_twice_and_left(runs, ledger, study, remove):
    """A study with three trials of which something is removed in MLflow; its runs by name after it went on."""
    new_study(ledger, study)
    tracker = _open(runs, ledger, study)
    for number in range(3):
        tracker.trial(finish(ledger, study, result(number)))
    tracker.place()
    assert _finish(tracker, ledger) == ()
    client, by_name, _ = _runs(runs, study)
    remove(client, by_name)
    tracker = _open(runs, ledger, study)
    tracker.trial(finish(ledger, study, result(3)))
    assert _finish(tracker, ledger) == ()
    return by_name, *_runs(runs, study)


def _only_the_parent(client, by_name, study):
    client.delete_run(by_name[study].info.run_id)


def _the_parent_and_a_child(client, by_name, study):
    client.delete_run(by_name[study].info.run_id)
    client.delete_run(by_name["trial 1"].info.run_id)


@pytest.mark.parametrize("remove", [_only_the_parent, _the_parent_and_a_child])
def test_a_study_whose_parent_was_deleted_goes_on_with_each_trial_once(runs, ledger, remove):
    study = f"again{remove.__name__}"
    before, _, by_name, every = shown_twice_and_left(runs, ledger, study, lambda *made: remove(*made, study))
    assert sorted(run.info.run_name for run in every) == sorted([study, *(f"trial {number}" for number in range(4))])
    parent = by_name[study].info.run_id
    assert parent != before[study].info.run_id
    assert {run.data.tags["mlflow.parentRunId"] for name, run in by_name.items() if name != study} == {parent}
    assert by_name["trial 0"].info.run_id == before["trial 0"].info.run_id
    assert {row.number: row.shipped for row in ledger.trials(study)} == {
        number: by_name[f"trial {number}"].info.run_id for number in range(4)
    }


def test_a_parent_deleted_twice_and_one_whose_first_new_start_died(runs, ledger):
    study = "twice"
    _, client, by_name, _ = shown_twice_and_left(runs, ledger, study, lambda *made: _only_the_parent(*made, study))
    client.delete_run(by_name[study].info.run_id)
    from foldwise.tracking.mlflow_study import MlflowStudy

    half = MlflowStudy(mlflow_store(runs), ledger, ledger.study(study), Goal("accuracy", "maximize"), False)
    half._ledger = Dead()
    with pytest.raises(RuntimeError):
        half.open()
    tracker = _open(runs, ledger, study)
    assert _finish(tracker, ledger) == ()
    _, _, every = _runs(runs, study)
    assert sorted(run.info.run_name for run in every) == sorted([study, *(f"trial {number}" for number in range(4))])


class Dead:
    def mark_shipped(self, *words):
        raise RuntimeError("killed here")


@pytest.mark.long
def test_a_store_that_was_deleted_stops_the_study_and_is_shown_whole_in_a_new_one(tmp_path, ledger):
    new_study(ledger, "lost")
    tracker = _open(tmp_path, ledger, "lost")
    tracker.trial(finish(ledger, "lost", result(0)))
    assert tracker.place() is not None
    (tmp_path / "mlflow.db").unlink()
    row = finish(ledger, "lost", result(1))
    with pytest.raises(Replaced, match=r"mlflow\.db was deleted while it was in use"):
        tracker.trial(row)
    (sentence,) = tracker.close(None)
    assert "mlflow.db was deleted" in sentence
    assert not (tmp_path / "mlflow.db").exists()
    assert _finish(_open(tmp_path, ledger, "lost"), ledger) == ()
    assert set(_runs(tmp_path, "lost")[1]) == {"lost", "trial 0", "trial 1"}


@pytest.mark.long
def test_a_registry_whose_store_was_replaced_registers_nothing_in_the_other(tmp_path):
    from foldwise.tracking.mlflow_registry import MlflowRegistry

    store = mlflow_store(tmp_path)
    store.client()
    (tmp_path / "mlflow.db").rename(tmp_path / "aside.db")
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(Replaced, match="replaced by another file"):
        MlflowRegistry(store).register(tmp_path, "iris", None, {})
    assert (tmp_path / "mlflow.db").stat().st_size == 0


def test_artifacts_without_room_end_the_study_with_their_path_and_the_next_start_ships_them(runs, ledger, tmp_path):
    study = new_study(ledger, "narrow").name
    tracker = _open(runs, ledger, study)
    tracker.trial(finish(ledger, study, result(0)))
    ledger.finish_study(study, summary())
    assert tracker.place() is not None
    (tmp_path / "large.parquet").write_bytes(bytes(3_000_000))
    with room_for(2_500_000), pytest.raises(DiskFull) as caught:
        tracker.close(summary(), [tmp_path / "large.parquet"])
    short = rf"MLflow did not accept all of the study: {runs}/artifacts\S* cannot be written, because its disk is full"
    assert re.match(short, str(caught.value)), caught.value
    assert "the next start of the study ships the rest" in str(caught.value)
    assert ledger.waiting() == [study]
    assert _open(runs, ledger, study).close(summary(), [tmp_path / "large.parquet"]) == ()
    assert ledger.waiting() == []


def test_a_store_without_room_ends_the_study_with_its_path(runs, ledger):
    study = new_study(ledger, "no-room").name
    tracker = _open(runs, ledger, study)
    assert tracker.place() is not None
    size = (runs / "mlflow.db").stat().st_size
    with room_for(size - size % 4096):
        for number in range(12):
            tracker.trial(finish(ledger, study, result(number)))
        with pytest.raises(DiskFull, match=r"mlflow\.db cannot be written, because its disk is full"):
            tracker.close(None)
    assert _open(runs, ledger, study).close(None) == ()
    assert all(row.shipped for row in ledger.trials(study))
