"""A challenger against the champion: both answer the same rows, which neither was trained on, and a test decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from foldwise.bundle.bundle import Bundle
from foldwise.data.new_rows import judging
from foldwise.data.table import Table
from foldwise.errors import DataError, Unfit
from foldwise.evaluation.bootstrap import Comparison, compare
from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.permutation import PairedTest, Side, paired_test
from foldwise.seeds import Purpose, derive
from foldwise.spec.goal import Goal
from foldwise.spec.study import PromotionSpec
from foldwise.study.plan import Plan


@dataclass(frozen=True, eq=False)
class Judgement:
    """Whether the challenger takes the champion's place, and why.

    test: on all rows that judged. parts: both scores on the holdout as it always was, and on the newest rows.
    """

    promoted: bool
    why: str
    test: PairedTest
    interval: Comparison
    parts: Mapping[str, Mapping[str, float]]

    @property
    def record(self) -> dict[str, Any]:
        """As a summary keeps it."""
        return {**asdict(self.test), "low": self.interval.low, "high": self.interval.high, "parts": self.parts}


def judge(plan: Plan, challenger: Bundle, champion: Bundle, rule: PromotionSpec) -> Judgement:
    """Let both answer the rows that were set aside, and test whether the challenger is better.

    Args:
        plan: the challenger's data, planned since the champion.
        challenger: loaded from the registry.
        champion: the same.
        rule: margin and error rate.

    Raises:
        DataError: they have not the same labels.
    """
    table, goal, data = plan.holdout, plan.goal, plan.spec.fixed.data
    if challenger.card.labels != champion.card.labels:
        raise DataError("the two models have other labels; tune a model for those of today")
    assert plan.context is not None
    rows = table.take(np.flatnonzero(judging(plan.table, plan.development, table, plan.context, data)))
    ours, theirs = (Side(bundle.scores(rows.as_read), bundle.card.threshold) for bundle in (challenger, champion))
    labels, seed = len(table.labels), derive(Purpose.PROMOTION, plan.spec.fixed.seed)
    test = paired_test(goal, table.task, labels, rows.target, ours, theirs, seed, rows.groups)
    scores = [scorer(table.task, labels, goal.metric, side.threshold) for side in (ours, theirs)]
    interval = compare(goal, scores[0], rows.target, ours.predictions, theirs.predictions, seed, their_score=scores[1])
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


def decide(goal: Goal, test: PairedTest, rule: PromotionSpec) -> tuple[bool, str]:
    """Whether a challenger is promoted, in a sentence: a gain that chance would hardly make, and that is large enough."""
    scores = f"{goal.metric} {test.challenger:.4f} against {test.champion:.4f} on {test.rows} rows"
    if not math.isfinite(test.p_value):
        return False, f"{scores}: cannot be compared"
    gain = f"{scores}: gain {test.gain:+.4f}, p = {test.p_value:.3g}"
    if test.p_value > rule.alpha:
        return False, f"{gain}, which may be chance (alpha {rule.alpha:g})"
    if test.gain < rule.margin:
        return False, f"{gain}, less than the margin of {rule.margin:g}"
    return True, f"{gain}, not chance (alpha {rule.alpha:g}) and at least the margin of {rule.margin:g}"


def _on(score: Callable[[Any, Any], float], rows: Table, side: Side, mine: np.ndarray) -> float:
    return float(score(rows.target[mine], side.predictions[mine]))


def check_answers(bundle: Bundle, ask: Callable[[Any], Any]) -> None:
    """Whether a model answers its own sample rows where it is served as it does here.

    Args:
        bundle: the model.
        ask: raw rows -> answers, by the very code that serves.

    Raises:
        Unfit: it answers otherwise, or not at all.
    """
    rows = bundle.sample_rows()
    if not len(rows):
        return
    expected = bundle.predict(rows).reset_index(drop=True)
    try:
        got = ask(rows)
    except Exception as fault:  # noqa: BLE001 whatever it is, this model must not be served
        raise Unfit(f"the challenger does not answer where it is served: {type(fault).__name__}: {str(fault)[:200]}") from None
    numbers = [name for name in expected.columns if expected[name].dtype.kind == "f"]
    same = list(got.columns) == list(expected.columns) and (got[numbers].to_numpy() == expected[numbers].to_numpy()).all()
    if not same:
        raise Unfit("the challenger answers its own sample rows otherwise where it is served")
