"""Compare a model with a baseline on the holdout, by a paired bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.boosting import CALLED
from foldwise.evaluation.seen import FEWEST_ROWS, Telling, smallest_seen
from foldwise.spec.goal import Goal
from foldwise.system.numbers import shown
from foldwise.trial.summary import Answer, BaselineScore, BestTrial, UnfinishedBaseline

# Large holdouts have narrow intervals, so fewer resamples are enough and the time stays the same.
RESAMPLED_ROWS, FEWEST = 10_000_000, 100
# A holdout that would show this difference does not have too few rows.
FINE = 0.01


@dataclass(frozen=True)
class Comparison:
    """Our score minus theirs on the same rows, with its 95 % interval; nan if it cannot be computed.

    better, worse: whether the whole interval is on the good or the bad side of 0, and enough rows say so.
    seen: the difference that 4 of 5 such studies would show; nan if unknown. few: whether too few rows tell the two apart.
    """

    difference: float
    low: float
    high: float
    better: bool
    worse: bool
    seen: float = math.nan
    few: bool = False

    @property
    def answer(self) -> Answer:
        """The verdict in a word."""
        return "better" if self.better else "worse" if self.worse else "no difference shown"


def compare(
    goal: Goal,
    score: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float],
    truth: npt.NDArray[Any],
    ours: npt.NDArray[Any],
    theirs: npt.NDArray[Any],
    seed: int,
    *,
    their_score: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float] | None = None,
    apart: Telling | None = None,
    resamples: int = 1000,
) -> Comparison:
    """Paired bootstrap of a difference of scores: rows are drawn with replacement, the same for both.

    Args:
        goal: the metric's direction.
        score: truth, predictions -> the goal's metric; metrics.scorer makes one.
        truth: (rows,).
        ours: the model's predictions for these rows.
        theirs: the baseline's.
        seed: of the draws.
        their_score: the same metric for theirs, if their threshold differs.
        apart: the rows that tell the two apart, if the metric counts labels; otherwise every row may.
        resamples: the number; fewer beyond 10,000 rows (10 million rows in all, at least 100 resamples). Those with an
            undefined metric are ignored.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), percentile interval.
    """
    rows, of_theirs = len(truth), their_score or score
    draws = np.random.default_rng(seed)
    differences = []
    for _ in range(min(resamples, max(FEWEST, RESAMPLED_ROWS // max(rows, 1)))):
        at = draws.integers(0, rows, rows)
        differences.append(score(truth[at], ours[at]) - of_theirs(truth[at], theirs[at]))
    known = np.array([difference for difference in differences if math.isfinite(difference)])
    difference = score(truth, ours) - of_theirs(truth, theirs)
    if not len(known) or not math.isfinite(difference):
        return Comparison(difference, math.nan, math.nan, better=False, worse=False)
    low, high = (float(bound) for bound in np.percentile(known, [2.5, 97.5]))
    error = float(known.std())
    # every resample says the same: nothing, where the two are equal, and all of it where each row tells them apart
    few = (error == 0 and difference == 0) or (rows if apart is None else apart.rows) < FEWEST_ROWS
    above, below = low > 0 and not few, high < 0 and not few
    better, worse = (above, below) if goal.sign > 0 else (below, above)
    seen = smallest_seen(error, apart) if rows >= FEWEST_ROWS else math.nan  # fewer rows tell nothing about their spread
    return Comparison(difference, low, high, better, worse, seen, few)


def sentence(
    goal: Goal,
    ours: float,
    rival: BaselineScore,
    comparison: Comparison,
    rows: int,
    others: int = 1,
    unfinished: Sequence[UnfinishedBaseline] = (),
    ahead: BaselineScore | None = None,
) -> str:
    """The verdict as a sentence.

    Args:
        goal: the metric.
        ours: the model's score on the holdout.
        rival: the best baseline.
        comparison: of the two.
        rows: number of holdout rows.
        others: how many baselines are finished beside the rival.
        unfinished: those that were cut off or left out; the sentence says so, and what the model was compared with.
        ahead: the best of the other baselines that are ahead of the model on the holdout.
    """
    assert rival.holdout is not None  # it answered the same rows
    which = "the only finished baseline" if unfinished and not others else _which(others)
    scores = f"{_ours(goal, ours, rows)}; {which}, {rival.shown}, has {_shown(rival.holdout)}"
    if not math.isfinite(comparison.low):
        found = f"{scores}; the difference cannot be judged on these rows"
    else:
        interval = f"95 % interval {_signed(comparison.low)} to {_signed(comparison.high)}"
        found = f"{scores}; difference {_signed(comparison.difference)}, {interval}: {_found(goal, rival, comparison, rows)}"
        if comparison.better and (unfinished or ahead):
            found += f" than {rival.name}"
        if comparison.better and ahead:
            assert ahead.holdout is not None
            found += f", but not than {CALLED.get(ahead.name, ahead.name)}, which has {_shown(ahead.holdout)} on these rows"
    missing = [f"{other.sentence}, so the model was not compared with it" for other in unfinished]
    return "; ".join([found, *missing])


def alone(goal: Goal, ours: float, rows: int, unfinished: Sequence[UnfinishedBaseline] = ()) -> str:
    """What stands in place of a verdict if there is no baseline to compare with.

    Args:
        goal: the metric.
        ours: the model's score on the holdout.
        rows: number of holdout rows.
        unfinished: the baselines that were cut off or left out; none if none was asked for.
    """
    return f"{_ours(goal, ours, rows)}; {_none(unfinished)}"


def answer_of(
    comparison: Comparison, unfinished: Sequence[UnfinishedBaseline], ahead: BaselineScore | None = None
) -> Answer | None:
    """The verdict in a word; None for a model that beats its rival while another baseline is not finished or is ahead of it."""
    return None if comparison.better and (unfinished or ahead) else comparison.answer


def _none(unfinished: Sequence[UnfinishedBaseline]) -> str:
    why = "; ".join(other.sentence for other in unfinished) if unfinished else "baselines=[] asks for none"
    return f"compared with no baseline: {why}"


def _which(others: int) -> str:
    return "the baseline" if not others else "the better baseline" if others == 1 else "the best baseline"


def _ours(goal: Goal, ours: float, rows: int) -> str:
    return f"holdout {goal.metric} {_shown(ours)} ({rows} rows)"


def without_holdout(
    goal: Goal,
    best: BestTrial,
    rival: BaselineScore | None,
    trials: int,
    rows: int | None,
    others: int = 1,
    unfinished: Sequence[UnfinishedBaseline] = (),
) -> str:
    """What stands in place of a verdict if no rows were set aside.

    Args:
        goal: the metric.
        best: the trial that was refitted.
        rival: the best baseline; None if none is finished.
        trials: the number that the best was chosen from.
        rows: the number of rows that trials were trained and judged on; None if they were judged on other rows.
        others: how many baselines are finished beside the rival.
        unfinished: the baselines that were cut off or left out.
    """
    theirs = _none(unfinished) if rival is None else f"{_which(others)}, {rival.shown}, has {_shown(rival.mean)}"
    scores = f"{goal.metric} {_shown(best.mean)}"
    if rows is not None:
        return f"no verdict: trained and judged on the same {rows:,} rows, with no holdout; {scores} there, and {theirs}"
    folds = len(best.folds)
    where = f"in cross-validation over {folds} folds" if folds > 1 else "on one split"
    chosen = f", the best of {trials:,} trials" if trials > 1 else ""
    return f"no verdict, for there is no holdout: {scores} {where}{chosen}; {theirs}"


def _found(goal: Goal, rival: BaselineScore, comparison: Comparison, rows: int) -> str:
    if comparison.better:
        return "the model is better"
    if comparison.worse:
        return _lost(goal, rival, comparison)
    few, seen = comparison.few and not comparison.seen <= FINE, comparison.seen
    found = "too few rows to tell them apart" if few else f"no difference shown on {rows:,} rows"
    if not math.isfinite(seen):
        return found
    return f"{found} ({'a difference' if few else 'one'} of {_rounded(seen)} would be seen in 4 of 5 such studies)"


def _lost(goal: Goal, rival: BaselineScore, comparison: Comparison) -> str:
    """Who is better; of boosting, by how much, and what follows."""
    if rival.name not in CALLED:
        return "the baseline is better"
    lead, low, high = (_shown(abs(bound)) for bound in (comparison.difference, comparison.low, comparison.high))
    low, high = (high, low) if goal.sign > 0 else (low, high)  # the ends of ours minus theirs
    return f"{CALLED[rival.name]} is better by {lead} ({low} to {high}); use it unless you need a network"


def _rounded(value: float) -> str:
    return f"{float(f'{value:.2g}'):,.12g}"


def _shown(value: float) -> str:
    return shown(value, 3 if abs(value) < 100 else 0)


def _signed(value: float) -> str:
    return shown(value, 3 if abs(value) < 100 else 0, sign=True)
