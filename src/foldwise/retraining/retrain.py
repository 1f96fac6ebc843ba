"""The retrain door: current rows, a challenger, the champion on the same rows, and one decision.

A job that dies at any line continues with its next start, and a promotion counts once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.assemble import ledger_at, make_registry
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError, DataError, FoldwiseError, JobError, Unfit
from foldwise.retraining.report import Summary, opening, publish
from foldwise.retraining.spec import RetrainSpec
from foldwise.system.command import door_command

if TYPE_CHECKING:
    from foldwise.bundle.bundle import Bundle
    from foldwise.bundle.card import Card
    from foldwise.ledger.ledger import Ledger
    from foldwise.ledger.model_versions import Retraining, VersionRow
    from foldwise.ledger.promotions import Promotion
    from foldwise.ledger.rows import StudyRecord
    from foldwise.retraining.judge import Judgement
    from foldwise.study.plan import Plan
    from foldwise.tracking.reconcile_champion import ChampionAlias
    from foldwise.tracking.registry import Registry
    from foldwise.trial.summary import StudySummary

PROMOTED, KEPT, REFUSED, UNCHANGED, ROLLED_BACK = "PROMOTED", "KEPT", "REFUSED", "UNCHANGED", "ROLLED_BACK"


@dataclass(frozen=True)
class Job:
    """The values that all steps of a retraining share."""

    asked: RetrainSpec
    ledger: Ledger
    registry: Registry
    champion_alias: ChampionAlias
    screen: Screen
    raise_if_stopped: Callable[[], None]
    began: float


def retrain_here(config: Mapping[str, Any]) -> Summary:
    """Run a retraining or a rollback on this terminal; its summary, which is also written as JSON.

    Raises:
        ConfigError, DataError: the options or the new rows are wrong; nothing was trained.
        JobError: the challenger cannot be judged or served, or MLflow or the ledger fails.
    """
    began = time.monotonic()
    asked = read_service(RetrainSpec, config)
    runs = Path(asked.paths.runs).resolve()
    for key, url, usual in (("ledger.url", asked.ledger.url, "ledger.db"), ("tracking.url", asked.tracking.url, "mlflow.db")):
        file = runs / usual if url is None else Path(url.removeprefix("sqlite:///"))
        if (url is None or url.startswith("sqlite:///")) and not file.exists():  # do not create files where nothing was tuned
            shown = "paths.runs" if url is None else key
            raise ConfigError(shown, f"{file.parent} holds no {file.name}; run {door_command('tune')} first")
    from foldwise.system.signals import stoppable
    from foldwise.tracking.reconcile_champion import ChampionAlias

    screen = Screen()
    with (
        stoppable(screen.note) as raise_if_stopped,
        closing(ledger_at(asked.ledger.url, str(runs), screen.note, raise_if_stopped)) as ledger,
    ):
        registry = make_registry(asked.tracking, str(runs))
        champion_alias = ChampionAlias(ledger, registry, asked.model, screen.note)
        job = Job(asked, ledger, registry, champion_alias, screen, raise_if_stopped, began)
        if asked.rollback:
            return _roll_back(job)  # also during a retraining, which then finds that its champion was replaced
        with ledger.hold_model(f"{champion_alias.key}+retraining", 0.0):
            return _retrain(job)


def _roll_back(job: Job) -> Summary:
    """Restore the former champion, after a check that its files are those that were registered."""
    from foldwise.bundle.checksums import check as check_files
    from foldwise.ledger.model_versions import ROLLBACK

    asked, model, key = job.asked, job.asked.model, job.champion_alias.key
    champion = _champion(job, even_deleted=True)
    for done in _finish_promoted(job):
        if done["outcome"] == ROLLED_BACK:
            job.screen.note("that finished an interrupted rollback; run the command again to go further back")
            return done
    former = job.champion_alias.former()
    if former is None:
        rule = f"version {champion.version} is the first champion of {model}; only a later one can be rolled back"
        raise ConfigError("rollback", rule)
    folder, row = job.registry.fetch(f"{model}/{former}"), job.ledger.versions.version(key, former)
    if row is not None:
        check_files(folder, row.files)
    why = asked.why or "a rollback was requested"
    summary = opening(asked, champion, _study_of(job, champion.version)) | {"challenger": {"version": former}}
    begun = _begin(job, champion, ROLLBACK, None, summary)
    summary |= {"id": begun.id, "outcome": ROLLED_BACK, "reason": why}
    job.ledger.versions.note(begun, summary)
    made = job.champion_alias.promote(former, champion.version, "rollback", why, {"retraining": begun.id})
    job.screen.note(f"model {model}: version {former} is champion again, in place of version {champion.version}")
    return _close(job, {**summary, "promotion": made.number}, ROLLED_BACK, why, begun)


def _retrain(job: Job) -> Summary:
    from foldwise.tracking.registry import FIRST

    shown = job.registry.aliases(job.asked.model).get(FIRST)
    if shown is not None:
        _record(job, shown)  # before anything is written: the ledger must know its study
    champion = _champion(job)
    _finish_promoted(job)
    row, record = job.ledger.versions.version(job.champion_alias.key, champion.version), _record(job, champion.version)
    summary = opening(job.asked, champion, record.name)
    try:
        return _challenge(job, champion, row, record, summary)
    except (DataError, Unfit) as fault:
        _close(job, summary, REFUSED, str(fault))
        raise


def _challenge(job: Job, champion: Promotion, row: VersionRow | None, record: StudyRecord, summary: Summary) -> Summary:
    """Read the rows, train a challenger, judge it and decide."""
    from foldwise.data.new_rows import ChampionContext
    from foldwise.data.sources.fingerprint import source_mark
    from foldwise.retraining.challenger import challenger_study, named
    from foldwise.retraining.rows import check_rows, look

    asked = job.asked
    spec = challenger_study(record, asked)
    known = _known(job, champion, record)
    mark = source_mark(spec.fixed)
    if mark is not None and mark in known:
        return _close(job, summary, UNCHANGED, known[mark])
    columns, keys = (row.columns, row.trained) if row is not None else (None, None)
    context = ChampionContext(record.holdout, columns, keys, asked.newest)
    plan = look(record, asked, context, job.screen)
    job.raise_if_stopped()
    fingerprint, in_any_order = plan.table.fingerprint, plan.table.rows_fingerprint
    if fingerprint in known or in_any_order in known:
        return _close(job, summary, UNCHANGED, known.get(fingerprint) or known[in_any_order])
    drift, counts = check_rows(plan, asked, _card(job, champion.version), job.screen.note)
    summary |= {"data_fingerprint": fingerprint, "rows_fingerprint": in_any_order}
    summary |= {"rows": counts, "drift": [found.record for found in drift]}
    for found in drift[:3]:
        job.screen.note(
            f"column {found.column}: PSI {found.psi:.3f} from the rows that version {champion.version} knows to the new ones"
        )
    plan = replace(plan, spec=named(plan.spec, asked, job.champion_alias.key, champion.version, fingerprint))
    retraining = _begin(job, champion, fingerprint, plan.source, summary)
    summary["id"] = retraining.id
    trained = _train(job, plan)
    version = trained.model.version
    assert version is not None  # _train raises while it is not registered
    summary["challenger"] = {"version": version, "study": plan.spec.name}
    judgement = _judge(job, plan, champion.version, version)
    shown = trained.to_json()
    summary |= {"goal": shown["goal"], "test": judgement.record, "mlflow": shown["mlflow"]}
    outcome = PROMOTED if judgement.promoted else KEPT
    scores = {"retraining": retraining.id, "metric": plan.goal.metric, **judgement.record}
    job.ledger.versions.note(retraining, {**summary, "outcome": outcome, "reason": judgement.why})
    if judgement.promoted:
        why = judgement.why if asked.why is None else f"{asked.why}; {judgement.why}"
        made = job.champion_alias.promote(version, champion.version, "promoted", why, scores)
        summary["promotion"] = made.number
    return _close(job, summary, outcome, judgement.why, retraining)


def _champion(job: Job, even_deleted: bool = False) -> Promotion:
    """The champion, after ledger and registry agree."""
    model = job.asked.model
    champion = job.champion_alias.reconcile(even_deleted)
    if champion is None:
        raise ConfigError("model", f"{model} has no champion; set the alias champion on one of its versions in MLflow")
    return champion


def _study_of(job: Job, version: int) -> str:
    """The name of the study that made a version, from the ledger or else from its card."""
    row = job.ledger.versions.version(job.champion_alias.key, version)
    return row.study if row else _card(job, version).study


def _record(job: Job, version: int) -> StudyRecord:
    """The ledger's record of the study that made a version.

    Raises:
        ConfigError: the ledger does not have it, or it is unfinished.
    """
    study = _study_of(job, version)
    record = job.ledger.study(study)
    if record is None or record.summary is None:
        rule = f"version {version} of {job.asked.model} comes from the study {study}, which is not finished in this ledger"
        raise ConfigError("ledger.url", f"{rule}; name the ledger that has it")
    return record


def _card(job: Job, version: int) -> Card:
    """The card of a version."""
    from foldwise.bundle.card import read_card

    return read_card(job.registry.fetch(f"{job.asked.model}/{version}") / "bundle.json")


def _known(job: Job, champion: Promotion, record: StudyRecord) -> dict[str, str]:
    """Marks and fingerprints of rows without anything new -> the reason."""
    context = f"the rows are those of version {champion.version}, the champion"
    assert record.summary is not None
    known = {record.data_fingerprint: context, record.summary.source: context}
    if record.provenance is not None:
        known[record.provenance.rows_fingerprint] = f"{context}, in another order"
    last = job.ledger.versions.latest(job.champion_alias.key, champion.version)
    if last is not None and last.summary is not None and last.summary["asked"] == job.asked.options:
        again = f"the rows are those of the retraining {last.id}, which ended as {last.outcome}"
        known |= {last.summary.get("rows_fingerprint"): f"{again}, in another order"}
        known |= {last.data_fingerprint: again, last.source: again}
    return {key: why for key, why in known.items() if key is not None}


def _begin(job: Job, champion: Promotion, fingerprint: str, source: str | None, summary: Summary) -> Retraining:
    """The retraining's row; an open one with the same rows continues under its id."""
    from foldwise.ledger.model_versions import Retraining

    own, now = str(summary["id"]), datetime.now(UTC)
    return job.ledger.versions.begin(Retraining(job.champion_alias.key, own, champion.version, fingerprint, source, now))


def _train(job: Job, plan: Plan) -> StudySummary:
    """Run the challenger's study, or find it finished; its summary."""
    from foldwise.doors.run import run_planned
    from foldwise.ledger.study_lock import lock_study

    with lock_study(plan.folder / "lock"):
        trained, _ = run_planned(plan, job.ledger, job.screen, job.raise_if_stopped, job.began)
    if not trained.is_registered:
        raise JobError("the challenger is trained, but the registry did not accept it; run the same command to continue")
    job.raise_if_stopped()
    return trained


def _judge(job: Job, plan: Plan, champion: int, challenger: int) -> Judgement:
    """Compare both on the same rows; a challenger to be promoted must also answer when served."""
    from foldwise.retraining.judge import check_answers, judge
    from foldwise.training.runtime import start

    start(1, or_as_it_runs=True)
    theirs, ours = (_loaded(job, version) for version in (champion, challenger))
    judgement = judge(plan, ours, theirs, plan.spec.fixed.promotion)
    if judgement.promoted:
        check_answers(ours, lambda rows: job.registry.answer(job.asked.model, challenger, rows))
    return judgement


def _loaded(job: Job, version: int) -> Bundle:
    """A version, loaded as for serving."""
    from foldwise.bundle.bundle import load_bundle

    model = job.asked.model
    try:
        folder, row = job.registry.fetch(f"{model}/{version}"), job.ledger.versions.version(job.champion_alias.key, version)
        return load_bundle(folder, None if row is None else row.files, job.screen.note)
    except FoldwiseError as fault:
        raise Unfit(f"version {version} of {model} cannot be loaded, so nothing is promoted: {fault}") from None


def _finish_promoted(job: Job) -> list[Summary]:
    """Finish retrainings and rollbacks whose process died after the promotion was committed; their summaries."""
    done, history = [], job.champion_alias.history()
    for left in job.ledger.versions.unended(job.champion_alias.key):
        made = next((row for row in history if (row.scores or {}).get("retraining") == left.id), None)
        if made is not None and left.summary is not None:
            summary = {**left.summary, "promotion": made.number}
            job.screen.note(f"the retraining {left.id} was interrupted after its promotion; it is recorded now")
            done.append(_close(job, summary, str(summary["outcome"]), str(summary["reason"]), left))
    return done


def _close(job: Job, summary: Summary, outcome: str, why: str, retraining: Retraining | None = None) -> Summary:
    """Record the outcome, in the ledger first, and publish it."""
    whole = {**summary, "outcome": outcome, "reason": why, "seconds": round(time.monotonic() - job.began, 3)}
    if retraining is not None:
        job.ledger.versions.end(retraining, outcome, whole)
    publish(whole, job.asked, job.screen)
    return whole
