"""The promote door: a person makes a version the champion, through the same record as a retraining.

A promotion whose process dies at any line is finished by its next start, and counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foldwise.config.read import read_service
from foldwise.errors import ConfigError, Unfit
from foldwise.retraining.job import PROMOTED, Job, begin, close, finish_promoted, job_of, loaded, made_on, study_of
from foldwise.retraining.report import Summary, opening
from foldwise.retraining.spec import PromoteSpec, RetrainSpec
from foldwise.system.keras_backend import for_answers


def promote_here(config: Mapping[str, Any]) -> Summary:
    """Promote a version on this terminal; what is also written as JSON.

    Raises:
        ConfigError: the model or the version is unknown, it is champion already, or no reason is given; nothing changed.
        Unfit: the version cannot be loaded, or does not answer its sample rows as it is served.
        JobError: another version became champion meanwhile, or MLflow or the ledger fails.
    """
    asked = read_service(PromoteSpec, config)
    shared = RetrainSpec(model=asked.model, why=asked.why, ledger=asked.ledger, tracking=asked.tracking, paths=asked.paths)
    with job_of(shared) as job:
        return _promote(job, asked.version, asked.why)


def _promote(job: Job, version: int, why: str) -> Summary:
    from foldwise.ledger.model_versions import CHOSEN

    model, alias = job.asked.model, job.champion_alias
    job.registry.number(f"{model}/{version}")  # refuses an unknown one
    champion = alias.reconcile(even_deleted=True)
    for done in finish_promoted(job):
        if done["outcome"] == PROMOTED and done["challenger"]["version"] == version:
            return done
    if champion is not None and champion.version == version:
        raise ConfigError("version", f"version {version} is the champion of {model} already")
    _check_serves(job, version)
    study = study_of(job, version)
    beside = study if champion is None else study_of(job, champion.version)
    summary = opening(job.asked, champion, beside) | {"challenger": {"version": version, "study": study}}
    summary["gate"] = {"kind": CHOSEN, "why": "a person promotes it"}
    begun = begin(job, champion, CHOSEN, None, summary)
    summary |= {"id": begun.id, "outcome": PROMOTED, "reason": why}
    job.ledger.versions.note(begun, summary)
    before = None if champion is None else champion.version
    made = alias.promote(version, before, CHOSEN, why, {"retraining": begun.id})
    job.screen.note(
        f"model {model}: version {version} is champion" + ("" if before is None else f", in place of version {before}")
    )
    return close(job, {**summary, "promotion": made.number}, PROMOTED, why, begun)


def _check_serves(job: Job, version: int) -> None:
    """As before any promotion: the version loads, and answers its own sample rows through the code that serves it."""
    from foldwise.training.runtime import start

    start(1, or_as_it_runs=True, backend=for_answers(made_on(job, version)))  # before anything imports Keras
    from foldwise.retraining.judge import check_answers

    try:
        check_answers(loaded(job, version), lambda rows: job.registry.answer(job.asked.model, version, rows))
    except Unfit as fault:
        raise Unfit(f"version {version} of {job.asked.model} is not promoted: {fault}") from None
