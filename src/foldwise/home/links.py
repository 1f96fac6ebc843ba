"""Addresses of MLflow's pages."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from foldwise.ledger.rows import StudyRecord

KIND = "workflowType=machine_learning"  # else MLflow opens its pages for language models


@dataclass(frozen=True)
class MlflowPages:
    """MLflow's pages at an address; None if they are not served.

    view: the table of trials that studies make in their experiment.
    """

    base: str | None
    view: str

    def of_study(self, record: StudyRecord) -> dict[str, str] | None:
        """The run, the compare page and the table of trials of a study; None if MLflow does not show it."""
        place = None if record.summary is None else record.summary.mlflow
        if self.base is None or place is None:
            return None
        runs = f"{self.base}/#/experiments/{place.experiment_id}/runs"
        return {
            "run": f"{runs}/{place.run_id}?{KIND}",
            "compare": f"{runs}/{place.run_id}/artifacts/compare.html?{KIND}",
            "trials": f"{runs}?viewStateShareKey={self.view}&{KIND}",
        }

    def of_model(self, name: str) -> str | None:
        """A registered model."""
        return None if self.base is None else f"{self.base}/#/models/{quote(name, safe='')}?{KIND}"
