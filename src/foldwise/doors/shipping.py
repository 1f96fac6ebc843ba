"""Sends MLflow what it missed while it was away, at the next start on the same store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from foldwise.doors.assemble import make_tracking
from foldwise.errors import DiskFull, JobError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord
from foldwise.ledger.study_lock import lock_study
from foldwise.spec.places import TrackingSpec
from foldwise.spec.study import PromotionSpec
from foldwise.system.files import write_json
from foldwise.system.keras_backend import for_answers
from foldwise.tracking.descriptions import data_of
from foldwise.tracking.registration import record_registration
from foldwise.tracking.registry import Registry, Standing, described, idempotency_key_of
from foldwise.tracking.tracker import shown_files
from foldwise.training.runtime import start
from foldwise.trial.summary import RunPlace, StudySummary

# A request can take half a minute; what is not sent within this time waits for the next start.
WAIT_SECONDS = 120


def ship_study(
    name: str, ledger: Ledger, tracking: TrackingSpec, runs: str, notify: Callable[[str], None]
) -> StudySummary | None:
    """Send what waits of a study that this process coordinates and that is not running; its model is registered first.

    Returns:
        Its current summary.
    """
    record, folder = ledger.study(name), Path(runs).resolve() / "studies" / name
    if record is None or tracking.kind == "in_memory" or name not in ledger.waiting():
        return record.summary if record else None
    tracker, registry = make_tracking(tracking, runs, ledger)
    tracker.open(record, ledger.trials(name))
    summary = record.summary
    if summary is not None and not summary.is_registered:
        summary = _registered(record, summary, ledger, tracker.place(WAIT_SECONDS), registry, folder, notify)
    for sentence in tracker.close(summary, shown_files(folder), WAIT_SECONDS):
        notify(sentence)
    return summary or record.summary


def _registered(
    record: StudyRecord,
    summary: StudySummary,
    ledger: Ledger,
    place: RunPlace | None,
    registry: Registry,
    folder: Path,
    notify: Callable[[str], None],
) -> StudySummary | None:
    """The summary with the version of a model that waited; None if the registry is still away."""
    from foldwise.bundle.card import backend_of

    start(1, or_as_it_runs=True, backend=for_answers(backend_of(folder / "bundle")))  # MLflow runs the bundle's code
    name, metrics = summary.model.name, summary.holdout.metrics if summary.holdout else {}
    idempotency_key = idempotency_key_of(record, summary.best.number, summary.ensemble)
    rule = PromotionSpec.model_validate(record.recipe.get("promotion") or {})
    standing = Standing(summary.verdict, summary.answer, rule.may_lead(summary.answer), data_of(record))
    run_id = place.run_id if place else None
    try:
        version = registry.register(folder / "bundle", name, run_id, metrics, idempotency_key, standing)
    except JobError as fault:
        notify(str(fault))
        return None
    record_registration(version, record, summary.source, folder, ledger, registry, notify)
    whole = replace(summary, model=described(name, version), mlflow=place)
    write_json(folder / "summary.json", whole.to_json())
    ledger.finish_study(record.name, whole)
    notify(f"model {version.name} version {version.version} of study {record.name} is registered now")
    return whole


def ship_others(ledger: Ledger, tracking: TrackingSpec, runs: str, notify: Callable[[str], None]) -> None:
    """Send what waits of every study of this ledger that no process runs, until MLflow refuses."""
    if tracking.kind == "in_memory":
        return
    for name in ledger.waiting():
        try:
            with lock_study(Path(runs).resolve() / "studies" / name / "lock"):
                ledger.lead(name)
                notify(f"study {name} is not complete in MLflow; the rest is sent")
                ship_study(name, ledger, tracking, runs, notify)
        except DiskFull as fault:
            notify(str(fault))
            return
        except JobError:  # it is running, so its own process sends it
            continue
        if name in ledger.waiting():
            return
