"""Studies and trials of a ledger as frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row

from foldwise.ledger.tables import folds
from foldwise.spec.goal import Goal, is_metric, natural_goal
from foldwise.spec.space import Params
from foldwise.trial.provenance import Provenance
from foldwise.trial.result import FoldScore, State, TrialResult
from foldwise.trial.summary import StudySummary

RUNNING = "RUNNING"
FOLD_FIELDS = tuple(field.name for field in fields(FoldScore))
FOLD_COLUMNS = tuple(folds.c[name] for name in FOLD_FIELDS)


@dataclass(frozen=True)
class StudyRecord:
    """A study as it was created. summary is None until it finished; run_id is its run in the tracker, if any.

    asked: the number of trials in total that was last requested.
    provenance: its origin and its goal; None if an older version made it.
    shown: `finished` of the summary that the tracker shows; None until it shows one.
    """

    name: str
    recipe: Mapping[str, Any]
    data_fingerprint: str
    holdout: Mapping[str, Any]
    versions: Mapping[str, str]
    created: datetime
    finished: datetime | None = None
    summary: StudySummary | None = None
    run_id: str | None = None
    asked: int | None = None
    provenance: Provenance | None = None
    shown: datetime | None = None

    @property
    def generation(self) -> int:
        """How many trials its tuner proposes before it learns from their results."""
        return 1 if self.provenance is None else self.provenance.generation or 1


@dataclass(frozen=True)
class TrialRow:
    """A trial. result is None while it runs; shipped is its run in the tracker, once it is there.

    dropped: whether it no longer counts, because the study was extended and the trial is not a point of its new space.
    """

    study: str
    number: int
    attempt: int
    params: Params
    started: datetime
    ended: datetime | None = None
    result: TrialResult | None = None
    shipped: str | None = None
    dropped: bool = False


def goal_of(record: StudyRecord, results: Iterable[TrialResult]) -> Goal:
    """The goal that ranks a study's trials, also while it still runs."""
    if record.provenance is not None:
        return record.provenance.goal
    if record.summary is not None:
        return record.summary.goal
    asked = (record.recipe.get("goals") or [record.recipe["goal"]["metric"]])[0] if record.recipe.get("goal") else "auto"
    if is_metric(asked):
        return natural_goal(asked)
    known = next((result.metrics for result in results if result.metrics), {})
    return natural_goal("rmse" if "rmse" in known else "accuracy")  # the task's default


def fold_of(row: Row[Any]) -> FoldScore:
    """A fold from its columns, FOLD_COLUMNS."""
    return FoldScore.from_json(dict(zip(FOLD_FIELDS, row, strict=False)))


def trial_of(row: Row[Any], scores: Sequence[FoldScore]) -> TrialRow:
    """A trial from its row and its folds."""
    result = None
    if row.state != RUNNING:
        state = cast(State, row.state)
        outcome = (row.mean, row.sd, row.metrics, row.reason, row.engine, row.seconds, row.costs or {}, row.reused, row.lost_at)
        result = TrialResult(row.number, row.params, state, tuple(scores), *outcome)
    return TrialRow(row.study, row.number, row.attempt, row.params, row.started, row.ended, result, row.shipped, row.dropped)
