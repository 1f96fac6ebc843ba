"""Compare a challenger with the champion: both answer the same rows, which neither was trained on, and a test decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from foldwise.bundle.bundle import Bundle
from foldwise.data.new_rows import judging
from foldwise.data.table import Table
from foldwise.errors import DataError, Unfit
from foldwise.evaluation.bootstrap import Comparison, compare
from foldwise.evaluation.permutation import PairedTest, Side, paired_test
from foldwise.seeds import Purpose, derive
from foldwise.spec.goal import Goal
from foldwise.spec.study import PromotionSpec
from foldwise.study.plan import Plan
from foldwise.system.numbers import counted, shown
from foldwise.tasks.scores import condensed_for, truth_of
from foldwise.tasks.table import task_of


@dataclass(frozen=True, eq=False)
class Judgement:
    """Whether the challenger replaces the champion, and why.

    test: on all judging rows. parts: both scores on the original holdout and on the newest rows.
    """

    promoted: bool
    why: str
    test: PairedTest
    interval: Comparison
    parts: Mapping[str, Mapping[str, float]]

    @property
    def record(self) -> dict[str, Any]:
        """The entry in a summary."""
        return {**asdict(self.test), "low": self.interval.low, "high": self.interval.high, "parts": self.parts}


def judge(plan: Plan, challenger: Bundle, champion: Bundle, rule: PromotionSpec) -> Judgement:
    """Let both answer the rows that were held out, and test whether the challenger is better.

    Args:
        plan: the challenger's plan, with a `ChampionContext`.
        challenger: loaded from the registry.
        champion: loaded from the registry.
        rule: margin and error rate.

    Raises:
        DataError: the labels differ.
    """
    table, goal, data = plan.holdout, plan.goal, plan.spec.fixed.data
    if challenger.card.labels != champion.card.labels:
        raise DataError("champion and challenger have different labels; tune a model for the current ones")
    assert plan.context is not None
    rows = table.take(np.flatnonzero(judging(plan.table, plan.development, table, plan.context, data)))
    ours, theirs = (answers_of(bundle, rows) for bundle in (challenger, champion))
    task, classes, seed = task_of(table.task), len(table.class_names), derive(Purpose.PROMOTION, plan.spec.fixed.seed)
    of = partial(task.scorer, classes, goal.metric)
    test = paired_test(goal, of, rows.target, ours, theirs, seed, rows.groups)
    scores = [of(side.threshold) for side in (ours, theirs)]
    interval = compare(goal, scores[0], truth_of(rows), ours.predictions, theirs.predictions, seed, their_score=scores[1])
    promoted, why = decide(goal, test, rule)
    new_rows = np.isin(rows.rows, plan.table.rows[plan.new_rows])
    parts = {"holdout": ~new_rows, "newest": new_rows}
    shown = {
        name: {
            "rows": int(mine.sum()),
            "champion": _on(scores[1], rows, theirs, mine),
            "challenger": _on(scores[0], rows, ours, mine),
        }
        for name, mine in parts.items()
        if mine.any()
    }
    return Judgement(promoted, why, test, interval, shown)


def answers_of(bundle: Bundle, rows: Table) -> Side:
    """A model's answers to rows, as scores are computed from them."""
    condensed = condensed_for(rows, np.arange(len(rows)), bundle.scores(rows.as_read))
    return Side(condensed, bundle.card.threshold)


def decide(goal: Goal, test: PairedTest, rule: PromotionSpec) -> tuple[bool, str]:
    """Whether a challenger is promoted, and the reason: its gain must be significant and at least the margin."""
    scores = f"{goal.metric} {shown(test.challenger, 4)} against {shown(test.champion, 4)} on {counted(test.rows, 'row')}"
    if not math.isfinite(test.p_value):
        return False, f"{scores}: they cannot be compared"
    gain = f"{scores}: gain {shown(test.gain, 4, sign=True)}, p = {test.p_value:.3g}"
    if test.p_value > rule.alpha:
        return False, f"{gain}, not significant (alpha {rule.alpha:g})"
    if test.gain < rule.margin:
        return False, f"{gain}, below the margin of {rule.margin:g}"
    return True, f"{gain}, significant (alpha {rule.alpha:g}) and at least the margin of {rule.margin:g}"


def _on(score: Callable[[Any, Any], float], rows: Table, side: Side, mine: np.ndarray) -> float:
    return float(score(rows.target[mine], side.predictions[mine]))


def check_answers(bundle: Bundle, ask: Callable[[Any], Any]) -> None:
    """Compare a model's answers to its own sample rows with those of the code that serves it.

    Args:
        bundle: the model.
        ask: raw rows -> answers, by the serving code.

    Raises:
        Unfit: the answers differ, or serving fails.
    """
    rows = bundle.sample_rows()
    if not len(rows):
        return
    expected = bundle.predict(rows).reset_index(drop=True)
    try:
        got = ask(rows)
    except Exception as fault:  # noqa: BLE001 after any fault the model must not be served
        raise Unfit(f"the challenger fails when served: {type(fault).__name__}: {str(fault)[:200]}") from None
    numbers = [name for name in expected.columns if expected[name].dtype.kind == "f"]
    same = list(got.columns) == list(expected.columns) and (got[numbers].to_numpy() == expected[numbers].to_numpy()).all()
    if not same:
        raise Unfit("the challenger gives different answers to its own sample rows when served")
