"""The end of a study: pick, refit, read the holdout once, judge, bundle, register, and write it all down."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.bundle.bundle import save_bundle
from foldwise.config.read import trial_at
from foldwise.data.cells import listed
from foldwise.data.new_rows import identity_columns, row_keys
from foldwise.data.preparation.fold import fit_preparation
from foldwise.errors import JobError
from foldwise.evaluation import baselines
from foldwise.evaluation import bootstrap as verdict
from foldwise.evaluation.balance_gain import balance_gain
from foldwise.evaluation.metrics import confusion, score, scorer
from foldwise.evaluation.threshold import Asked
from foldwise.models.heads import THRESHOLD
from foldwise.report.compare_page import write_page
from foldwise.seeds import Purpose, derive
from foldwise.spec.goal import Goal
from foldwise.spec.prep import PrepSpec
from foldwise.study.figures import Answers, draw_figures
from foldwise.study.plan import Plan
from foldwise.study.racing import race_outcome
from foldwise.study.search import Parts, Searched
from foldwise.study.tables import write_curves, write_holdout, write_trials
from foldwise.system.files import write_json
from foldwise.system.kill_points import reached
from foldwise.tracking.registration import record_registration, write_trained
from foldwise.tracking.registry import Registry, described, idempotency_key_of
from foldwise.tracking.tracker import shown_files
from foldwise.training.refit import refit
from foldwise.trial.result import TrialResult, best_of, pareto

Summary = dict[str, Any]


def conclude(plan: Plan, searched: Searched, parts: Parts, registry: Registry, seconds: Mapping[str, float]) -> Summary:
    """The study's summary; its files lie beside it, its model is registered, and the ledger knows that it is finished.

    Args:
        plan: the study's data.
        searched: all its finished trials, and why there are no more.
        parts: the parts it was run with.
        registry: where the model goes.
        seconds: what was spent before on data and search.

    Raises:
        JobError: no trial is complete.
    """
    began, results = time.monotonic(), searched.results
    best = best_of(results, plan.goal)
    if best is None:
        raise JobError(f"no trial is complete; the first says: {results[0].reason if results else 'none was run'}")
    spec, table, goal, watcher = plan.spec, plan.table, plan.goal, parts.watcher
    plan.folder.mkdir(parents=True, exist_ok=True)
    write_trials(plan.folder / "trials.parquet", results, plan)
    write_curves(plan.folder / "curves.parquet", results)

    watcher.note(f"refitting trial {best.number} on all {len(plan.development)} development rows")
    job = plan.job(best.number if best.reused is None else best.reused, best.params)
    trial = job.spec
    asked = trial.fit.threshold
    threshold = best.metrics["threshold"] if asked == "auto" else asked
    final = refit(job, table, plan.development, best)
    reached("after-refit")
    if job.spec.prep.select.kind != "none":
        watcher.note(f"prep.select kept {len(final.preparation.features)} features: {listed(list(final.preparation.features))}")
    bundle = save_bundle(
        plan.folder / "bundle",
        network=final.model,
        preparation=final.preparation,
        table=table.take(plan.development),
        head=final.head,
        reading=spec.fixed.data.reading,
        study=spec.name,
        threshold=threshold,
    )
    known_by = (plan.context and plan.context.columns) or identity_columns(table, spec.fixed.data)
    write_trained(plan.folder, known_by, row_keys(table, spec.fixed.data, known_by)[plan.development])
    reached("after-bundle")
    if asked == "auto":
        watcher.note(
            f"{table.labels[1]!r} is answered above a probability of {threshold:.3f}, tuned on out-of-fold predictions"
        )
    refitted = time.monotonic()
    parts.raise_if_stopped()

    reads = parts.ledger.record_holdout_read(plan.table.fingerprint, spec.name, len(plan.holdout.rows))
    reached("after-holdout-read")
    answers = bundle.predict(plan.holdout.as_read)
    truth, predictions = plan.holdout.target, bundle.scores(plan.holdout.as_read)
    write_holdout(plan.folder / "holdout.parquet", plan, answers)
    metrics = score(table.task, len(table.labels), truth, predictions, threshold)
    # a threshold that was searched is a threshold that was tuned
    theirs: Asked = "auto" if "fit.threshold" in spec.space.ranges else asked
    rivals, their_predictions = judge_baselines(plan, theirs, balanced=trial.balance.kind != "none")
    rival = better_baseline(rivals, goal.better)
    comparison = verdict.compare(
        goal,
        scorer(table.task, len(table.labels), goal.metric, threshold),
        truth,
        predictions,
        their_predictions[rival["name"]],
        derive(Purpose.VERDICT, spec.fixed.seed),
        their_score=scorer(table.task, len(table.labels), goal.metric, rival.get("threshold", THRESHOLD)),
    )
    of_both = results if "balance" in spec.space.ranges else ()  # else all trials are on one side
    gain = balance_gain(of_both, lambda result: trial_at(spec, result.params).balance.kind, goal)
    raced = () if spec.fixed.race.kind == "none" else results  # of thousands of trials it takes seconds
    epochs = {result.number: trial_at(spec, result.params).fit.epochs for result in raced if result.folds}
    race = race_outcome(spec.fixed.race, goal, results, len(plan.splits), epochs)
    found = verdict.sentence(goal, metrics[goal.metric], rival, comparison, len(truth))
    summary: Summary = {
        "study": spec.name,
        "seed": spec.fixed.seed,
        "goal": {"metric": goal.metric, "direction": goal.direction},
        "pareto": front(results, plan.goals),
        "task": table.task,
        "rows": {"development": len(plan.development), "holdout": len(plan.holdout.rows)},
        "source": plan.source,
        "trials": count_trials(results, spec.fixed.budget.trials),
        "race": race.record if race else None,
        "ended": searched.ended,
        "best": {
            "number": best.number,
            "params": dict(best.params),
            "mean": best.mean,
            "sd": best.sd,
            "folds": [fold.score for fold in best.folds],
        },
        "threshold": threshold if table.task == "binary" else None,
        "baselines": rivals,
        "holdout": {
            "rows": len(plan.holdout.rows),
            "metrics": metrics,
            "reads": reads,
            "confusion": mistakes(table.labels, truth, predictions, threshold),
        },
        "verdict": f"{found}; {gain.sentence(goal.metric)}" if gain else found,
        "balance": gain.record if gain else None,
        "features": kept_over_folds(plan, job.spec.prep, final.preparation.features),
        "engine": best.engine,
        "findings": [finding.record for finding in plan.findings],
    }
    draw_figures(plan, bundle, results, rivals, Answers(truth, predictions, threshold), watcher.note)
    place = parts.tracker.place()
    reached("before-register")
    record = parts.ledger.study(spec.name)
    assert record is not None  # its trials are in the ledger
    version, run_id = None, place.run_id if place else None
    try:
        version = registry.register(
            plan.folder / "bundle", spec.register, run_id, metrics, idempotency_key_of(record, len(results))
        )
    except JobError as fault:  # what the study came to is kept, and the next start registers its model
        watcher.note(str(fault))
    reached("after-register")
    if version is not None:
        record_registration(version, record, plan.source, plan.folder, parts.ledger, registry, watcher.note)
    summary["model"] = described(spec.register, version)
    ended = time.monotonic()
    summary["seconds"] = {
        "total": round(sum(seconds.values()) + ended - began, 3),
        **{name: round(spent, 3) for name, spent in seconds.items()},
        "refit": round(refitted - began, 3),
    }
    summary["mlflow"] = asdict(place) if place else None
    reached("before-summary")
    write_page(plan.folder / "compare.html", [(replace(record, summary=summary), results)], goal)
    write_json(plan.folder / "summary.json", summary)
    reached("after-summary")
    parts.ledger.finish_study(spec.name, summary)
    for sentence in parts.tracker.close(summary if version else None, shown_files(plan.folder)):
        watcher.note(sentence)
    return summary


def front(results: Sequence[TrialResult], goals: Sequence[Goal]) -> list[dict[str, Any]] | None:
    """The trials that no other beats in both goals, cheapest first; None where there is one goal."""
    if len(goals) == 1:
        return None
    score, cost = goals
    rows = [{"number": r.number, score.metric: r.mean, cost.metric: r.costs[cost.metric]} for r in pareto(results, goals)]
    return sorted(rows, key=lambda row: row[cost.metric])


def kept_over_folds(plan: Plan, prep: PrepSpec, refitted: Sequence[str]) -> dict[str, Any]:
    """How many features the refitted network takes; where prep.select chose them, which, and in how many folds each was."""
    if prep.select.kind == "none":
        return {"count": len(refitted), "kept": None, "kept_in_folds": None}
    folds = Counter(name for split in plan.splits for name in fit_preparation(plan.table, split.train, prep).features)
    return {"count": len(refitted), "kept": list(refitted), "kept_in_folds": dict(folds.most_common())}


def mistakes(
    labels: Sequence[str], truth: npt.NDArray[Any], predictions: npt.NDArray[Any], threshold: float
) -> dict[str, Any] | None:
    """Which label was taken for which, with its axes named; None for numbers."""
    if not labels:
        return None
    counts = confusion(truth, predictions, threshold).tolist()
    return {"labels": list(labels), "rows": "truth", "columns": "prediction", "counts": counts}


def judge_baselines(
    plan: Plan, threshold: Asked, balanced: bool
) -> tuple[list[dict[str, Any]], dict[str, npt.NDArray[np.float64]]]:
    """The baselines' scores on the same folds and the same holdout, and their answers there.

    Args:
        plan: the study's data.
        threshold: the model's, or that theirs is to be tuned as the model's was.
        balanced: whether the model learnt from balanced classes.
    """
    table, goal = plan.table, plan.goal
    rows, predictions = [], {}
    for name in baselines.names(table.task, balanced):
        mean, sd, at = baselines.cross_validated(name, table, plan.splits, goal, threshold)
        predictions[name] = baselines.holdout_predictions(name, table, plan.development, plan.holdout)
        metrics = score(table.task, len(table.labels), plan.holdout.target, predictions[name], at)
        own = {"threshold": at} if table.task == "binary" else {}
        rows.append({"name": name, "mean": mean, "sd": sd, "holdout": metrics[goal.metric], **own})
    return rows, predictions


def better_baseline(rivals: Sequence[Mapping[str, Any]], better: Callable[[float, float], bool]) -> Mapping[str, Any]:
    """The baseline with the better cross-validated score: chosen without a look at the holdout."""
    chosen = rivals[0]
    for rival in rivals[1:]:
        if better(rival["mean"], chosen["mean"]):
            chosen = rival
    return chosen


def count_trials(results: Sequence[TrialResult], asked: int) -> dict[str, int]:
    """How many trials were asked for and how they ended."""
    ended = {"complete": "COMPLETE", "stopped": "STOPPED", "failed": "FAILED"}
    return {"asked": asked, **{word: sum(result.state == state for result in results) for word, state in ended.items()}}
