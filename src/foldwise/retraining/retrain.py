"""The retrain door: current rows, a challenger, the champion on the same rows, and one decision.

A job that dies at any line continues with its next start; a promotion counts once, and so does each row of the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.notebook_screen import screen_here
from foldwise.doors.notify import check_notify, notified
from foldwise.errors import ConfigError, DataError, Unfit
from foldwise.retraining.job import (
    KEPT,
    PROMOTED,
    REFUSED,
    ROLLED_BACK,
    UNCHANGED,
    Job,
    begin,
    card_of,
    champion_of,
    close,
    finish_promoted,
    job_of,
    loaded,
    record_of,
    study_of,
    train,
)
from foldwise.retraining.report import Summary, opening, reported
from foldwise.retraining.spec import RetrainSpec
from foldwise.system.keras_backend import check_installed

if TYPE_CHECKING:
    from foldwise.ledger.model_versions import Retraining, VersionRow
    from foldwise.ledger.promotions import Promotion
    from foldwise.ledger.rows import StudyRecord
    from foldwise.retraining.by_evidence import Finding
    from foldwise.retraining.gate import Gate
    from foldwise.retraining.judge import Judgement
    from foldwise.study.plan import Plan


def retrain_here(config: Mapping[str, Any]) -> Summary:
    """Run a retraining or a rollback, or show the history, on this terminal; what is also written as JSON.

    Raises:
        ConfigError, DataError: the options or the new rows are wrong; nothing was trained.
        JobError: the challenger cannot be judged or served, or MLflow or the ledger fails.
    """
    asked = read_service(RetrainSpec, config)
    if asked.action == "history" and asked.rollback:
        raise ConfigError("action", "history shows what happened and changes nothing; ask for rollback=true alone")
    check_notify(asked.notify)
    if asked.action == "history":
        with job_of(asked) as job:
            return _history(job)
    about = {"door": "retrain", "model": asked.model}
    with notified(asked.notify, asked.notify_private, about, screen_here().note) as found, job_of(asked) as job:
        if asked.rollback:
            summary = _roll_back(job)  # also during a retraining, which then finds that its champion was replaced
        else:
            with job.ledger.hold_model(f"{job.champion_alias.key}+retraining", 0.0):
                summary = _retrain(job)
        found(reported(summary))
        return summary


def _history(job: Job) -> Summary:
    """The history of the model; nothing is changed."""
    from foldwise.retraining.history import publish_history

    champion = champion_of(job, even_deleted=True)
    ended, study = job.ledger.versions.retrainings(job.champion_alias.key), study_of(job, champion.version)
    return publish_history(job.asked, ended, job.champion_alias.history(), study, job.screen)


def _roll_back(job: Job) -> Summary:
    """Restore the former champion, after a check that its files are those that were registered."""
    from foldwise.bundle.checksums import check as check_files
    from foldwise.ledger.model_versions import ROLLBACK

    asked, model, key = job.asked, job.asked.model, job.champion_alias.key
    champion = champion_of(job, even_deleted=True)
    for done in finish_promoted(job):
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
    summary = opening(asked, champion, study_of(job, champion.version)) | {"challenger": {"version": former}}
    begun = begin(job, champion, ROLLBACK, None, summary)
    summary |= {"id": begun.id, "outcome": ROLLED_BACK, "reason": why}
    job.ledger.versions.note(begun, summary)
    made = job.champion_alias.promote(former, champion.version, "rollback", why, {"retraining": begun.id})
    job.screen.note(f"model {model}: version {former} is champion again, in place of version {champion.version}")
    return close(job, {**summary, "promotion": made.number}, ROLLED_BACK, why, begun)


def _retrain(job: Job) -> Summary:
    from foldwise.tracking.registry import FIRST

    shown = job.registry.aliases(job.asked.model).get(FIRST)
    if shown is not None:
        record_of(job, shown)  # before anything is written: the ledger must know its study
    champion = champion_of(job)
    finish_promoted(job)
    return _against(job, champion)


def _against(job: Job, champion: Promotion) -> Summary:
    """Challenge this champion."""
    row, record = job.ledger.versions.version(job.champion_alias.key, champion.version), record_of(job, champion.version)
    summary = opening(job.asked, champion, record.name)
    try:
        return _challenge(job, champion, row, record, summary)
    except (DataError, Unfit) as fault:
        close(job, summary, REFUSED, str(fault))
        raise


def _challenge(job: Job, champion: Promotion, row: VersionRow | None, record: StudyRecord, summary: Summary) -> Summary:
    """Read and check the rows, and let evidence or a test decide."""
    from foldwise.data.new_rows import ChampionContext
    from foldwise.data.sources.fingerprint import source_mark
    from foldwise.retraining.challenger import challenger_study, named
    from foldwise.retraining.gate import EVIDENCE, gate_of
    from foldwise.retraining.rows import check_rows, current_rows, look
    from foldwise.spec.goal import DEFAULT_METRIC

    asked, looks = job.asked, job.ledger.looks
    spec = challenger_study(record, asked)
    check_installed(spec.fixed.training.backend)
    known = _known(job, champion, record)
    mark = source_mark(spec.fixed)
    if mark is not None and mark in known:
        return close(job, summary, UNCHANGED, known[mark])
    spec, table = current_rows(record, asked, job.screen)
    job.raise_if_stopped()
    fingerprint, in_any_order = table.fingerprint, table.rows_fingerprint
    if fingerprint in known or in_any_order in known:
        return close(job, summary, UNCHANGED, known.get(fingerprint) or known[in_any_order])
    columns, keys = (row.columns, row.trained) if row is not None else (None, None)
    features = tuple((record.provenance and record.provenance.columns) or ())
    context = ChampionContext(record.holdout, columns, keys, asked.newest, features)
    metric = DEFAULT_METRIC[table.task] if spec.fixed.metric == "auto" else spec.fixed.metric
    assert record.summary is not None
    earlier = (looks.history(job.champion_alias.key), looks.seen(job.champion_alias.key))
    gate = gate_of(table, spec.fixed.data, context, metric, spec.fixed.promotion, *earlier, record.summary.rows.holdout)
    by_evidence = gate.kind == EVIDENCE
    spec = named(spec, asked, job.champion_alias.key, champion.version, fingerprint)
    plan = look(spec, table, replace(context, new_rows=0.0) if by_evidence else context, job.screen)
    job.screen.note(f"decided by {'evidence' if by_evidence else 'a test'}: {gate.why}")
    unseen = int(gate.unseen.sum()) if by_evidence and gate.looks else 0 if by_evidence else None
    drift, counts = check_rows(plan, asked, card_of(job, champion.version), job.screen.note, unseen)
    summary |= {"data_fingerprint": fingerprint, "rows_fingerprint": in_any_order, "gate": gate.record}
    summary |= {"rows": counts, "drift": [found.record for found in drift]}
    for found in drift[:3]:
        known_by = f"from the rows that version {champion.version} knows to the new ones"
        job.screen.note(f"column {found.column}: PSI {found.psi:.3f} {known_by}")
    retraining = begin(job, champion, fingerprint, plan.source, summary)
    summary["id"] = retraining.id
    return (_by_evidence if by_evidence else _by_test)(job, champion, plan, gate, summary, retraining)


def _by_test(job: Job, champion: Promotion, plan: Plan, gate: Gate, summary: Summary, retraining: Retraining) -> Summary:
    """Train a challenger, let both answer the rows that were held back, and test whether it is better."""
    from foldwise.retraining.gate import take_test

    look = take_test(job.ledger.looks, job.champion_alias.key, champion, plan.table.fingerprint, gate)
    trained = train(job, plan)
    version = trained.model.version
    assert version is not None  # `train` raises while it is not registered
    summary["challenger"] = {"version": version, "study": plan.spec.name}
    judgement = _judge(job, plan, champion.version, version)
    shown = trained.to_json()
    summary |= {"goal": shown["goal"], "test": judgement.record, "mlflow": shown["mlflow"]}
    job.ledger.looks.note_trained(look, version)
    outcome = PROMOTED if judgement.promoted else KEPT
    scores = {"retraining": retraining.id, "metric": plan.goal.metric, **judgement.record}
    job.ledger.versions.note(retraining, {**summary, "outcome": outcome, "reason": judgement.why})
    if judgement.promoted:
        why = judgement.why if job.asked.why is None else f"{job.asked.why}; {judgement.why}"
        made = job.champion_alias.promote(version, champion.version, "promoted", why, scores)
        summary["promotion"] = made.number
    return close(job, summary, outcome, judgement.why, retraining)


def _by_evidence(job: Job, champion: Promotion, plan: Plan, gate: Gate, summary: Summary, retraining: Retraining) -> Summary:
    """Let last time's challenger and the champion answer the new rows, decide, and only then train the next challenger."""
    from foldwise.retraining.by_evidence import finding, take_look

    rule = plan.spec.fixed.promotion
    look = take_look(job, champion, plan, gate, rule)
    found = finding(look, gate.looks, champion, rule)
    summary |= {"goal": vars(plan.goal), "mlflow": None}
    unfit: Unfit | None = None
    if found is not None:
        summary["evidence"] = found.record
        job.screen.note(found.why)
        if look.challenger is not None:
            summary["challenger"] = {"version": look.challenger, "study": study_of(job, look.challenger)}
        if found.promoted and look.challenger is not None:
            try:
                return _promote_by_evidence(job, plan, champion, look.challenger, found, summary, retraining)
            except Unfit as fault:  # the next challenger may do better
                unfit = fault
    trained = train(job, plan)
    version = trained.model.version
    assert version is not None  # `train` raises while it is not registered
    job.ledger.looks.note_trained(look, version)
    if unfit is not None:
        raise unfit
    next_one = f"version {version} is trained and answers the rows that come next"
    why = f"{'a new reign begins' if found is None else found.why}; {next_one}"
    summary |= {"next": {"version": version, "study": plan.spec.name}, "mlflow": trained.to_json()["mlflow"]}
    return close(job, summary, KEPT, why, retraining)


def _promote_by_evidence(
    job: Job, plan: Plan, champion: Promotion, challenger: int, found: Finding, summary: Summary, retraining: Retraining
) -> Summary:
    """Promote the challenger that answered, and begin the new reign with a challenger of its own.

    Raises:
        Unfit: the challenger cannot be served.
    """
    from foldwise.retraining.judge import check_answers
    from foldwise.study.backend import start_backend_of

    start_backend_of(plan)  # as the next challenger will need it
    check_answers(loaded(job, challenger), lambda rows: job.registry.answer(job.asked.model, challenger, rows))
    made_by = record_of(job, challenger).summary
    summary["mlflow"] = None if made_by is None else made_by.to_json()["mlflow"]
    job.ledger.versions.note(retraining, {**summary, "outcome": PROMOTED, "reason": found.why})
    why = found.why if job.asked.why is None else f"{job.asked.why}; {found.why}"
    scores = {"retraining": retraining.id, **found.record}
    made = job.champion_alias.promote(challenger, champion.version, "promoted", why, scores)
    done = close(job, {**summary, "promotion": made.number}, PROMOTED, found.why, retraining)
    _against(job, made)
    return done


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


def _judge(job: Job, plan: Plan, champion: int, challenger: int) -> Judgement:
    """Compare both on the same rows; a challenger to be promoted must also answer when served."""
    from foldwise.retraining.judge import check_answers, judge
    from foldwise.training.runtime import start

    start(1, or_as_it_runs=True, backend=plan.spec.fixed.training.backend)
    theirs, ours = (loaded(job, version) for version in (champion, challenger))
    judgement = judge(plan, ours, theirs, plan.spec.fixed.promotion)
    if judgement.promoted:
        check_answers(ours, lambda rows: job.registry.answer(job.asked.model, challenger, rows))
    return judgement
