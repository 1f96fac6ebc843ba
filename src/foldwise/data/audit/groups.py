"""Rows that belong together (of one patient, one household) on both sides of a fold."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.predictability import alone
from foldwise.data.audit.subject import FEW_ROWS, Subject, codes
from foldwise.data.kinds import ID_NAME

MANY_GROUPS = 20
SAME_ANSWER, LIKE_ANSWER = 0.9, 0.3  # skill of the rows that share a value
WHO = "patient|subject|person|user|customer|client|household|family|session|group|participant|animal|device|site"
WORDS = re.compile(rf"(?i)(?:.*[_ .-])?(?:{WHO})s?(?:[_ .-]?(?:no|nr|num|number|code|name))?")


def split_groups(subject: Subject) -> Iterator[Finding]:
    """Groups that the user named and that stand on both sides all the same."""
    groups = subject.table.groups
    if groups is None:
        return
    names = groups.astype(str)
    split = sum(len(np.intersect1d(names[fold.train], names[fold.valid])) for fold in subject.splits)
    if split:
        judged = sum(len(np.unique(names[fold.valid])) for fold in subject.splits)
        message = f"{split} of {judged} groups that judge in a fold have training rows there too"
        yield Finding("leak", "groups", (), message, "use folds.kind=grouped, or leave data.group out")
    held = subject.holdout
    if held is not None and held.groups is not None:
        both = len(np.intersect1d(names[subject.rows], held.groups.astype(str)))
        if both:
            message = f"{both} groups have rows both in the holdout and among the development rows"
            advice = "set data.holdout.kind=hash without data.row_key, or give a file of other groups"
            yield Finding("leak", "groups", (), message, advice)


def unnamed_groups(subject: Subject) -> Iterator[Finding]:
    """Columns that look as if they said which rows belong together, where data.group is not set."""
    table = subject.table
    if table.groups is not None or len(subject.rows) < FEW_ROWS:
        return
    dropped = [column for column, reason in table.left_out.items() if "data.drop" in reason or not _can_name(reason)]
    for column in table.raw.columns:
        known = column in table.schema.names
        if column in dropped or (known and column in subject.numbers and not _named(column)):
            continue
        values = subject.values(column) if known else codes(table.raw[column])
        if not _repeats(values[subject.rows]):
            continue
        skill = _skill_of_groups(subject, values)
        groups = len(np.unique(values[subject.rows]))
        told = f"its {groups} values stand on both sides of folds, and rows of one value are {max(skill, 0):.0%} alike in"
        told += f" {table.target_name}"
        advice = f"if rows of one {column} belong together, data.group={column}"
        if not known and skill >= SAME_ANSWER:
            yield Finding("leak", "groups", (column,), told, advice)
        elif (skill >= LIKE_ANSWER and (_named(column) or not known)) or ID_NAME.fullmatch(column):
            yield Finding("warn" if skill >= LIKE_ANSWER else "note", "groups", (column,), told, advice)


def _can_name(reason: str) -> bool:
    return reason.startswith(("identifier", "free text"))


def _named(column: str) -> bool:
    return bool(ID_NAME.fullmatch(column) or WORDS.fullmatch(column))


def _repeats(values: npt.NDArray[np.float64]) -> bool:
    """Whether most rows share their value with some, and none with very many."""
    known = values[np.isfinite(values)]
    _, at, counts = np.unique(known, return_inverse=True, return_counts=True)
    return bool(len(counts) >= MANY_GROUPS and (counts[at] > 1).mean() >= 0.5 and counts.mean() >= 1.5)


def _skill_of_groups(subject: Subject, values: npt.NDArray[np.float64]) -> float:
    """How well rows of the same value tell the target of a row of the other side."""
    fold = subject.splits[-1]
    met = np.isin(values[fold.valid], values[fold.train]) & np.isfinite(values[fold.valid])
    if met.sum() < MANY_GROUPS:
        return 0.0
    return alone(values, subject.answers, subject.outputs, [type(fold)(fold.train, fold.valid[met])]).skill
