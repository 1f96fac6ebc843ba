"""The run of a study in MLflow: what is a parameter, what a metric, what a tag."""

from dataclasses import replace
from datetime import UTC, datetime

from foldwise.ledger.rows import StudyRecord
from foldwise.tracking.mlflow_parent import (
    MOST_FIXED,
    MOST_VALUE,
    fixed_params,
    searched_tags,
    summary_metrics,
    summary_tags,
)
from foldwise.trial.certificate import Certificate
from tests.contract.ledgers import RECIPE, summary

RECORD = StudyRecord("iris-1", RECIPE, "f" * 64, {}, {}, datetime.now(UTC))
CERTIFICATE = Certificate(
    kind="bbc", trial=0, looks=7, score=0.9, low=0.8, high=0.95, optimism=0.01, predictions=7, default=3, smaller=4, shrinks=2.0
)


def test_fixed_values_are_parameters_and_ranges_are_tags():
    found = fixed_params(RECORD)
    assert found == {"data.fingerprint": "f" * 64, "model.kind": "mlp", "seed": "3", "data.name": "iris"}
    assert searched_tags(RECORD) == {"searched.model.units": "[int, 16, 64]"}


def test_parameters_are_bounded_in_number_and_length_and_hold_no_password():
    many = {f"v{place}": place for place in range(500)}
    long = {"url": "postgresql://ada:pw@host/db", "query": "x" * 9000}
    found = fixed_params(replace(RECORD, recipe={"data": long, "more": many}))
    assert len(found) == MOST_FIXED
    assert len(found["data.query"]) == MOST_VALUE
    assert found["data.url"] == "postgresql://ada:***@host/db"


def test_metrics_are_scores_seconds_and_counts_and_nothing_that_names_or_seeds():
    found = summary_metrics(replace(summary(), certificate=CERTIFICATE))
    assert {name for name in found if name.startswith("certificate.")} == {
        f"certificate.{name}" for name in ("score", "low", "high", "optimism")
    }
    assert {name for name in found if name.startswith("best.")} == {"best.mean", "best.sd"}
    assert found["holdout.metrics.accuracy"] == 0.8
    assert found["baseline.logistic.mean"] == 0.9
    assert found["seconds.total"] == 3.0
    assert not {"seed", "model.version", "holdout.reads"} & set(found)


def test_what_is_no_score_is_a_tag():
    tags = summary_tags(replace(summary(), certificate=CERTIFICATE))
    assert tags["foldwise.best"] == "trial 0"
    assert tags["foldwise.best.model.units"] == "32"
    assert tags["foldwise.looks"] == "7"
    assert tags["foldwise.certificate"].startswith("corrected for the choice among 7 trials: 0.9000")
    assert not [name for name in summary_tags(summary()) if "certificate" in name or "looks" in name]
