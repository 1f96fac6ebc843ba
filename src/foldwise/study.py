"""A study from its plan to its summary: ask, write down, train, commit, tell; then pick, refit, judge, register.

One coordinator runs this. What it decides stands in the ledger before it counts, so it may die at any line.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from foldwise.config import identity, trial_at
from foldwise.errors import ConfigError, Interrupted, JobError
from foldwise.execution.executor import Executor
from foldwise.goal import Goal
from foldwise.plan import Plan
from foldwise.results import TrialResult
from foldwise.space import Params
from foldwise.specs import StudySpec, TrialJob
from foldwise.tracking.difference import difference
from foldwise.tracking.ledger import Ledger, StudyRecord
from foldwise.tracking.tracker import Tracker
from foldwise.tuning.tuner import Tuner

# So many first trials that fail in the same way say that the configuration is at fault, not the trial.
SAME_FAILURES = 3


class Watcher(Protocol):
    """Who looks on while a study runs."""

    def note(self, sentence: str) -> None: ...  # noqa: D102 the names say it
    def search_starts(self, goal: Goal, asked: int, folds: int, finished: Sequence[TrialResult]) -> None: ...  # noqa: D102
    def trial_starts(self, number: int, params: Params) -> None: ...  # noqa: D102
    def trial_ends(self, result: TrialResult) -> None: ...  # noqa: D102
    def search_ends(self) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Parts:
    """The concrete parts that a study is run with."""

    tuner: Tuner
    executor: Executor
    ledger: Ledger
    tracker: Tracker
    watcher: Watcher


def claim(plan: Plan, ledger: Ledger, versions: Mapping[str, str]) -> StudyRecord:
    """The study's record in the ledger, made now or by an earlier start.

    Raises:
        ConfigError: the name belongs to a study that asks something else or has seen other data.
    """
    spec = plan.spec
    known = ledger.study(spec.name)
    if known is None:
        return ledger.create_study(spec.name, plan.recipe, plan.table.fingerprint, plan.holdout_record, versions)
    if known.recipe["data"].get("kind") == "frame" != spec.fixed.data.kind:
        rule = f"{spec.name!r} was made from a DataFrame, so only Python can go on with it: foldwise.tune(frame=..., study=...)"
        raise ConfigError("study", f"{rule}; give this one another name")
    changes = difference(identity(known.recipe), identity(spec.recipe))
    if changes:
        shown = "; ".join(changes[:6]) + (f"; and {len(changes) - 6} more" if len(changes) > 6 else "")
        raise ConfigError("study", f"{spec.name!r} exists and asks something else ({shown}); give this one another name")
    if known.data_fingerprint != plan.table.fingerprint:
        raise ConfigError("study", f"{spec.name!r} exists and was made from other data; give this one another name")
    return known


def search(plan: Plan, parts: Parts) -> list[TrialResult]:
    """Run trials until the budget is used; those of earlier starts count.

    Returns:
        Every finished trial, by number.

    Raises:
        JobError: the first trials all fail in the same way.
        Interrupted: the user asked to stop; finished trials are kept.
    """
    spec, ledger = plan.spec, parts.ledger
    budget = spec.fixed.budget
    rows = ledger.trials(spec.name)
    finished = [row.result for row in rows if row.result is not None]
    unfinished = {row.number: row.params for row in rows if row.result is None}
    for result in finished:
        parts.tuner.tell(result)
    started = time.monotonic()
    parts.watcher.search_starts(plan.goal, budget.trials, len(plan.splits), finished)
    try:
        while len(finished) < budget.trials:
            _refuse_hopeless(finished)
            if budget.seconds is not None and time.monotonic() - started > budget.seconds:
                parts.watcher.note(f"budget.seconds: {budget.seconds:g} s are over after {len(finished)} trials")
                break
            number, params = _next(spec, parts.tuner, finished, unfinished)
            ledger.begin_trial(spec.name, number, params)
            parts.watcher.trial_starts(number, params)
            result = _run(plan, parts.executor, number, params)
            row = ledger.finish_trial(spec.name, result)
            unfinished.pop(number, None)
            parts.tuner.tell(result)
            finished.append(result)
            parts.tracker.trial(row)
            parts.watcher.trial_ends(result)
        _refuse_hopeless(finished)
    except Interrupted:
        raise Interrupted(f"stopped after {len(finished)} of {budget.trials} trials; the same command goes on") from None
    finally:
        parts.watcher.search_ends()
    return sorted(finished, key=lambda result: result.number)


def _run(plan: Plan, executor: Executor, number: int, params: Params) -> TrialResult:
    """Train a trial. Values that are right each by itself may contradict each other: then only this trial fails."""
    spec = plan.spec
    try:
        job = TrialJob(number, params, spec.fixed.seed, trial_at(spec, params), plan.goal, spec.fixed.training.engine)
    except ConfigError as fault:
        return TrialResult(number, params, "FAILED", reason=f"configuration: {fault}")
    return executor.submit(job).result()


def _next(spec: StudySpec, tuner: Tuner, finished: list[TrialResult], unfinished: Mapping[int, Params]) -> tuple[int, Params]:
    """A trial that an earlier start left behind, else a new one; the first of a study tries the defaults."""
    if unfinished:
        number = min(unfinished)
        return number, unfinished[number]
    number = max((result.number for result in finished), default=-1) + 1
    return number, spec.space.defaults() if number == 0 else tuner.ask(number, [])


def _refuse_hopeless(finished: list[TrialResult]) -> None:
    first = sorted(finished, key=lambda result: result.number)[:SAME_FAILURES]
    causes = {(result.reason or "").split(":")[0] for result in first if result.state == "FAILED"}
    all_failed = len(first) == SAME_FAILURES and all(result.state == "FAILED" for result in first)
    if all_failed and len(causes) == 1 and len(finished) == SAME_FAILURES:
        raise JobError(f"the first {SAME_FAILURES} trials failed in the same way, so the study ends: {first[0].reason}")
