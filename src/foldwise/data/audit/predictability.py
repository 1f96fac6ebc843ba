"""How well one column alone, or several together, predict the target in the folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.blocks import blocks
from foldwise.data.split import Split

Floats = npt.NDArray[np.float64]

NEAR = (1, 5)  # the number of nearest training rows on either side of a value
TOP_LEVELS = 10


@dataclass(frozen=True)
class Predicted:
    """Wrong rows (classes) or squared errors (numbers) over `rows` validation rows; `guess`: the errors of the baseline."""

    error: float
    guess: float
    rows: int

    @property
    def skill(self) -> float:
        """1 is perfect, 0 is the baseline: always the largest class, or the mean."""
        return 1.0 - self.error / self.guess if self.guess > 0 else 0.0


def alone(values: Floats, answers: npt.NDArray[Any], outputs: int, folds: Sequence[Split]) -> Predicted:
    """The predictions of one column: a validation row gets the target of the training rows with the same or nearest value.

    Args:
        values: (rows,), without nan.
        answers: (rows,), class codes or numbers.
        outputs: the number of classes, 0 for numbers.
        folds: the folds.

    Returns:
        The best of three ways: rows of the same value, the next row on either side, the next five on either side.
    """
    errors, guess, rows = np.zeros(1 + len(NEAR)), 0.0, 0
    for fold in folds:
        train = fold.train[np.argsort(values[fold.train], kind="stable")]
        sums = np.cumsum(_spread(answers[train], outputs), axis=0)
        sums = np.concatenate([np.zeros((1, sums.shape[1])), sums])
        truth, queries = answers[fold.valid], values[fold.valid]
        low = np.searchsorted(values[train], queries, "left")
        high = np.searchsorted(values[train], queries, "right")
        middle, met = (low + high) // 2, high > low
        spans = [(np.maximum(middle - reach, 0), np.minimum(middle + reach, len(train))) for reach in NEAR]
        spans.append((np.where(met, low, spans[0][0]), np.where(met, high, spans[0][1])))
        for way, (start, stop) in enumerate(spans):
            errors[way] += _error(sums[stop] - sums[start], truth, outputs)
        guess += _error(np.repeat(sums[-1:], len(truth), axis=0), truth, outputs)
        rows += len(truth)
    return Predicted(float(errors.min()), guess, rows)


def together(features: Floats, answers: npt.NDArray[Any], outputs: int, folds: Sequence[Split]) -> Predicted:
    """The predictions of several columns, (rows, features): the better of extremely randomised trees and a ridge.

    Source: Geurts, Ernst and Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
    from sklearn.linear_model import Ridge, RidgeClassifier

    errors, guess, rows = np.zeros(2), 0.0, 0
    trees, ridge = (ExtraTreesClassifier, RidgeClassifier) if outputs else (ExtraTreesRegressor, Ridge)
    for fold in folds:
        train, truth = answers[fold.train], answers[fold.valid]
        guess += _error(np.repeat(_spread(train, outputs).sum(axis=0)[None], len(truth), axis=0), truth, outputs)
        rows += len(truth)
        if features.shape[1] == 0 or (outputs and len(np.unique(train)) < 2):
            continue
        for way, model in enumerate((trees(60, min_samples_leaf=2, random_state=0), ridge())):
            model.fit(features[fold.train], train)
            wrong = model.predict(features[fold.valid]) - truth
            errors[way] += (wrong != 0).sum() if outputs else (wrong**2).sum()
    return Predicted(float(errors.min()) if features.shape[1] else guess, guess, rows)


def feature_matrix(frame: pd.DataFrame) -> Floats:
    """Columns as input of `together`, (rows, features): numbers standardised, common levels of a category as 0 and 1."""
    parts = [part for name in frame.columns for part in _part(name, frame[name])]
    return _filled(frame, parts, np.empty((len(frame), sum(part.width for part in parts))))


def projected(frame: pd.DataFrame, most: int, draw: np.random.Generator) -> Floats:
    """As `feature_matrix`; more than `most` features are projected on as many random directions, (rows, at most `most`)."""
    parts = [part for name in frame.columns for part in _part(name, frame[name])]
    features = sum(part.width for part in parts)
    directions = draw.normal(size=(features, most)) if features > most else None
    return _filled(frame, parts, np.empty((len(frame), min(features, most))), directions)


@dataclass(frozen=True)
class _Part:
    """A column of a feature matrix: its cells (rows,) -> features (rows, width)."""

    name: str
    width: int
    features: Callable[[pd.Series[Any]], Floats]


def _part(name: str, cells: pd.Series[Any]) -> Iterator[_Part]:
    """The part of a column; none if all its numbers are missing."""
    if cells.dtype.kind != "f":
        common = pd.Index(cells.value_counts(dropna=False).index[:TOP_LEVELS])
        places = np.arange(len(common))
        yield _Part(name, len(common), lambda cells: (common.get_indexer(cells)[:, None] == places).astype(np.float64))
        return
    known = cells.to_numpy(np.float64)
    gaps = np.isnan(known)
    if gaps.all():
        return
    middle, sd = np.nanmean(known), np.nanstd(known) or 1.0

    def scaled(cells: pd.Series[Any]) -> Floats:
        known = cells.to_numpy(np.float64)
        return np.where(np.isnan(known), 0.0, (known - middle) / sd)[:, None]

    yield _Part(name, 1, scaled)
    if gaps.any():
        yield _Part(name, 1, lambda cells: np.isnan(cells.to_numpy(np.float64)).astype(np.float64)[:, None])


def _filled(frame: pd.DataFrame, parts: Sequence[_Part], out: Floats, directions: Floats | None = None) -> Floats:
    """`out` with the features of all rows, or with their projections; the features of a block alone are kept whole."""
    for at in blocks(len(frame)) if parts else ():
        some = frame.iloc[at]
        features = np.column_stack([part.features(some[part.name]) for part in parts])
        out[at] = features if directions is None else features @ directions
    return out


def _spread(answers: npt.NDArray[Any], outputs: int) -> Floats:
    """The columns to be summed over rows: one for each class, or the number and a count."""
    if outputs:
        one_column_each: Floats = np.eye(outputs)[answers]
        return one_column_each
    return np.column_stack([answers, np.ones(len(answers))])


def _error(sums: Floats, truth: npt.NDArray[Any], outputs: int) -> float:
    if outputs:
        return float((sums.argmax(axis=1) != truth).sum())
    return float(((sums[:, 0] / np.maximum(sums[:, 1], 1) - truth) ** 2).sum())
