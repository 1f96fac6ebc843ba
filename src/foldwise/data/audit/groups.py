"""Groups of rows (of one patient, one household) that are split across folds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.predictability import alone
from foldwise.data.audit.subject import FEW_ROWS, Subject, codes
from foldwise.data.kinds import ID_NAME
from foldwise.system.command import shell_word

MANY_GROUPS = 20
SAME_TARGET, LIKE_TARGET = 0.9, 0.3  # skill of rows with the same value
WHO = "patient|subject|person|user|customer|client|household|family|session|group|participant|animal|device|site"
WORDS = re.compile(rf"(?i)(?:.*[_ .-])?(?:{WHO})s?(?:[_ .-]?(?:no|nr|num|number|code|name))?")


def split_groups(subject: Subject) -> Iterator[Finding]:
    """Groups of data.group that have rows on both sides."""
    groups = subject.table.groups
    if groups is None:
        return
    names = groups.astype(str)
    split = sum(len(np.intersect1d(names[fold.train], names[fold.valid])) for fold in subject.splits)
    if split:
        judged = sum(len(np.unique(names[fold.valid])) for fold in subject.splits)
        message = f"{split} of {judged} groups with validation rows in a fold have training rows there too"
        yield Finding("leak", "groups", (), message, "use folds.kind=grouped, or leave data.group out")
    held = subject.holdout
    if held is not None and held.groups is not None:
        both = len(np.intersect1d(names[subject.rows], held.groups.astype(str)))
        if both:
            message = f"{both} groups have rows in the holdout and among the development rows"
            advice = "set data.holdout.kind=hash without data.row_key, or use a file with other groups"
            yield Finding("leak", "groups", (), message, advice)


def unnamed_groups(subject: Subject) -> Iterator[Finding]:
    """Columns that look like groups, if data.group is not set."""
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
        message = f"its {groups} values are on both sides of folds, and rows of one value are {max(skill, 0):.0%} alike in"
        message += f" {table.target_name}"
        advice = f"if the rows of one {column} belong together, set {shell_word('data.group', column)}"
        if not known and skill >= SAME_TARGET:
            yield Finding("leak", "groups", (column,), message, advice)
        elif (skill >= LIKE_TARGET and (_named(column) or not known)) or ID_NAME.fullmatch(column):
            yield Finding("warn" if skill >= LIKE_TARGET else "note", "groups", (column,), message, advice)


def _can_name(reason: str) -> bool:
    return reason.startswith(("identifier", "free text"))


def _named(column: str) -> bool:
    return bool(ID_NAME.fullmatch(column) or WORDS.fullmatch(column))


def _repeats(values: npt.NDArray[np.float64]) -> bool:
    """Whether most rows share their value with a few others."""
    known = values[np.isfinite(values)]
    _, at, counts = np.unique(known, return_inverse=True, return_counts=True)
    return bool(len(counts) >= MANY_GROUPS and (counts[at] > 1).mean() >= 0.5 and counts.mean() >= 1.5)


def _skill_of_groups(subject: Subject, values: npt.NDArray[np.float64]) -> float:
    """How well training rows of the same value predict the target of a validation row."""
    fold = subject.splits[-1]
    met = np.isin(values[fold.valid], values[fold.train]) & np.isfinite(values[fold.valid])
    if met.sum() < MANY_GROUPS:
        return 0.0
    return alone(values, subject.answers, subject.outputs, [type(fold)(fold.train, fold.valid[met])]).skill
