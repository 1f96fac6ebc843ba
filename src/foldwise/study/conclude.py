"""The end of a study: refit the best trial, judge it on the holdout, register it, and write the summary."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from foldwise.config.read import trial_at
from foldwise.data.preparation.fold import fit_preparation
from foldwise.errors import JobError, Replaced
from foldwise.evaluation.baseline_clock import BaselineClock
from foldwise.ledger.rows import StudyRecord
from foldwise.report.compare_page import write_page
from foldwise.report.figures.searched import Marks
from foldwise.report.worst_rows_file import worst_rows_of
from foldwise.spec.goal import Goal
from foldwise.study.baselines import Baselines
from foldwise.study.certificate import certify, chosen_by
from foldwise.study.explain import explain
from foldwise.study.figures import begin_search_figures, draw_figures
from foldwise.study.fresh_choice import fresh_outcome
from foldwise.study.fresh_runs import fresh_runs
from foldwise.study.judge import Judgement, judge
from foldwise.study.model_card import write_model_card
from foldwise.study.plan import Plan
from foldwise.study.racing import race_outcome
from foldwise.study.refit_best import Refitted
from foldwise.study.refit_ensemble import refit_winner
from foldwise.study.search import Parts, Searched
from foldwise.study.tables import write_curves, write_trials
from foldwise.system.files import write_json
from foldwise.system.kill_points import reached
from foldwise.tracking.descriptions import data_of
from foldwise.tracking.registration import record_registration
from foldwise.tracking.registry import ModelVersion, Registry, Standing, described, idempotency_key_of
from foldwise.tracking.tracker import shown_files
from foldwise.trial.race_outcome import RaceOutcome
from foldwise.trial.result import TrialResult, best_of, pareto
from foldwise.trial.summary import BestTrial, Features, RowCounts, RunPlace, StudySummary, TrialCounts


def conclude(
    plan: Plan,
    searched: Searched,
    parts: Parts,
    registry: Registry,
    seconds: Mapping[str, float],
    baselines: Future[Baselines] | None = None,
) -> StudySummary:
    """Carry a study from its finished trials to its summary, which is written last and marks the study as finished.

    Args:
        plan: the study's data.
        searched: all finished trials.
        parts: what the study was run with.
        registry: what the model goes to.
        seconds: what was spent before, on data and search.
        baselines: those that another process scores; None to score them here.

    Raises:
        JobError: no trial is complete.
    """
    began, results, notify = time.monotonic(), searched.results, parts.watcher.note
    stage = parts.progress.stage_starts
    stage("certificate")
    leader = _best_trial(results, plan.goal)
    fresh = fresh_outcome(plan, results, fresh_runs(plan, results, parts))
    seconds = {**seconds, "fresh": time.monotonic() - began} if fresh else seconds
    began = time.monotonic()
    rule = plan.spec.fixed.select.rule
    best = chosen_by(rule, plan, leader, results, fresh)
    if rule == "one_se" and best is not leader:
        notify(f"select.rule=one_se refits trial {best.number}, within one standard error of trial {leader.number}, the best")
    _write_tables(plan, results)
    certificate = certify(plan, results, fresh)
    stage("refit")
    model, ensemble = refit_winner(plan, best, results, certificate, notify)
    refitted = time.monotonic()
    parts.raise_if_asked_to_end()
    stage("baselines")
    judgement = judge(plan, model, best, results, parts.ledger, _clock(plan, parts), baselines)
    for sentence in judgement.baselines.remarks:
        notify(f"baseline {sentence}")
    summary = StudySummary(
        study=plan.spec.name,
        seed=plan.spec.fixed.seed,
        goal=plan.goal,
        pareto=front(results, plan.goals),
        task=plan.table.task,
        rows=RowCounts(len(plan.development), len(plan.holdout.rows)),
        source=plan.source,
        trials=count_trials(results, plan.spec.fixed.budget.trials),
        race=_race(plan, results),
        ended=searched.ended,
        best=BestTrial(best.number, best.params, best.mean, best.sd, tuple(fold.score for fold in best.folds)),
        certificate=certificate,
        ensemble=ensemble,
        scored_on="training rows" if plan.same_rows else None,
        threshold=model.threshold if plan.table.task == "binary" else None,
        baselines=judgement.baselines.scores,
        baselines_unfinished=judgement.baselines.unfinished,
        holdout=judgement.holdout,
        verdict=judgement.verdict,
        answer=judgement.answer,
        balance=judgement.balance.record if judgement.balance else None,
        features=_features(plan, model),
        engine=best.engine,
        seeds=model.trial.fit.seeds,
        findings=tuple(finding.record for finding in plan.findings),
        model=described(plan.spec.register, None),
    )
    parts.watcher.judged(summary)  # now, as figures and the registry take seconds
    marks = Marks(certificate.ties if certificate else (), best.number)
    write_model_card(plan, best, model, judgement, summary, notify)  # before it is registered, as it is part of the bundle
    record = parts.ledger.study(plan.spec.name)
    assert record is not None  # its trials are in the ledger
    key = idempotency_key_of(record, best.number, ensemble)
    beside = ThreadPoolExecutor(1)  # MLflow works in a process of its own
    registering = beside.submit(_register, plan, key, record, parts, registry, judgement)
    beside.shutdown(wait=False)  # a study that is stopped meanwhile does not wait for an MLflow that hangs
    stage("figures")
    end_search_figures = begin_search_figures(plan, results, judgement.baselines.scores, marks, notify, parts.beside)
    draw_figures(plan, model.bundle, judgement.answers, notify)
    importance = explain(plan, best, results, parts)
    stage("register")
    place, version = registering.result()
    summary = replace(
        summary,
        importance=importance,
        model=described(plan.spec.register, version),
        seconds=_seconds(
            seconds, refit=refitted - began, baselines=judgement.baselines.seconds, concluding=time.monotonic() - began
        ),
        mlflow=place,
    )
    end_search_figures()
    stage("publish")
    _publish(plan, replace(record, summary=summary), results, parts)
    return summary


def _best_trial(results: Sequence[TrialResult], goal: Goal) -> TrialResult:
    best = best_of(results, goal)
    if best is None:
        why = f"the reason of the first is: {results[0].reason}" if results else "none was run"
        raise JobError(f"no trial is complete; {why}")
    return best


def _write_tables(plan: Plan, results: Sequence[TrialResult]) -> None:
    plan.folder.mkdir(parents=True, exist_ok=True)
    write_trials(plan.folder / "trials.parquet", results, plan)
    write_curves(plan.folder / "curves.parquet", results)


def _register(
    plan: Plan,
    key: str,
    record: StudyRecord,
    parts: Parts,
    registry: Registry,
    judgement: Judgement,
) -> tuple[RunPlace | None, ModelVersion | None]:
    """Register the bundle once. Its version is None if the registry is away, and then the next start registers it."""
    place = parts.tracker.place()
    run_id, version = place.run_id if place else None, None
    metrics, leads = (
        judgement.holdout.metrics if judgement.holdout else {},
        plan.spec.fixed.promotion.may_lead(judgement.answer),
    )
    standing = Standing(judgement.verdict, judgement.answer, leads, data_of(record))
    reached("before-register")
    try:
        version = registry.register(plan.folder / "bundle", plan.spec.register, run_id, metrics, key, standing)
    except Replaced:
        raise
    except JobError as fault:
        parts.watcher.note(str(fault))
    reached("after-register")
    if version is not None:
        record_registration(version, record, plan.source, plan.folder, parts.ledger, registry, parts.watcher.note)
    return place, version


def front(results: Sequence[TrialResult], goals: Sequence[Goal]) -> tuple[Mapping[str, int | float], ...] | None:
    """The trials that no other beats in both goals, cheapest first; None if there is one goal."""
    if len(goals) == 1:
        return None
    score, cost = goals
    rows = [{"number": r.number, score.metric: r.mean, cost.metric: r.costs[cost.metric]} for r in pareto(results, goals)]
    return tuple(sorted(rows, key=lambda row: row[cost.metric]))


def count_trials(results: Sequence[TrialResult], asked: int) -> TrialCounts:
    """How many trials the budget allowed, and how they ended."""
    states = Counter(result.state for result in results)
    return TrialCounts(asked, states["COMPLETE"], states["STOPPED"], states["FAILED"])


def _race(plan: Plan, results: Sequence[TrialResult]) -> RaceOutcome | None:
    spec = plan.spec
    raced = () if spec.fixed.race.kind == "none" else results  # reading thousands of configurations takes seconds
    epochs = {result.number: trial_at(spec, result.params).fit.epochs for result in raced if result.folds}
    return race_outcome(spec.fixed.race, plan.goal, results, len(plan.splits), epochs)


def _features(plan: Plan, model: Refitted) -> Features:
    prep = model.trial.prep
    if prep.select.kind == "none":
        return Features(len(model.features))
    folds = Counter(name for split in plan.splits for name in fit_preparation(plan.table, split.train, prep).features)
    return Features(len(model.features), model.features, dict(folds.most_common()))


def _clock(plan: Plan, parts: Parts) -> BaselineClock:
    """The clock of the baselines; those of a table have no limit."""
    seconds = None if plan.table.images is None else plan.spec.fixed.budget.baseline_seconds
    return BaselineClock(seconds, parts.watcher.note, parts.raise_if_asked_to_end)


def _seconds(before: Mapping[str, float], refit: float, baselines: float, concluding: float) -> dict[str, float]:
    spent = {"total": sum(before.values()) + concluding, **before, "refit": refit, "baselines": baselines}
    return {name: round(seconds, 3) for name, seconds in spent.items()}


def _publish(plan: Plan, record: StudyRecord, results: Sequence[TrialResult], parts: Parts) -> None:
    """Write the page and the summary, and show both; the ledger marks the study as finished."""
    summary = record.summary
    assert summary is not None
    reached("before-summary")
    worst = worst_rows_of(plan.folder, summary)
    write_page(plan.folder / "compare.html", [(record, results)], plan.goal, folder=plan.folder.parent, worst=worst)
    write_json(plan.folder / "summary.json", summary.to_json())
    reached("after-summary")
    parts.ledger.finish_study(record.name, summary)
    for sentence in parts.tracker.close(summary if summary.is_registered else None, shown_files(plan.folder)):
        parts.watcher.note(sentence)
