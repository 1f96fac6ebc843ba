"""What single columns and classes are: constant, an identifier, of very many levels, rare."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.subject import Subject
from foldwise.data.cells import shown

MANY_LEVELS = 50
RARE_CLASS = 0.01
FEW_OF_A_CLASS = 2  # so many rows of a class at least should judge in a fold

# how the reason begins for which a column is left out -> check, what to do
LEFT_OUT = {
    "constant": ("constant", "nothing need be done; data.drop=[{columns}] says that it is known"),
    "all missing": ("constant", "nothing need be done; data.drop=[{columns}] says that it is known"),
    "identifier": ("identifier", "if it means something, say what it is with data.kinds.<column>=number or category"),
    "free text": ("text", "prep.text=hash would use its words; if they are levels, data.kinds.<column>=category"),
    "date": ("date", "prep.dates=parts would use it; where order matters data.time=<column>"),
}


def left_out(subject: Subject) -> Iterator[Finding]:
    """Columns that are no features, for a reason that the user did not give."""
    for column, reason in subject.table.left_out.items():
        for beginning, (check, advice) in LEFT_OUT.items():
            if reason.startswith(beginning) and "by data." not in reason:
                yield Finding("note", check, (column,), f"left out: {reason}", advice)
                break


def constant(subject: Subject) -> Iterator[Finding]:
    """Features that never change in the development rows."""
    for column in subject.columns:
        values = subject.values(column)[subject.rows]
        if (values == values[0]).all():
            message = "constant in the development rows, so nothing can be learnt from it"
            yield Finding("note", "constant", (column,), message, "nothing need be done; data.drop=[{columns}] leaves it out")


def many_levels(subject: Subject) -> Iterator[Finding]:
    """Categories that would be wider than `prep.one_hot.max_levels`."""
    for column in subject.table.schema.of_kind("category"):
        levels = len(np.unique(subject.values(column)[subject.rows]))
        if levels > MANY_LEVELS:
            message = f"has {levels} levels; beyond prep.one_hot.max_levels the rarest share one column"
            yield Finding("warn", "levels", (column,), message, "group its levels, or leave it out with data.drop=[{columns}]")


def imbalance(subject: Subject) -> Iterator[Finding]:
    """A class so rare that accuracy says nothing."""
    table = subject.table
    if not table.labels:
        return
    shares = np.bincount(table.target[subject.rows], minlength=len(table.labels)) / len(subject.rows)
    rarest = int(shares.argmin())
    if shares[rarest] < RARE_CLASS:
        message = f"only {shares[rarest]:.2%} of the rows are {shown(table.labels[rarest])}, so accuracy misleads"
        yield Finding("warn", "imbalance", (table.target_name,), message, "use goal.metric=pr_auc")


def few_of_a_class(subject: Subject) -> Iterator[Finding]:
    """A class with about as few rows as there are folds, or fewer."""
    table = subject.table
    if not table.labels:
        return
    counts = np.bincount(table.target[subject.rows], minlength=len(table.labels))
    judging = np.min([np.bincount(table.target[split.valid], minlength=len(table.labels)) for split in subject.splits], axis=0)
    for code in np.flatnonzero(judging < FEW_OF_A_CLASS):
        rows = f"{counts[code]} development rows in {len(subject.splits)} folds"
        message = (
            f"class {shown(table.labels[int(code)])} has {rows}, and a fold is judged by as few as {judging[code]} of them"
        )
        advice = "lower folds.count, or merge or drop that class"
        yield Finding("warn", "few_of_a_class", (table.target_name,), message, advice)
