"""The best trials trained again, on fresh seeds and fresh splits of the development rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from foldwise.config.read import identity_hash
from foldwise.data.split import Split, cut_folds
from foldwise.errors import ConfigError, OutOfTime
from foldwise.evaluation.fresh_scores import FreshScores
from foldwise.seeds import Purpose, derive
from foldwise.study.plan import Plan
from foldwise.study.search import Parts
from foldwise.system.files import atomically
from foldwise.system.kill_points import reached
from foldwise.system.numbers import counted
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult

FOLDER = "fresh"
CUTS = 20  # draws of folds until none lacks a class or a group
Run = Callable[[TrialJob], TrialResult]


@dataclass(frozen=True, eq=False)
class FreshRuns:
    """What fresh trainings gave.

    trials: those that were trained on every seed, in the order of the scores. scores: None if there are none.
    seeds: on how many, which is fewer than asked for where the time was over. failed: number -> why a training failed.
    """

    trials: tuple[TrialResult, ...]
    scores: FreshScores | None
    seeds: int
    failed: Mapping[int, str]


def fresh_runs(plan: Plan, results: Sequence[TrialResult], parts: Parts) -> FreshRuns | None:
    """Train the best trials, and the defaults, again; None if that was not asked for.

    Each seed trains all of them on the same folds. A training that an earlier start finished is read from its file.

    Args:
        plan: the study.
        results: all finished trials of the search.
        parts: what the study is run with.

    Raises:
        Interrupted: the user asked to stop; the trainings that are finished are kept.
    """
    fixed = plan.spec.fixed
    trials = trained_again(plan, results) if fixed.fresh_trainings else []
    if not trials:
        return None
    splits = [fresh_splits(plan, number) for number in range(fixed.certify.seeds)]
    redrawn = any(_differ(plan.splits, own) for own in splits)
    parts.watcher.note(_beginning(len(trials), len(splits), redrawn))
    found: list[dict[int, list[float]]] = []
    failed: dict[int, str] = {}
    try:
        for number, own in enumerate(splits):
            found.append(_of_seed(plan, trials, parts, number, own, failed))
    except OutOfTime:
        parts.watcher.note(f"budget.seconds: the time was enough for {counted(len(found), 'fresh seed')} of {len(splits)}")
    for number, why in failed.items():
        parts.watcher.note(f"trial {number} failed on a fresh seed, so it is left out: {why}")
    whole = tuple(trial for trial in trials if trial.number not in failed)
    if not found or not whole:
        return FreshRuns((), None, len(found), failed)
    values = np.array([[own[trial.number] for own in found] for trial in whole])
    train, valid = (
        fmean(sizes) for sizes in zip(*((len(one.train), len(one.valid)) for own in splits for one in own), strict=True)
    )
    return FreshRuns(whole, FreshScores(values, train, valid, redrawn), len(found), failed)


def trained_again(plan: Plan, results: Sequence[TrialResult]) -> list[TrialResult]:
    """The best trials of different configurations, the best first, then the defaults if they are not among them."""
    complete = [one for one in results if one.state == "COMPLETE" and one.reused is None]
    ranked = plan.goal.rank(sorted(complete, key=lambda one: one.number), lambda one: one.mean)
    top = ranked[: plan.spec.fixed.certify.top]
    return [*top, *(one for one in complete if one.params == plan.spec.space.defaults() and one not in top)]


def fresh_splits(plan: Plan, number: int) -> tuple[Split, ...]:
    """As many folds of the same kind, drawn anew; the study's own where its rows decide them, or where no draw serves."""
    folds, fixed = plan.spec.fixed.folds, plan.spec.fixed
    if len(plan.splits) > 1:
        folds = folds.model_copy(update={"count": len(plan.splits)})
    for attempt in range(CUTS):
        try:
            seed = derive(Purpose.FRESH, fixed.seed, number, attempt)
            return cut_folds(plan.table, plan.development, folds, seed, len(plan.holdout))
        except ConfigError:  # a fold lacks a class
            continue
    return plan.splits


def _of_seed(
    plan: Plan,
    trials: Sequence[TrialResult],
    parts: Parts,
    number: int,
    splits: tuple[Split, ...],
    failed: dict[int, str],
) -> dict[int, list[float]]:
    """The fold scores of all trials on one fresh seed; those that fail go to `failed`."""
    seed, scores = derive(Purpose.FRESH, plan.spec.fixed.seed, number), {}
    rows = {trial.number: _kept(plan, trial, number) for trial in trials}
    run = None if all(rows.values()) else _trainer(plan, parts, splits, seed)
    for trial in trials:
        row = rows[trial.number]
        if trial.number in failed:
            continue
        if row is None:
            assert run is not None  # something is left to train
            row = _trained(plan, trial, number, seed, run)
        if row["reason"] is not None:
            failed[trial.number] = row["reason"]
        else:
            scores[trial.number] = row["scores"]
    return scores


def _trainer(plan: Plan, parts: Parts, splits: tuple[Split, ...], seed: int) -> Run:
    """What trains on these folds, and ends between epochs where the user asked to stop or the refit is due."""

    def raise_if_over() -> None:
        parts.raise_if_asked_to_end()
        parts.deadline.raise_if_refit_is_due()

    raise_if_over()
    from foldwise.execution.trainer import trainer

    quiet, limits = (lambda sentence: None), plan.spec.fixed.budget.limits  # the search has said which engine trains, and why
    return trainer(
        plan.table,
        splits,
        seed,
        quiet,
        limits,
        after_fold=lambda trial, fold: raise_if_over(),
        raise_if_stopped=raise_if_over,
    )


def _trained(plan: Plan, trial: TrialResult, number: int, seed: int, run: Run) -> dict[str, Any]:
    """Train a trial, and keep what came of it in a file."""
    result = run(replace(plan.job(trial.number, trial.params), seed=seed))
    reason = None if result.state == "COMPLETE" else result.reason or result.state
    row = {**_mark(plan, trial), "scores": [fold.score for fold in result.folds], "reason": reason}
    path = plan.folder / FOLDER / f"{trial.number}-{number}.json"
    atomically(path, lambda part: part.write_text(json.dumps(row), encoding="utf-8"), synced=False)
    reached("after-fresh")
    return row


def _kept(plan: Plan, trial: TrialResult, number: int) -> dict[str, Any] | None:
    """What an earlier start found; None if it did not get there, or if the file is of another study or cut off."""
    try:
        row = json.loads((plan.folder / FOLDER / f"{trial.number}-{number}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    mark = json.loads(json.dumps(_mark(plan, trial)))
    return row if isinstance(row, dict) and {key: row.get(key) for key in mark} == mark else None


def _mark(plan: Plan, trial: TrialResult) -> dict[str, Any]:
    """What the scores of a fresh training follow from, besides its number of seed."""
    spec = plan.spec
    of_rows = [plan.source, len(plan.table), len(plan.development), len(plan.splits)]
    return {"recipe": identity_hash(spec.recipe), "seed": spec.fixed.seed, "rows": of_rows, "params": dict(trial.params)}


def _differ(ours: Sequence[Split], theirs: Sequence[Split]) -> bool:
    pairs = zip(ours, theirs, strict=True)
    return not all(np.array_equal(one.train, other.train) and np.array_equal(one.valid, other.valid) for one, other in pairs)


def _beginning(trials: int, seeds: int, redrawn: bool) -> str:
    where = "fresh seeds, each with fresh folds" if redrawn else "fresh seeds; the rows decide the folds, so these stay"
    return f"training {counted(trials, 'trial')} again on {seeds} {where}"
