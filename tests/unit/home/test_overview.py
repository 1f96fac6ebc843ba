from datetime import UTC, datetime

from foldwise.home.links import MlflowPages
from foldwise.home.overview import jobs, models
from foldwise.ledger.model_versions import Retraining

NOWHERE = MlflowPages(None, "view")


def test_a_model_shows_its_last_retraining_its_evidence_and_its_largest_drift(ledger, viewer):
    ledger.promotions.promote("iris#1", 1, None, "first", "the first")
    began = datetime(2026, 5, 4, tzinfo=UTC)
    row = ledger.versions.begin(Retraining("iris#1", "a", 1, "f" * 64, None, began))
    drift = [{"column": "x", "psi": 0.1}, {"column": "y", "psi": 0.4}]
    evidence = {"value": 3.5, "needed": 20.0, "scores": {"rows": 10, "champion": 0.9, "challenger": 0.91}}
    ledger.versions.end(row, "KEPT", {"evidence": evidence, "drift": drift, "reason": "too little"})
    (found,) = models(viewer, NOWHERE)
    assert (found["name"], found["champion"], found["outcome"], found["reason"]) == ("iris", 1, "KEPT", "too little")
    assert (found["evidence"], found["needed"]) == (3.5, 20.0)
    assert (found["drift"], found["drift_is_strong"], found["mlflow"]) == ({"column": "y", "psi": 0.4}, True, None)
    assert models(viewer, MlflowPages("http://m", "v"))[0]["mlflow"].startswith("http://m/#/models/iris?")


def test_jobs_that_are_gone_and_a_folder_that_is_gone_are_no_fault(viewer, ledger, tmp_path):
    assert jobs(viewer, tmp_path / "nowhere", tmp_path) == []
    ledger.job_runs.claim("old", datetime(2026, 5, 4, tzinfo=UTC))
    (found,) = jobs(viewer, tmp_path / "nowhere", tmp_path)
    assert (found["name"], found["state"], found["log"]) == ("old", "CLAIMED", None)
    log = tmp_path / "jobs" / "old" / "2026-05-04T00-00-00Z.log"
    log.parent.mkdir(parents=True)
    log.write_text("said")
    assert jobs(viewer, tmp_path / "nowhere", tmp_path)[0]["log"] == "jobs/old/2026-05-04T00-00-00Z.log"
