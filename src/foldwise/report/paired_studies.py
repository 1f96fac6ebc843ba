"""Whether the best trials of two studies can be told apart on the rows that both predicted, or why that cannot be tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from foldwise.evaluation.paired_rows import ALPHA, UNITS, Paired, paired
from foldwise.ledger.rows import StudyRecord
from foldwise.report.out_of_fold_rows import OutOfFold
from foldwise.spec.goal import Goal, has_row_loss
from foldwise.system.numbers import shown

SOURCE = ("kind", "name", "path", "url", "query", "id", "given")  # of `data`: where the rows come from
CAVEAT = (
    "Each study's best trial was chosen by these rows, so the longer search looks better than it is. "
    "A test takes both networks as they are, and says nothing of other seeds."
)


@dataclass(frozen=True, eq=False)
class Side:
    """A study in a test: its record, its goal, and its predictions, if it has any."""

    record: StudyRecord
    goal: Goal
    rows: OutOfFold | None

    @property
    def name(self) -> str:
        """The study's."""
        return self.record.name

    def data(self, key: str) -> Any:
        """An option of its data."""
        return (self.record.recipe.get("data") or {}).get(key)


def paired_sentence(one: Side, other: Side, alpha: float = ALPHA) -> str:
    """What the test says, or why there is none, in one sentence."""
    found = _tested(one, other, alpha)
    if isinstance(found, str):
        return f"{one.name} and {other.name}: no test, because {found}"
    first, second = (one.name, other.name) if found.unit not in UNITS.values() else (other.name, one.name)
    between = f"{_signed(found.low)} to {_signed(found.high)}"
    what = f"{found.unit} of {first} minus {second}, on {found.rows:,} rows that both predicted out of fold"
    verdict = {"first": f"{one.name} is better", "other": f"{other.name} is better", "neither": "no difference shown"}
    return f"{verdict[found.answer]}: {what}: {_signed(found.difference)} ({100 * found.level:.4g} % interval {between})"


def _tested(one: Side, other: Side, alpha: float) -> Paired | str:
    """The test, or a clause that says why there is none."""
    if why := _unlike(one, other):
        return why
    assert one.rows is not None
    assert other.rows is not None
    _, ours, theirs = np.intersect1d(one.rows.rows, other.rows.rows, assume_unique=True, return_indices=True)
    if not len(ours):
        return "no row was predicted by both"
    if not np.array_equal(one.rows.truth[ours], other.rows.truth[theirs]):
        return "rows of one number have different targets, so their sources differ"
    answers = one.rows.predictions[ours], other.rows.predictions[theirs]
    thresholds = one.rows.threshold, other.rows.threshold
    return paired(one.goal.metric, len(one.rows.labels), one.rows.truth[ours], answers, thresholds, alpha)


def _unlike(one: Side, other: Side) -> str:
    """Why two studies cannot be tested, before rows are looked at; empty if they may be."""
    if one.goal != other.goal:
        return f"their goals differ ({one.goal.metric} and {other.goal.metric})"
    if not has_row_loss(one.goal.metric):
        return f"{one.goal.metric} is not a mean over rows"
    if one.data("target") != other.data("target"):
        return f"their targets differ ({one.data('target')} and {other.data('target')})"
    if one.data("group") or other.data("group"):
        return "their rows come in groups (data.group), which a test of rows would take as independent"
    for side in (one, other):
        if side.rows is None:
            return f"{side.name} has no out-of-fold predictions"
    assert one.rows is not None
    assert other.rows is not None
    if one.rows.labels != other.rows.labels:
        return "their labels differ"
    same = one.record.data_fingerprint == other.record.data_fingerprint
    if not same and any(one.data(key) != other.data(key) for key in SOURCE):
        return "their rows come from different sources"
    return ""


def _signed(value: float) -> str:
    return shown(value, 4 if abs(value) < 10 else 1, sign=True)
