"""What fresh runs say of the best trials, and which one `select.rule=fresh` refits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foldwise.evaluation.fresh_scores import choose, interval, shrunk, times_best
from foldwise.study.fresh_runs import FreshRuns
from foldwise.study.plan import Plan
from foldwise.trial.fresh import Fresh, FreshTrial
from foldwise.trial.result import TrialResult


def fresh_outcome(plan: Plan, results: Sequence[TrialResult], runs: FreshRuns | None) -> Fresh | None:
    """The scores on fresh seeds and the choice by them; None if there were no such runs.

    Args:
        plan: the study.
        results: all finished trials of the search.
        runs: what their trainings gave.
    """
    if runs is None:
        return None
    trials = [one for one in results if one.state == "COMPLETE" and one.reused is None]
    defaults = next((one.number for one in trials if one.params == plan.spec.space.defaults()), None)
    rule, failed = plan.spec.fixed.select.rule == "fresh", tuple(runs.failed)
    if runs.scores is None:
        taken = defaults if defaults not in runs.failed else None
        return Fresh(seeds=runs.seeds, redrawn=True, failed=failed, default=defaults, taken=taken, rule=rule)
    numbers, scores, goal = [one.number for one in runs.trials], runs.scores, plan.goal
    place = numbers.index(defaults) if defaults in numbers else None
    choice = choose(scores, goal, place, len(trials))
    values, best_on = shrunk(scores, [one.mean for one in trials]), times_best(scores, goal)
    rows = []
    for at, number in enumerate(numbers):
        low, high = (bound if math.isfinite(bound) else None for bound in interval(scores, goal, at))
        rows.append(
            FreshTrial(
                trial=number,
                score=float(scores.means[at]),
                low=low,
                high=high,
                shrunk=float(values[at]),
                best_on=best_on[at],
            )
        )
    best = rows[choice.best]
    return Fresh(
        seeds=runs.seeds,
        redrawn=scores.redrawn,
        trials=tuple(goal.rank(rows, lambda row: row.score)),
        failed=failed,
        best=best.trial,
        score=best.score,
        low=best.low,
        high=best.high,
        shrunk=best.shrunk,
        default=defaults,
        p=choice.p,
        level=choice.level,
        taken=numbers[choice.taken],
        rule=rule,
    )
