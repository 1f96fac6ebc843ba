"""What the run of a study shows in MLflow beside its trials: fixed values as parameters, its scores, its outcome in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foldwise.config.difference import shown_value
from foldwise.config.flattened import fixed_values, ranges_in
from foldwise.ledger.rows import StudyRecord
from foldwise.system.redact import without_password
from foldwise.tracking.mlflow_rows import MOST_TAG, legal, numbers_in
from foldwise.trial.certificate import Certificate
from foldwise.trial.summary import StudySummary

MOST_FIXED = 200  # parameters of a study's run
MOST_BEST = 80  # values of the best trial, which are tags, and a call takes a hundred
MOST_VALUE = 250  # characters of one; recipe.yaml has all of them
SEARCHED = "searched"  # the first word of the tags with ranges
# Numbers of a summary that count, name or seed something, by the beginning of their names; MLflow would draw them as scores.
NO_SCORES = ("seed", "best.number", "best.params.", "model.", "goal.", "certificate.", "holdout.reads")
SCORES = ("score", "low", "high", "optimism", "early_stopping")  # of a certificate


def fixed_params(record: StudyRecord) -> dict[str, str]:
    """The values that no trial changes, and the data, by dotted name; bounded in number and length."""
    rows = record.provenance.rows if record.provenance else None
    data = {"data.fingerprint": record.data_fingerprint} | ({} if rows is None else {"data.rows": rows})
    named = {**data, **_apart(fixed_values(record.recipe))}
    return {legal(name): _cut(value) for name, value in list(named.items())[:MOST_FIXED]}


def searched_tags(record: StudyRecord) -> dict[str, str]:
    """The ranges by dotted name. They are tags because an extended study changes them, and MLflow keeps a parameter."""
    ranges = list(ranges_in(record.recipe).items())[:MOST_FIXED]
    return {legal(f"{SEARCHED}.{name}"): _cut(value) for name, value in ranges}


def summary_metrics(summary: StudySummary) -> dict[str, float]:
    """The scores, seconds and counts of a finished study by dotted name."""
    found = {name: value for name, value in numbers_in(summary.to_json()).items() if not name.startswith(NO_SCORES)}
    for baseline in summary.baselines:
        found |= numbers_in({"mean": baseline.mean, "holdout": baseline.holdout}, f"baseline.{baseline.name}.")
    return found | _scores(summary.certificate)


def summary_tags(summary: StudySummary) -> dict[str, str]:
    """The outcome of a study in words and numbers that are no scores."""
    best, found = summary.best, summary.certificate
    tags: dict[str, Any] = {
        "mlflow.note.content": summary.verdict,
        "foldwise.ended": summary.ended,
        "foldwise.answer": summary.answer,
        "foldwise.best": f"trial {best.number}",
        "foldwise.ensemble": summary.ensemble.name if summary.ensemble and summary.ensemble.shipped else None,
        "foldwise.model": f"{summary.model.name}/{summary.model.version}",
        "foldwise.certificate": None if found is None else "; ".join(found.sentences),
        "foldwise.looks": None if found is None else found.looks,
        **{legal(f"foldwise.best.{name}"): shown_value(value) for name, value in list(best.params.items())[:MOST_BEST]},
    }
    return {key: str(value)[:MOST_TAG] for key, value in tags.items() if value is not None}


def _apart(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without lists and mappings that are empty, which say nothing."""
    return {key: value for key, value in values.items() if value not in ([], {})}


def _scores(certificate: Certificate | None) -> dict[str, float]:
    if certificate is None:
        return {}
    return numbers_in({name: getattr(certificate, name) for name in SCORES}, "certificate.")


def _cut(value: Any) -> str:
    text = without_password(shown_value(value))
    return text if len(text) <= MOST_VALUE else f"{text[: MOST_VALUE - 1]}…"
