"""What stands behind the retrain door: rows of today, a challenger, the champion on the same rows, and one decision.

A job may die at any line and be started again: it goes on where it was, and a promotion counts once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.assemble import ledger_at, make_registry
from foldwise.config import read_service
from foldwise.errors import ConfigError, DataError, FoldwiseError, JobError, Unfit
from foldwise.retrain_spec import RetrainSpec
from foldwise.retraining_report import Summary, opening, publish
from foldwise.screen import Screen

if TYPE_CHECKING:
    from foldwise.challenge import Judgement
    from foldwise.plan import Plan
    from foldwise.tracking.bundle import Bundle
    from foldwise.tracking.bundle_card import Card
    from foldwise.tracking.champions import Promotion
    from foldwise.tracking.ledger import Ledger
    from foldwise.tracking.ledger_rows import StudyRecord
    from foldwise.tracking.registry import Registry
    from foldwise.tracking.succession import Succession
    from foldwise.tracking.versions import Retraining, VersionRow, Versions

PROMOTED, KEPT, REFUSED, UNCHANGED, ROLLED_BACK = "PROMOTED", "KEPT", "REFUSED", "UNCHANGED", "ROLLED_BACK"


@dataclass(frozen=True)
class Job:
    """What every step of a retraining has at hand."""

    asked: RetrainSpec
    ledger: Ledger
    registry: Registry
    succession: Succession
    versions: Versions
    screen: Screen
    check: Callable[[], None]
    began: float


def retrain_here(config: Mapping[str, Any]) -> Summary:
    """Run a retraining, or a rollback, shown on this terminal; what it came to is written as JSON and given back.

    Raises:
        ConfigError, DataError: what is asked, or the new rows, are wrong; nothing was trained.
        JobError: the challenger cannot be judged or served, or MLflow or the ledger fail.
    """
    began = time.monotonic()
    asked = read_service(RetrainSpec, config)
    runs = Path(asked.paths.runs).resolve()
    if asked.ledger.url is None and not (runs / "ledger.db").exists():
        raise ConfigError("paths.runs", f"{runs} holds no ledger.db; run python -m pipelines.tune first")
    from foldwise.stopping import stoppable
    from foldwise.tracking.model_lock import hold_model
    from foldwise.tracking.succession import Succession
    from foldwise.tracking.versions import Versions

    screen = Screen()
    with stoppable(screen.note) as check, closing(ledger_at(asked.ledger.url, str(runs), screen.note, check)) as ledger:
        registry = make_registry(asked.tracking, str(runs))
        succession = Succession(ledger, registry, asked.model, screen.note)
        job = Job(asked, ledger, registry, succession, Versions(ledger.transactions), screen, check, began)
        with hold_model(ledger.transactions, f"{asked.model}+retraining", 0.0):
            return _roll_back(job) if asked.rollback else _retrain(job)


def _roll_back(job: Job) -> Summary:
    """Puts the former champion back, after a look at whether its files are what was registered."""
    from foldwise.tracking.bundle_files import check

    asked, model = job.asked, job.asked.model
    champion = _champion(job)
    former = job.succession.former()
    if former is None:
        raise ConfigError(
            "rollback", f"version {champion.version} is the first champion of {model}; there is none to go back to"
        )
    folder, row = job.registry.fetch(f"{model}/{former}"), job.versions.version(job.succession.key, former)
    if row is not None:
        check(folder, row.files)
    why = asked.why or "a rollback was asked for"
    made = job.succession.promote(former, champion.version, "rollback", why, {})
    job.screen.note(f"model {model}: version {former} is champion again, in place of version {champion.version}")
    summary = {**opening(asked, champion, row.study if row else None), "promotion": made.number}
    return _close(job, summary, ROLLED_BACK, why)


def _retrain(job: Job) -> Summary:
    champion = _champion(job)
    _finish_promoted(job, champion)
    row, record = _made_by(job, champion.version)
    summary = opening(job.asked, champion, record.name)
    try:
        return _challenge(job, champion, row, record, summary)
    except (DataError, Unfit) as fault:
        _close(job, summary, REFUSED, str(fault))
        raise


def _challenge(job: Job, champion: Promotion, row: VersionRow | None, record: StudyRecord, summary: Summary) -> Summary:
    """From the rows of today to a decision."""
    from foldwise.challenger import challenger_study, named
    from foldwise.data.newest import Since
    from foldwise.data.source_mark import source_mark
    from foldwise.fresh_rows import check_rows, look

    asked = job.asked
    spec = challenger_study(record, asked)
    known = _known(job, champion, record)
    mark = source_mark(spec.fixed)
    if mark is not None and mark in known:
        return _close(job, summary, UNCHANGED, known[mark])
    since = Since(record.holdout, None if row is None else row.trained, asked.newest)
    plan = look(record, asked, since, job.screen)
    job.check()
    fingerprint = plan.table.fingerprint
    if fingerprint in known:
        return _close(job, summary, UNCHANGED, known[fingerprint])
    drift, counts = check_rows(plan, asked, _card(job, champion.version).profile)
    summary |= {"data_fingerprint": fingerprint, "rows": counts, "drift": [found.record for found in drift]}
    for found in drift[:3]:
        job.screen.note(
            f"column {found.column}: PSI {found.psi:.3f} from the rows that version {champion.version} knows to the new ones"
        )
    plan = replace(plan, spec=named(plan.spec, asked, champion.version, fingerprint))
    retraining = _begin(job, champion, plan, str(summary["id"]))
    summary["id"] = retraining.id
    trained = _train(job, plan)
    version = int(trained["model"]["version"])
    summary["challenger"] = {"version": version, "study": plan.spec.name}
    judgement = _judge(job, plan, champion.version, version)
    summary |= {"goal": trained["goal"], "test": judgement.record, "mlflow": trained["mlflow"]}
    outcome = PROMOTED if judgement.promoted else KEPT
    scores = {"retraining": retraining.id, "metric": plan.goal.metric, **judgement.record}
    job.versions.note(retraining, {**summary, "outcome": outcome, "reason": judgement.why})
    if judgement.promoted:
        why = judgement.why if asked.why is None else f"{asked.why}; {judgement.why}"
        made = job.succession.promote(version, champion.version, "promoted", why, scores)
        summary["promotion"] = made.number
    return _close(job, summary, outcome, judgement.why, retraining)


def _champion(job: Job) -> Promotion:
    """Who is champion, after ledger and registry agree."""
    model = job.asked.model
    champion = job.succession.settle()
    if champion is None:
        raise ConfigError("model", f"{model} has no champion; set the alias champion on one of its versions in MLflow")
    return champion


def _made_by(job: Job, version: int) -> tuple[VersionRow | None, StudyRecord]:
    """What the ledger knows of a version, and the study that made it."""
    model = job.asked.model
    row = job.versions.version(job.succession.key, version)
    study = row.study if row else _card(job, version).study
    record = job.ledger.study(study)
    if record is None or record.summary is None:
        rule = f"version {version} of {model} was made by the study {study}, which this ledger does not hold finished"
        raise ConfigError("ledger.url", f"{rule}; name the ledger that does")
    return row, record


def _card(job: Job, version: int) -> Card:
    """What a version says of itself."""
    from foldwise.tracking.bundle_card import read_card

    return read_card(job.registry.fetch(f"{job.asked.model}/{version}") / "bundle.json")


def _known(job: Job, champion: Promotion, record: StudyRecord) -> dict[str, str]:
    """Marks and fingerprints of rows from which nothing new can be learnt -> why."""
    since = f"the rows are those that version {champion.version}, the champion, was made from"
    assert record.summary is not None
    known = {record.data_fingerprint: since, record.summary.get("source"): since}
    last = job.versions.latest(job.succession.key, champion.version)
    if last is not None and last.summary is not None and last.summary["asked"] == job.asked.options:
        again = f"the rows are those of the retraining {last.id}, which came to {last.outcome}"
        known |= {last.data_fingerprint: again, last.source: again}
    return {key: why for key, why in known.items() if key is not None}


def _begin(job: Job, champion: Promotion, plan: Plan, own: str) -> Retraining:
    """The retraining's row; one that was begun before with the same rows goes on under its id."""
    from foldwise.tracking.versions import Retraining

    fingerprint, now = plan.table.fingerprint, datetime.now(UTC)
    return job.versions.begin(Retraining(job.succession.key, own, champion.version, fingerprint, plan.source, now))


def _train(job: Job, plan: Plan) -> Mapping[str, Any]:
    """The challenger's study, run to its end or found finished; its summary."""
    from foldwise.doors import run_planned
    from foldwise.tracking.registry import is_unregistered
    from foldwise.tracking.study_lock import lock_study

    with lock_study(plan.folder / "lock"):
        trained, _ = run_planned(plan, job.ledger, job.screen, job.check, job.began)
    if is_unregistered(trained):
        raise JobError("the challenger is trained, and the registry does not take it; the same command goes on")
    job.check()
    return trained


def _judge(job: Job, plan: Plan, champion: int, challenger: int) -> Judgement:
    """Both on the same rows; a challenger that is to be promoted has to answer where it is served."""
    from foldwise.challenge import check_answers, judge
    from foldwise.training.runtime import start

    start(1, or_as_it_runs=True)
    theirs, ours = (_loaded(job, version) for version in (champion, challenger))
    judgement = judge(plan, ours, theirs, plan.spec.fixed.promotion)
    if judgement.promoted:
        check_answers(ours, lambda rows: job.registry.answer(job.asked.model, challenger, rows))
    return judgement


def _loaded(job: Job, version: int) -> Bundle:
    """A version as it would be served."""
    from foldwise.tracking.bundle import load_bundle
    from foldwise.tracking.bundle_files import check

    model = job.asked.model
    try:
        folder, row = job.registry.fetch(f"{model}/{version}"), job.versions.version(job.succession.key, version)
        if row is not None:
            check(folder, row.files)
        return load_bundle(folder)
    except FoldwiseError as fault:
        raise Unfit(f"version {version} of {model} cannot be loaded, so nothing is promoted: {fault}") from None


def _finish_promoted(job: Job, champion: Promotion) -> None:
    """Ends the retraining of a job that died after its challenger was promoted."""
    left = job.versions.retraining(job.succession.key, str((champion.scores or {}).get("retraining")))
    if left is None or left.summary is None or left.ended is not None or champion.kind != "promoted":
        return
    summary = {**left.summary, "promotion": champion.number}
    job.screen.note(f"the retraining {left.id} was cut off after its promotion; it is written down now")
    _close(job, summary, PROMOTED, str(summary["reason"]), left)


def _close(job: Job, summary: Summary, outcome: str, why: str, retraining: Retraining | None = None) -> Summary:
    """What came of it: the ledger knows it first."""
    whole = {**summary, "outcome": outcome, "reason": why, "seconds": round(time.monotonic() - job.began, 3)}
    if retraining is not None:
        job.versions.end(retraining, outcome, whole)
    publish(whole, job.asked, job.screen)
    return whole
