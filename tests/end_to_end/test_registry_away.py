"""MLflow's server is away when a study ends: what it came to is kept, and the next start registers and shows it."""

import json
from contextlib import closing

import pytest

from benchmarks.mlflow_server import Gate, mlflow_server
from foldwise.ledger.ledger import open_ledger
from tests.end_to_end.doors import SMALL, only_study, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.nightly]


def test_a_study_that_ends_without_a_server_is_whole_after_the_next_start(tmp_path):
    runs = tmp_path / "runs"
    with mlflow_server(tmp_path) as address:
        gate = Gate(address)
        words = [*SMALL, "study=alone", "budget.trials=2", f"tracking.url={gate.url}"]
        done = run("tune", *words, runs=runs)
        assert done.returncode == 1
        assert "model alone is not registered yet; everything else is done and kept" in done.stderr
        assert "Verdict:" in done.stdout
        assert summary(runs)["model"] == {"name": "alone", "version": None, "aliases": [], "uri": None}
        files = {path.name for path in only_study(runs).iterdir()}
        assert {"summary.json", "trials.parquet", "curves.parquet", "compare.html", "holdout.parquet"} <= files

        gate.open()
        other = run("ui", "home=false", f"tracking.url={gate.url}", runs=runs)
        assert (other.returncode, other.stderr) == (0, "")
        assert "model alone version 1 of study alone is registered now" in other.stdout, other.stdout
        again = run("tune", *words, runs=runs)
        assert again.returncode == 0, again.stderr
        assert "predict: python -m pipelines.predict model=alone@champion" in again.stdout
        assert "registered now" not in again.stdout
        gate.shut()

        from foldwise.tracking.mlflow_store import MlflowStore

        client = MlflowStore(address, None).client()
        assert len(client.search_model_versions("name = 'alone'")) == 1
        assert client.get_model_version_by_alias("alone", "champion").version == "1"
        made = summary(runs)
        parent = client.get_run(made["mlflow"]["run_id"])
        assert parent.info.status == "FINISHED"
        assert parent.data.tags["foldwise.model"] == "alone/1"
        shown = json.loads((only_study(runs) / "summary.json").read_text())
        assert shown["model"]["aliases"] == ["champion"]
        with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
            assert ledger.waiting() == []
