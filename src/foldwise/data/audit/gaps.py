"""Rows whose missing cells tell the target, by their number or by their pattern."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.predictability import Predicted, alone, feature_matrix, together
from foldwise.data.audit.subject import FEW_ROWS, Floats, Subject
from foldwise.data.audit.target import EACH, LEAK_SKILL, MOST_COLUMNS, fewer_errors
from foldwise.seeds import Purpose, generator

TELLING = 0.5  # skill of the missing cells; a leak from LEAK_SKILL on

ADVICE = "find out whether cells are missing because the target is known; data.drop=[{columns}] leaves these columns out"


def missing_cells(subject: Subject) -> Iterator[Finding]:
    """A number or pattern of missing cells in several columns that predicts the target, if the cells' values cannot.

    Columns of which one alone does so are left to the checks of single columns.
    """
    if len(subject.rows) < FEW_ROWS:
        return
    columns = [name for name in subject.columns if subject.gaps(name)[subject.rows].sum() >= EACH][:MOST_COLUMNS]
    if len(columns) < 2:
        return
    missing = np.column_stack([subject.gaps(name) for name in columns])
    count, pattern = missing.sum(axis=1).astype(np.float64), _patterns(missing)
    by_count, by_pattern = _skill(subject, count), _skill(subject, pattern)
    what, found = ("number", by_count) if by_count.error <= by_pattern.error else ("pattern", by_pattern)
    if found.skill < TELLING or (subject.outputs and found.guess < EACH):
        return
    one = min((_skill(subject, missing[:, place].astype(np.float64)) for place in range(len(columns))), key=lambda it: it.error)
    if one.skill >= LEAK_SKILL or one.error <= 1.1 * found.error:
        return
    rest = together(feature_matrix(_filled(subject)), subject.answers, subject.outputs, subject.folds)
    if not fewer_errors(found, rest, subject.outputs):
        return
    errors = "errors" if subject.outputs else "squared errors of ranks"
    message = (
        f"the {what} of missing cells in a row predicts {subject.table.target_name}: {found.skill:.1%} fewer {errors} than"
    )
    message += f" the baseline in the folds, the cells' values {max(rest.skill, 0):.1%} fewer"
    yield Finding("leak" if found.skill >= LEAK_SKILL else "warn", "missing", tuple(columns), message, ADVICE)


def _skill(subject: Subject, values: Floats) -> Predicted:
    return alone(values, subject.answers, subject.outputs, subject.folds)


def _patterns(missing: npt.NDArray[np.bool_]) -> Floats:
    """A number for each row, (rows,): equal for rows that lack the same columns."""
    return np.unique(np.packbits(missing, axis=1), axis=0, return_inverse=True)[1].reshape(-1).astype(np.float64)


def _filled(subject: Subject) -> pd.DataFrame:
    """The first columns with known cells drawn at random where cells are missing, so that nothing tells which are."""
    draw = generator(Purpose.AUDIT, 3)
    filled = {}
    for name in subject.columns[:MOST_COLUMNS]:
        cells, gaps = subject.table.frame[name], subject.gaps(name)
        known = np.flatnonzero(~gaps)
        if len(known):
            filled[name] = cells.iloc[np.where(gaps, draw.choice(known, len(cells)), np.arange(len(cells)))].to_numpy()
    return pd.DataFrame(filled, copy=False)
