"""The data for all figures of a search, prepared once."""

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
from foldwise.spec.folds import on_same_rows
from foldwise.spec.goal import Goal
from foldwise.trial.result import TrialResult, best_of, varying
from foldwise.trial.summary import BaselineScore
from foldwise.tuning.columns import Column, columns_of
from foldwise.tuning.importance import Measured, measure
from foldwise.tuning.stopped_scores import stopped_scores

PAIRS = 6  # in one figure
TOGETHER = 3  # minimum trials that have both parameters of a pair
BEYOND = 1.5  # spans of nine tenths of the trials; scores further from the best are drawn at the edge


@dataclass(frozen=True)
class Marks:
    """Trials that are marked.

    ties: those that a test over the folds cannot tell from the best: they are within its noise. refitted: the model's trial.
    """

    ties: tuple[int, ...] = ()
    refitted: int | None = None


UNMARKED = Marks()


@dataclass(frozen=True)
class Seen:
    """A finished search.

    results: sorted by number.
    columns: the parameters that vary between trials, the most important first.
    scores: (trials,); nan for a trial that is not complete.
    baselines: over the same folds.
    same_rows: whether trials were judged on the rows that they were trained on.
    marks: the trials that stand out.
    """

    name: str
    goal: Goal
    results: Sequence[TrialResult]
    columns: Sequence[Column]
    scores: npt.NDArray[np.float64]
    importance: Measured
    baselines: Sequence[BaselineScore]
    same_rows: bool = False
    marks: Marks = UNMARKED

    @cached_property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Which trials are complete and have a finite score, (trials,)."""
        return np.isfinite(self.scores)

    @cached_property
    def best(self) -> TrialResult | None:
        """The complete trial with the best mean."""
        return best_of([result for result, scored in zip(self.results, self.scored, strict=True) if scored], self.goal)

    @cached_property
    def promised(self) -> dict[int, float]:
        """Number of a stopped trial -> its estimated score, from the folds it reached."""
        known = stopped_scores(self.results)
        return {r.number: known[r.number] for r in self.results if r.state == "STOPPED" and r.number in known}

    @cached_property
    def ranked(self) -> Sequence[TrialResult]:
        """The trials with a score, the best first; equal scores by number."""
        known = [result for result, scored in zip(self.results, self.scored, strict=True) if scored]
        return self.goal.rank(known, lambda result: result.mean)

    @cached_property
    def tied(self) -> npt.NDArray[np.intp]:
        """The places of the trials within noise of the best that have a score."""
        ties = frozenset(self.marks.ties)
        return np.array([at for at, one in enumerate(self.results) if one.number in ties and self.scored[at]], np.intp)

    @cached_property
    def refitted(self) -> int | None:
        """The place of the trial that became the model, if it is known and has a score."""
        numbers = [one.number for one in self.results]
        at = numbers.index(self.marks.refitted) if self.marks.refitted in numbers else None
        return at if at is not None and self.scored[at] else None

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The lowest and highest score on an axis: all scores except those that are much worse."""
        return limits(self.scores[self.scored], self.goal)

    @cached_property
    def rival(self) -> BaselineScore | None:
        """The baseline with the best cross-validated score, if there is one."""
        known = [baseline for baseline in self.baselines if math.isfinite(baseline.mean)]
        return next(iter(self.goal.rank(known, lambda baseline: baseline.mean)), None)

    @cached_property
    def pairs(self) -> Sequence[tuple[Column, Column]]:
        """The first PAIRS pairs of the most important parameters that at least TOGETHER trials have, all varying."""
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

        A history needs two trials. Slices need one parameter and two complete trials, parallel coordinates two of each. The
        importance must be measured. Top trials need one complete trial, and curves a best trial with finite values.
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
        """The index of a trial in `results`, by its number."""
        return next(place for place, result in enumerate(self.results) if result.number == number)


def seen(
    name: str,
    recipe: Mapping[str, Any],
    results: Sequence[TrialResult],
    goal: Goal,
    baselines: Sequence[BaselineScore],
    marks: Marks = UNMARKED,
) -> Seen:
    """Prepare a search for drawing.

    Args:
        name: the name of the study.
        recipe: its plain configuration, with the ranges and the seed.
        results: its finished trials, in any order.
        goal: ranks the trials; the first of two goals.
        baselines: over the same folds.
        marks: the trials that stand out.
    """
    ordered = sorted(results, key=lambda result: result.number)
    trials = [result.params for result in ordered]
    columns = columns_of(varying(trials), trials, parted(recipe)[1])
    scores = np.array([result.mean if result.state == "COMPLETE" else math.nan for result in ordered], float)
    scores[~np.isfinite(scores)] = math.nan
    importance = measure(columns, scores, int(recipe.get("seed") or 0))
    order = {one.name: place for place, one in enumerate(importance.parameters)}
    columns.sort(key=lambda column: order.get(column.name, 0))
    return Seen(name, goal, ordered, columns, scores, importance, baselines, on_same_rows(recipe), marks)


def limits(scores: npt.NDArray[np.float64], goal: Goal) -> tuple[float, float]:
    """The lowest and the highest score that an axis shows.

    With more than ten scores, those further from the best than BEYOND times the span of the best nine tenths are outside: one
    diverged trial would squeeze all others into a line.
    """
    if not len(scores):
        return 0.0, 1.0
    low, high = float(scores.min()), float(scores.max())
    if len(scores) <= 10:
        return low, high
    if goal.sign > 0:
        span = high - float(np.percentile(scores, 10))
        return (max(low, high - BEYOND * span), high) if span else (low, high)
    span = float(np.percentile(scores, 90)) - low
    return (low, min(high, low + BEYOND * span)) if span else (low, high)
