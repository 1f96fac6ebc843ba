"""What came out: frozen values that travel from workers to the ledger and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from foldwise.goal import Goal
from foldwise.space import Params

State = Literal["COMPLETE", "STOPPED", "FAILED"]


@dataclass(frozen=True)
class FoldScore:
    """One fold of a trial: its validation score, all metrics of the task, and its curves by epoch.

    curves: name -> one value an epoch; `loss`, `val_loss`, `learning_rate`, and the task's metric with and without `val_`.
    best_epoch: how many epochs the kept weights were trained for (1 is the first epoch).
    """

    fold: int
    score: float
    metrics: Mapping[str, float]
    curves: Mapping[str, tuple[float, ...]]
    best_epoch: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As plain values, for the ledger."""
        return asdict(self)

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> FoldScore:
        """The inverse of `to_json`."""
        curves = {name: tuple(values) for name, values in row["curves"].items()}
        return FoldScore(**{**row, "curves": curves})


@dataclass(frozen=True)
class TrialResult:
    """A finished trial. mean and sd (with n - 1; 0 for one fold) are over its folds' scores, nan where it did not complete.

    metrics: the task's metrics on the pooled out-of-fold predictions, and `threshold` where that is tuned on them.
    reason: why it did not complete, or None.
    costs: what the trial's network takes: `parameters`, and what else was asked for (see goal.COSTS).
    reused: the number of the trial of the same configuration whose result this is, or None where it was trained itself.
    """

    number: int
    params: Params
    state: State
    folds: tuple[FoldScore, ...] = ()
    mean: float = math.nan
    sd: float = math.nan
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    engine: str = ""
    seconds: float = 0.0
    costs: Mapping[str, float] = field(default_factory=dict)
    reused: int | None = None


def mean_and_sd(scores: list[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (n - 1); sd is 0 for a single score."""
    mean = math.fsum(scores) / len(scores)
    if len(scores) == 1:
        return mean, 0.0
    return mean, math.sqrt(math.fsum((s - mean) ** 2 for s in scores) / (len(scores) - 1))


def values_of(result: TrialResult, goals: Sequence[Goal]) -> tuple[float, ...]:
    """A trial's score, and its cost where there are two goals."""
    return (result.mean, *(result.costs.get(goal.metric, math.nan) for goal in goals[1:]))


def pareto(results: Sequence[TrialResult], goals: Sequence[Goal]) -> list[TrialResult]:
    """The complete trials that no other is at least as good as in every goal and better in one; of equals the first."""
    trials = [(r, values_of(r, goals)) for r in sorted(results, key=lambda r: r.number) if r.state == "COMPLETE"]
    trials = [(r, values) for r, values in trials if all(map(math.isfinite, values))]

    def beaten(place: int, values: tuple[float, ...]) -> bool:
        for other, (_, theirs) in enumerate(trials):
            better = [goal.better(b, a) for goal, a, b in zip(goals, values, theirs, strict=True)]
            worse = [goal.better(a, b) for goal, a, b in zip(goals, values, theirs, strict=True)]
            if not any(worse) and (any(better) or other < place):
                return True
        return False

    return [result for place, (result, values) in enumerate(trials) if not beaten(place, values)]


def best_of(results: Sequence[TrialResult], goal: Goal) -> TrialResult | None:
    """The complete trial with the best mean; of equals the first."""
    best: TrialResult | None = None
    for result in sorted(results, key=lambda r: r.number):
        if result.state == "COMPLETE" and (best is None or goal.better(result.mean, best.mean)):
            best = result
    return best
