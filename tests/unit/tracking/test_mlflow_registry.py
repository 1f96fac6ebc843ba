import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldwise.errors import JobError
from foldwise.ledger.ledger import open_ledger
from tests.contract.bundles import make_bundle
from tests.contract.ledgers import new_study, summary

pytestmark = pytest.mark.slow


def _store(runs):
    from foldwise.tracking.mlflow_store import mlflow_store  # importing MLflow takes three seconds

    return mlflow_store(runs)


def _registry(store):
    from foldwise.tracking.mlflow_registry import MlflowRegistry

    return MlflowRegistry(store)


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    from foldwise.tracking.mlflow_tracker import MlflowTracker

    folder = tmp_path_factory.mktemp("one")
    bundle, table, raw = make_bundle(folder, "multiclass")
    store = _store(folder / "runs")
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
    tracker = MlflowTracker(store, ledger)
    tracker.open(new_study(ledger, "s-1"), [])
    place = tracker.place()
    registry = _registry(store)
    began = time.monotonic()
    version = registry.register(folder / "bundle", "things", place.run_id, {"accuracy": 0.75})
    seconds = time.monotonic() - began
    tracker.close(summary())
    return store, version, bundle, table, raw, seconds, place


def test_registering_takes_about_a_second(registered):
    assert registered[5] < 4.0


def test_a_version_has_its_run_and_its_holdout_metrics(registered):
    store, version, *_, place = registered
    found = store.client().get_model_version("things", str(version.version))
    assert found.run_id == place.run_id
    assert found.tags["holdout.accuracy"] == "0.75"
    assert store.client().get_model_version_by_alias("things", "champion").version == 1
    assert version.uri == "models:/things/1"


def test_mlflow_s_own_loader_gives_the_bundle_s_answers(registered):
    import mlflow

    store, version, bundle, table, raw, *_ = registered
    mlflow.set_tracking_uri(store.tracking_uri)
    try:
        model = mlflow.pyfunc.load_model(version.uri)
    finally:
        mlflow.set_tracking_uri(None)
    expected = bundle.predict(raw)
    for rows in (raw, table.raw, raw[raw.columns[::-1]].assign(more="x")):
        answers = model.predict(rows)
        assert list(answers.columns) == list(expected.columns)
        assert list(answers["prediction"]) == list(expected["prediction"])
        assert np.array_equal(answers.select_dtypes("number"), expected.select_dtypes("number"))
    whole = pd.DataFrame({"size": [1, 2], "count": [3, 4], "sort of thing": ["violet", None], "gap": [None, 1]})
    assert np.array_equal(model.predict(whole).select_dtypes("number"), bundle.predict(whole).select_dtypes("number"))
    assert model.metadata.get_input_schema().input_names() == list(table.schema.names)


def test_nothing_in_it_is_a_pickle_and_everything_is_pinned(registered):
    store = registered[0]
    folder = _registry(store).fetch("things@champion").parents[1]
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert (folder / "artifacts" / "bundle" / "network.keras") in files
    # what Python compiles of the loader when another test loads the model from this folder is no part of it
    shipped = [file for file in files if file.parent.name != "__pycache__"]
    assert not [file for file in shipped if file.suffix in (".pkl", ".pickle", ".joblib", ".npy", ".pyc")]
    assert not [file for file in files if file.read_bytes()[:2] in (b"\x80\x03", b"\x80\x04", b"\x80\x05")]
    pins = (folder / "requirements.txt").read_text().split()
    assert all("==" in pin for pin in pins)
    assert any(pin.startswith("keras==") for pin in pins)


def test_an_unavailable_server_is_one_sentence(tmp_path):
    make_bundle(tmp_path, "binary")
    registry = _registry(replace(_store(tmp_path), tracking_uri="http://127.0.0.1:9"))
    with pytest.raises(JobError, match=r"model things cannot be registered: .*; its bundle is in"):
        registry.register(tmp_path / "bundle", "things", "run", {})


def test_nothing_is_written_to_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    make_bundle(tmp_path / "made", "binary")
    registry = _registry(_store(tmp_path / "runs"))
    registry.register(tmp_path / "made" / "bundle", "things", None, {})
    registry.fetch("things@champion")
    assert list((tmp_path / "here").iterdir()) == []


def test_a_full_disk_is_told_with_the_space_before_the_removal(registered, monkeypatch, tmp_path):
    store, folder = registered[0], tmp_path
    make_bundle(folder, "multiclass")
    registry, steps = _registry(store), []

    def fails(*_):
        raise OSError(28, "No space left on device", str(tmp_path / "x"))

    monkeypatch.setattr(registry, "_make_version", fails)
    monkeypatch.setattr(type(store), "described", lambda _, fault: steps.append("described") or "0.0 MB free")
    monkeypatch.setattr(type(store), "remove_files", lambda *_: steps.append("removed"))
    with pytest.raises(JobError, match=r"^model things cannot be registered: 0\.0 MB free; its bundle is in "):
        registry.register(folder / "bundle", "things", None, {})
    assert steps == ["described", "removed"]
