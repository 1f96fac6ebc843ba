"""Work that the process of MLflow does beside a search gives the numbers that this process would."""

from __future__ import annotations

import pytest

from tests.end_to_end.doors import only_study, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("tensorflow_started")]

WORDS = ["data=breast_cancer", "explain=none", "folds.count=3", "fit.epochs=4", "model.units=[int,4,16]", "budget.trials=3"]


def test_baselines_are_the_same_to_the_bit_wherever_they_are_scored(tmp_path):
    found = {}
    for tracking in ("mlflow", "in_memory"):
        done = run("tune", *WORDS, f"tracking={tracking}", runs=tmp_path / tracking)
        assert done.returncode == 0, done.stderr
        found[tracking] = summary(tmp_path / tracking)
    assert found["mlflow"]["baselines"] == found["in_memory"]["baselines"]
    assert found["mlflow"]["verdict"] == found["in_memory"]["verdict"]
    figures = {path.name for path in (only_study(tmp_path / "mlflow") / "figures").iterdir()}
    assert {"history.png", "learning_curves.png", "search.html", "roc.png"} <= figures
