"""Checks of single columns and classes: constant, identifier, many levels, rare."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.subject import Subject
from foldwise.data.cells import shown
from foldwise.system.numbers import counted

MANY_LEVELS = 50
RARE_CLASS = 0.01
FEW_OF_A_CLASS = 2  # a fold should validate at least this many rows of a class

# the beginning of the reason why a column is left out -> check, advice
LEFT_OUT = {
    "constant": ("constant", "no action needed; data.drop=[{columns}] silences this"),
    "all missing": ("constant", "no action needed; data.drop=[{columns}] silences this"),
    "identifier": ("identifier", "to use it, set data.kinds.<column>=number or category"),
    "free text": ("text", "to use its words, set prep.text=hash; if they are levels, data.kinds.<column>=category"),
    "date": ("date", "to use it, set prep.dates=parts; if order matters, data.time=<column>"),
}


def left_out(subject: Subject) -> Iterator[Finding]:
    """Columns that foldwise left out without being asked."""
    for column, reason in subject.table.left_out.items():
        for beginning, (check, advice) in LEFT_OUT.items():
            if reason.startswith(beginning) and "by data." not in reason:
                yield Finding("note", check, (column,), f"left out: {reason}", advice)
                break


def constant(subject: Subject) -> Iterator[Finding]:
    """Features that are constant in the development rows."""
    for column in subject.columns:
        values = subject.values(column)[subject.rows]
        if (values == values[0]).all():
            message = "constant in the development rows, so nothing can be learnt from it"
            yield Finding("note", "constant", (column,), message, "no action needed; data.drop=[{columns}] leaves it out")


def many_levels(subject: Subject) -> Iterator[Finding]:
    """Categories with many levels."""
    for column in subject.table.schema.of_kind("category"):
        levels = len(np.unique(subject.values(column)[subject.rows]))
        if levels > MANY_LEVELS:
            message = f"has {levels} levels; above prep.one_hot.max_levels the rarest share one column"
            yield Finding("warn", "levels", (column,), message, "group its levels, or leave it out with data.drop=[{columns}]")


def imbalance(subject: Subject) -> Iterator[Finding]:
    """A class so rare that accuracy is meaningless."""
    table = subject.table
    if not table.labels:
        return
    shares = np.bincount(table.target[subject.rows], minlength=len(table.labels)) / len(subject.rows)
    rarest = int(shares.argmin())
    if shares[rarest] < RARE_CLASS:
        message = f"only {shares[rarest]:.2%} of the rows are {shown(table.labels[rarest])}, so accuracy misleads"
        yield Finding("warn", "imbalance", (table.target_name,), message, "use goal.metric=pr_auc")


def few_of_a_class(subject: Subject) -> Iterator[Finding]:
    """A class with too few rows for the number of folds."""
    table = subject.table
    if not table.labels:
        return
    counts = np.bincount(table.target[subject.rows], minlength=len(table.labels))
    judging = np.min([np.bincount(table.target[split.valid], minlength=len(table.labels)) for split in subject.splits], axis=0)
    for code in np.flatnonzero(judging < FEW_OF_A_CLASS):
        label, rows = shown(table.labels[int(code)]), counted(int(counts[code]), "development row")
        if len(subject.splits) > 1:
            rows, judge, fewer = f"{rows} in {len(subject.splits)} folds", "some fold validates", "lower folds.count"
        else:
            judge, fewer = "the split validates", "validate on more rows"
        message = f"class {label} has {rows}, and {judge} only {judging[code]} of them"
        advice = f"{fewer}, or merge or drop that class"
        yield Finding("warn", "few_of_a_class", (table.target_name,), message, advice)
