"""What the figures of a search are drawn from, made ready once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.config.read import parted
from foldwise.spec.goal import Goal
from foldwise.trial.result import TrialResult, best_of, varying
from foldwise.trial.summary import BaselineScore
from foldwise.tuning.columns import Column, columns_of
from foldwise.tuning.importance import Measured, measure
from foldwise.tuning.stopped_scores import stopped_scores

PAIRS = 6  # in a picture
TOGETHER = 3  # trials that have both parameters of a pair
BEYOND = 1.5  # times the span of nine tenths of the trials: what lies further off is drawn at the edge


@dataclass(frozen=True)
class Seen:
    """A finished search.

    results: by number.
    columns: the parameters that are not the same in all trials, the most important first.
    scores: shape (trials,); nan where a trial is not complete.
    baselines: over the same folds.
    """

    name: str
    goal: Goal
    results: Sequence[TrialResult]
    columns: Sequence[Column]
    scores: npt.NDArray[np.float64]
    importance: Measured
    baselines: Sequence[BaselineScore]

    @cached_property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Shape (trials,): which trials are complete and have a score."""
        return np.isfinite(self.scores)

    @cached_property
    def best(self) -> TrialResult | None:
        """The complete trial with the best mean."""
        return best_of([result for result, scored in zip(self.results, self.scored, strict=True) if scored], self.goal)

    @cached_property
    def promised(self) -> dict[int, float]:
        """The score that a stopped trial stands for, by number: what the folds it reached promise."""
        known = stopped_scores(self.results)
        return {r.number: known[r.number] for r in self.results if r.state == "STOPPED" and r.number in known}

    @cached_property
    def ranked(self) -> Sequence[TrialResult]:
        """The trials with a score, the best first; of equals the first."""
        sign = -1 if self.goal.direction == "maximize" else 1
        known = [result for result, scored in zip(self.results, self.scored, strict=True) if scored]
        return sorted(known, key=lambda result: (sign * result.mean, result.number))

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Between which scores an axis runs: all of them, but for those that lie far off on the worse side."""
        return limits(self.scores[self.scored], self.goal)

    @cached_property
    def rival(self) -> BaselineScore | None:
        """The baseline with the better cross-validated score, where there is one."""
        known = [baseline for baseline in self.baselines if math.isfinite(baseline.mean)]
        sign = -1 if self.goal.direction == "maximize" else 1
        return min(known, key=lambda baseline: sign * baseline.mean, default=None)

    @cached_property
    def pairs(self) -> Sequence[tuple[Column, Column]]:
        """The first PAIRS pairs of the most important parameters that some trials have, and that differ among them."""
        found: list[tuple[Column, Column]] = []
        for left, right in sorted(combinations(range(len(self.columns)), 2), key=sum):
            pair = (self.columns[left], self.columns[right])
            both = self.scored & pair[0].present & pair[1].present
            if both.sum() >= TOGETHER and all(len(np.unique(column.values[both])) > 1 for column in pair):
                found.append(pair)
            if len(found) == PAIRS:
                break
        return found

    @cached_property
    def figures(self) -> Sequence[str]:
        """The figures that have something to show.

        A history takes two trials; slices a parameter, and parallel coordinates two, with two complete trials; importance what
        could be measured; the top trials one that is complete; curves a best trial with a number in them.
        """
        complete, searched = int(self.scored.sum()), len(self.columns)
        rules = {
            "history": len(self.results) > 1,
            "importance": self.importance.why_not is None,
            "parallel": complete > 1 and searched > 1,
            "slices": complete > 1 and searched > 0,
            "pairs": len(self.pairs) > 0,
            "learning_curves": self._has_curve("loss") and self._has_curve("val_loss"),
            "learning_rate": self._has_curve("learning_rate"),
            "top_trials": complete > 0,
        }
        return [name for name, worth in rules.items() if worth]

    def _has_curve(self, name: str) -> bool:
        folds = () if self.best is None else self.best.folds
        return any(math.isfinite(value) for fold in folds for value in fold.curves.get(name, ()))

    def place(self, number: int) -> int:
        """Where a trial stands among the results."""
        return next(place for place, result in enumerate(self.results) if result.number == number)


def seen(
    name: str,
    recipe: Mapping[str, Any],
    results: Sequence[TrialResult],
    goal: Goal,
    baselines: Sequence[BaselineScore],
) -> Seen:
    """A search made ready to be drawn.

    Args:
        name: the study's.
        recipe: its plain configuration, which says the ranges and the seed.
        results: its finished trials, in any order.
        goal: what they are ranked by; of two goals the first.
        baselines: over the same folds.
    """
    ordered = sorted(results, key=lambda result: result.number)
    trials = [result.params for result in ordered]
    columns = columns_of(varying(trials), trials, dict(parted(recipe)[1].walk()))
    scores = np.array([result.mean if result.state == "COMPLETE" else math.nan for result in ordered], float)
    scores[~np.isfinite(scores)] = math.nan
    importance = measure(columns, scores, int(recipe.get("seed") or 0))
    order = {one.name: place for place, one in enumerate(importance.parameters)}
    columns.sort(key=lambda column: order.get(column.name, 0))
    return Seen(name, goal, ordered, columns, scores, importance, baselines)


def limits(scores: npt.NDArray[np.float64], goal: Goal) -> tuple[float, float]:
    """The lowest and the highest score that an axis shows.

    Of more than ten scores, one that is further from the best than BEYOND times what nine tenths of them span is left
    out: a single diverged trial would press all others into one line.
    """
    if not len(scores):
        return 0.0, 1.0
    low, high = float(scores.min()), float(scores.max())
    if len(scores) <= 10:
        return low, high
    if goal.direction == "maximize":
        span = high - float(np.percentile(scores, 10))
        return (max(low, high - BEYOND * span), high) if span else (low, high)
    span = float(np.percentile(scores, 90)) - low
    return (low, min(high, low + BEYOND * span)) if span else (low, high)
