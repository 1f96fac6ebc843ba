"""Races from finished trials: what the next trial has to beat, and what racing saved and cost."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from foldwise.seeds import Purpose, generator
from foldwise.spec.goal import Goal
from foldwise.spec.race import BothRace, EpochsRace, FoldsRace, NoRace, RaceSpec
from foldwise.trial.race import Bar, Incumbent, Race, bar_of
from foldwise.trial.race_outcome import RaceOutcome
from foldwise.trial.result import TrialResult, best_of

Z95 = statistics.NormalDist().inv_cdf(0.975)


def race_for(spec: RaceSpec, goal: Goal, results: Sequence[TrialResult], number: int, seed: int) -> Race | None:
    """The race of the next trial, None if trials do not race. It depends on these arguments alone.

    Args:
        spec: how trials race.
        goal: ranks trials.
        results: the finished trials, in any order. Failed ones and those that reuse another's result do not count.
        number: of the trial.
        seed: of the study.
    """
    if isinstance(spec, NoRace):
        return None
    known = [result for result in results if result.state != "FAILED" and result.reused is None]
    race = Race(goal, finish=bool(generator(Purpose.RACE, seed, number).random() < spec.check_share))
    if isinstance(spec, EpochsRace | BothRace):
        race = replace(race, first=spec.first, factor=spec.factor, bars=_bars(spec, goal, known))
    if isinstance(spec, FoldsRace | BothRace):
        race = replace(race, incumbent=_incumbent(goal, known, spec.startup), alpha=spec.alpha)
    return race


def _bars(spec: EpochsRace | BothRace, goal: Goal, known: Sequence[TrialResult]) -> dict[tuple[int, int], Bar]:
    """Bars for all folds in step and for the first fold alone, at every rung that enough trials have reached."""
    rungs = {epoch for result in known for fold in result.folds for epoch in fold.rungs}
    counts = {1, max((len(result.folds) for result in known), default=1)}
    bars = {}
    for at in ((epoch, count) for epoch in rungs for count in counts):
        others = [mean for result in known if (mean := _mean_at(result, *at)) is not None]
        if len(others) >= spec.startup:
            bars[at] = bar_of(others, goal, spec.factor)
    return bars


def _mean_at(result: TrialResult, epoch: int, count: int) -> float | None:
    """A trial's score at a rung over its first folds, None if it did not get there."""
    scores = [fold.rungs.get(epoch, math.nan) for fold in result.folds[:count]]
    reached = len(scores) == count and all(map(math.isfinite, scores))
    return math.fsum(scores) / count if reached else None


def _incumbent(goal: Goal, known: Sequence[TrialResult], startup: int) -> Incumbent | None:
    """The best trial and how much others differ from it, None if few are complete.

    The race has to decide about trials close to the best. Hopeless ones differ from it more, and less evenly, so the median
    of the trials' variances is used.
    """
    best = best_of(known, goal)
    others = [result for result in known if result.state == "COMPLETE" and result is not best]
    if best is None or len(others) + 1 < startup or len(best.folds) < 2:
        return None
    scores = tuple(fold.score for fold in best.folds)
    apart = [[fold.score - score for fold, score in zip(other.folds, scores, strict=True)] for other in others]
    return Incumbent(best.number, scores, statistics.median(map(statistics.variance, apart)))


def race_outcome(
    spec: RaceSpec, goal: Goal, results: Sequence[TrialResult], folds: int, epochs: Mapping[int, int]
) -> RaceOutcome | None:
    """What racing saved and cost, None if trials did not race.

    If early stopping ends trials, a stopped trial is assumed to need the same share of its epochs as the complete ones.

    Args:
        spec: how trials raced.
        goal: decides which trial is best.
        results: all finished trials.
        folds: of a trial.
        epochs: of each trial, by its number, as configured.
    """
    if isinstance(spec, NoRace):
        return None
    trained = [result for result in results if result.folds and result.reused is None]
    complete = [result for result in trained if result.state == "COMPLETE"]
    stopped = [result for result in trained if result.state == "STOPPED"]
    checked = [result for result in trained if result.lost_at is not None]
    wrong = sum(_beats_all_before(result, complete, goal) for result in checked)
    needed = sum(map(_work, complete)) / max(1, sum(folds * epochs[result.number] for result in complete))
    spared = sum(max(0.0, folds * epochs[result.number] * needed - _work(result)) for result in stopped)
    done = sum(map(_work, trained))
    return RaceOutcome(
        kind=spec.kind,
        stopped=len(stopped),
        checked=len(checked),
        wrong=wrong,
        error_rate=wrong / len(checked) if checked else None,
        interval=wilson(wrong, len(checked)),
        work_saved=spared / (spared + done) if done else 0.0,
    )


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of the share hits / count; 0 to 1 if count is 0.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if not count:
        return 0.0, 1.0
    share, squared = hits / count, Z95**2
    middle = (share + squared / (2 * count)) / (1 + squared / count)
    half = Z95 * math.sqrt(share * (1 - share) / count + squared / (4 * count**2)) / (1 + squared / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def _work(result: TrialResult) -> int:
    """Epochs trained, over all folds."""
    return sum(len(fold.curves.get("loss", ())) for fold in result.folds)


def _beats_all_before(result: TrialResult, complete: Sequence[TrialResult], goal: Goal) -> bool:
    """Whether a trial is better than all complete ones with lower numbers."""
    before = [other.mean for other in complete if other.number < result.number]
    return result.state == "COMPLETE" and all(goal.better(result.mean, mean) for mean in before)
