"""Compare the best trial with balanced classes to the best without, fold by fold."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from foldwise.spec.goal import Goal
from foldwise.system.numbers import shown
from foldwise.trial.result import TrialResult, best_of, mean_and_sd, plus_minus


@dataclass(frozen=True)
class Side:
    """The best of `trials` complete trials on one side; mean and sd are over its folds."""

    number: int
    kind: str
    trials: int
    mean: float
    sd: float


@dataclass(frozen=True)
class BalanceGain:
    """The best balanced trial against the best unbalanced one.

    difference: balanced minus plain, over the same folds; low, high: its 95 % interval, nan for a single fold.
    better, worse: whether the whole interval is on the good or the bad side of 0.
    """

    balanced: Side
    plain: Side
    difference: float
    low: float
    high: float
    better: bool
    worse: bool

    @property
    def record(self) -> dict[str, Any]:
        """As plain values, for `summary.json`."""
        return asdict(self)

    def sentence(self, metric: str) -> str:
        """The comparison as a sentence."""
        found = "better" if self.better else "worse" if self.worse else "not better"
        folds = 1 if math.isnan(self.low) else 2  # only whether there are several matters
        scores = f"{_shown(self.balanced, folds)} against {_shown(self.plain, folds)} with unbalanced classes"
        difference, low, high = (shown(value, 3, sign=True) for value in (self.difference, self.low, self.high))
        interval = "" if math.isnan(self.low) else f", 95 % interval {low} to {high}"
        return f"balancing is {found}: {metric} over the folds {scores}; difference {difference}{interval}"


def balance_gain(results: Sequence[TrialResult], kind_of: Callable[[TrialResult], str], goal: Goal) -> BalanceGain | None:
    """The comparison, or None if one side has no complete trial.

    Folds share training rows, so the variance of their differences is raised by the ratio of validation to training rows.

    Args:
        results: finished trials of one study, so with the same folds.
        kind_of: a trial's kind of balancing; `none` is the plain side.
        goal: the metric and its direction.

    Source: Nadeau & Bengio, Inference for the Generalization Error (2003), the corrected resampled t-test.
    """
    complete = [result for result in results if result.state == "COMPLETE"]
    without = [result for result in complete if kind_of(result) == "none"]
    with_it = [result for result in complete if kind_of(result) != "none"]
    plain, balanced = best_of(without, goal), best_of(with_it, goal)
    if plain is None or balanced is None:
        return None
    pairs = zip(balanced.folds, plain.folds, strict=True)
    difference, sd = mean_and_sd([one.score - other.score for one, other in pairs])
    count = len(plain.folds)
    half = math.nan
    if count > 1:
        from scipy.stats import t

        half = float(t.ppf(0.975, count - 1)) * sd * math.sqrt(1 / count + 1 / (count - 1))
    low, high = difference - half, difference + half
    better, worse = (low > 0, high < 0) if goal.sign > 0 else (high < 0, low > 0)
    ours = Side(balanced.number, kind_of(balanced), len(with_it), balanced.mean, balanced.sd)
    theirs = Side(plain.number, "none", len(without), plain.mean, plain.sd)
    return BalanceGain(ours, theirs, difference, low, high, better, worse)


def _shown(side: Side, folds: int) -> str:
    kind = "" if side.kind == "none" else f"{side.kind}, "
    score = plus_minus(shown(side.mean, 3), shown(side.sd, 3), folds)
    return f"{score} ({kind}trial {side.number}, best of {side.trials})"
