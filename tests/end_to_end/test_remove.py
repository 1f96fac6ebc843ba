"""A study that was trained is removed from MLflow too; its champion stays unless it is named."""

import pytest

from foldwise.tracking.mlflow_registry import MlflowRegistry
from foldwise.tracking.mlflow_store import mlflow_store
from tests.end_to_end.doors import PLAIN, run

pytestmark = pytest.mark.slow

TRAIN = ["data=iris", "study=first", "register=iris", "folds.count=3", "fit.epochs=2", *PLAIN]


@pytest.mark.long
def test_a_study_and_its_champion(tmp_path):
    assert run("train", *TRAIN, runs=tmp_path).returncode == 0
    store = mlflow_store(tmp_path)
    (experiment,) = [found for found in store.client().search_experiments() if found.name == "first"]
    assert len(store.client().search_runs([experiment.experiment_id])) == 2

    done = run("remove", "study=first", "confirm=true", runs=tmp_path)
    assert done.returncode == 2
    assert "first made iris/1, a champion" in done.stderr
    assert "models=[iris/1]" in done.stderr
    done = run("remove", "study=first", "models=[iris/1]", runs=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 runs in MLflow, model iris/1" in done.stdout
    assert (tmp_path / "studies" / "first" / "summary.json").exists()

    store.client().set_registered_model_alias("iris", "other", "1")
    store.client().delete_registered_model_alias("iris", "champion")
    done = run("remove", "study=first", "confirm=true", runs=tmp_path)  # it is no champion any more, and is kept
    assert (done.returncode, done.stderr) == (0, "")
    assert "the registered iris/1 stays" in done.stdout
    assert store.client().search_runs([experiment.experiment_id]) == []
    assert not (tmp_path / "studies" / "first").exists()
    assert (MlflowRegistry(store).fetch("iris/1") / "bundle.json").is_file()

    done = run("train", *TRAIN, runs=tmp_path)  # the name is free again, and MLflow shows the new study alone
    assert done.returncode == 0, done.stderr
    assert len(store.client().search_runs([experiment.experiment_id])) == 2
