"""The results of trials: frozen values that travel from workers to the ledger and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from foldwise.spec.goal import Goal
from foldwise.spec.space import Params, Scalar
from foldwise.trial.curves import WrittenCurves

if TYPE_CHECKING:
    import numpy.typing as npt  # numpy takes a tenth of a second, and refusals need no results

State = Literal["COMPLETE", "STOPPED", "FAILED"]


@dataclass(frozen=True)
class FoldScore:
    """One fold of a trial: its validation score, all metrics of the task, and its curves by epoch.

    curves: name -> one value per epoch; `loss`, `val_loss`, `learning_rate`, and the task's metric with and without `val_`.
    best_epoch: the epoch of the weights that were kept (1 is the first).
    rungs: if trials race by epochs, epoch -> the score if training had ended there.
    """

    fold: int
    score: float
    metrics: Mapping[str, float]
    curves: Mapping[str, tuple[float, ...]]
    best_epoch: int
    seconds: float
    rungs: Mapping[int, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values, for the ledger."""
        return {**vars(self), "curves": dict(self.curves)}

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> FoldScore:
        """The inverse of `to_json`."""
        curves = row["curves"]
        if not isinstance(curves, WrittenCurves):
            curves = {name: tuple(values) for name, values in curves.items()}
        rungs = {int(epoch): score for epoch, score in (row.get("rungs") or {}).items()}
        return FoldScore(**{**row, "curves": curves, "rungs": rungs})


@dataclass(frozen=True, repr=False)
class TrialResult:
    """A finished trial. mean and sd (with n - 1; 0 for one fold) are over its folds' scores, nan if it did not complete.

    metrics: the task's metrics on the pooled out-of-fold predictions, and `threshold` if it is tuned on them.
    reason: why it did not complete, or None.
    costs: of the network: `parameters`, and those of goal.COSTS that are goals.
    reused: the number of the trial with the same configuration whose result this is; None if it was trained itself.
    lost_at: where and why it lost its race, if it was trained to the end to check the race; else None.
    answers: of a complete trial that has just been trained, its predictions for the validation rows of all folds, one fold
        after the other: probabilities (rows, classes), or values (rows,). They are kept in files, not in the ledger.
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
    lost_at: str | None = None
    answers: npt.NDArray[Any] | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        """A short line; `to_json` has everything."""
        ended = f"{self.mean:.4g}" + (f" ± {self.sd:.2g}" if len(self.folds) > 1 else "")
        ended = ended if self.state == "COMPLETE" else str(self.reason)
        params = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"<trial {self.number}: {self.state}, {ended}, {self.seconds:.1f} s; {params}>"

    @property
    def trained_as(self) -> int:
        """The number of the trial that was trained: its own, or that of the one whose result this is."""
        return self.number if self.reused is None else self.reused

    def to_json(self) -> dict[str, Any]:
        """As plain values; `from_json` gives an equal result, bit for bit."""
        row = {name: value for name, value in vars(self).items() if name != "answers"}
        return {**row, "folds": [fold.to_json() for fold in self.folds]}

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> TrialResult:
        """The inverse of `to_json`."""
        return TrialResult(**{**row, "folds": tuple(FoldScore.from_json(fold) for fold in row["folds"])})


def same(one: TrialResult | None, other: TrialResult | None) -> bool:
    """Whether two results are equal bit for bit; nan equals nan."""
    return _written(one) == _written(other)


def _written(result: TrialResult | None) -> str:
    return json.dumps(result and _floats(result.to_json()), sort_keys=True, default=lambda value: _floats(value.tolist()))


def _floats(value: Any) -> Any:
    """Make all measures floats, because a database may return integers as floats."""
    if isinstance(value, Mapping):
        return {key: item if key == "params" else _floats(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_floats(item) for item in value]
    return float(value) if isinstance(value, int) else value


def mean_and_sd(scores: list[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (n - 1); sd is 0 for a single score."""
    mean = math.fsum(scores) / len(scores)
    if len(scores) == 1:
        return mean, 0.0
    return mean, math.sqrt(math.fsum((s - mean) ** 2 for s in scores) / (len(scores) - 1))


def plus_minus(mean: str, sd: str, folds: int) -> str:
    """A mean with its deviation over folds; a single one, as that of `folds=split`, has no deviation."""
    return f"{mean} ± {sd}" if folds > 1 else mean


def values_of(result: TrialResult, goals: Sequence[Goal]) -> tuple[float, ...]:
    """A trial's score, and with two goals its cost."""
    return (result.mean, *(result.costs.get(goal.metric, math.nan) for goal in goals[1:]))


def pareto(results: Sequence[TrialResult], goals: Sequence[Goal]) -> list[TrialResult]:
    """The complete trials that no other trial dominates; of equals the first."""
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


def varying(trials: Sequence[Params]) -> list[str]:
    """The parameters that differ between trials, in order of appearance."""
    seen: dict[str, list[tuple[type, Scalar]]] = {}
    for params in trials:
        for name, value in params.items():
            seen.setdefault(name, []).append((type(value), value))
    return [name for name, values in seen.items() if len(set(values)) > 1 or len(values) < len(trials)]
