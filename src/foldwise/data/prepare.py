"""From typed rows to what a network takes. Everything that is learnt here is learnt from training rows only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from foldwise.data.balance import Cells, balanced
from foldwise.data.cells import LARGEST
from foldwise.data.encode import Levels, one_hot
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.data_specs import BalanceSpec, Impute, NoBalance, OneHot, PrepSpec

Floats = npt.NDArray[np.float32]
NO_BALANCE = NoBalance()


@dataclass(frozen=True)
class Number:
    """What is known of a number column: `(x or fill - center) / scale`, and a column for missing where `indicator`."""

    name: str
    fill: float
    center: float
    scale: float
    indicator: bool = False


@dataclass(frozen=True)
class Preparation:
    """A fitted preparation, plain values only. Targets in their own unit are `y * target_sd + target_mean`."""

    numbers: tuple[Number, ...]
    categories: tuple[Levels, ...]
    target_mean: float = 0.0
    target_sd: float = 1.0

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of the output columns."""
        names = [number.name for number in self.numbers]
        names += [f"{number.name} is missing" for number in self.numbers if number.indicator]
        return tuple(names + [name for levels in self.categories for name in levels.features])

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Prepare conformed rows, seen or unseen: numbers, then their indicators, then one-hot levels.

        Returns:
            (rows, features), all finite.
        """
        return self.expand(*self.scaled(frame), self.ordinal(frame))

    def scaled(self, frame: pd.DataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Imputed and scaled numbers (rows, numbers), and where they were missing (rows, numbers)."""
        values = np.empty((len(frame), len(self.numbers)))
        for place, number in enumerate(self.numbers):
            values[:, place] = frame[number.name].to_numpy()
        missing = np.isnan(values)
        fill, center, scale = self._arrays
        values = (np.where(missing, fill, values) - center) / scale
        return np.clip(values, -LARGEST, LARGEST), missing

    def ordinal(self, frame: pd.DataFrame) -> npt.NDArray[np.int32]:
        """Codes of the categories (rows, categories), -1 for a level never seen in training."""
        codes = np.empty((len(frame), len(self.categories)), dtype=np.int32)
        for place, levels in enumerate(self.categories):
            codes[:, place] = levels.ordinal(frame[levels.name].to_list())
        return codes

    def expand(self, values: npt.NDArray[np.float64], missing: npt.NDArray[np.bool_], codes: npt.NDArray[np.int32]) -> Floats:
        """Lay numbers, indicators and one-hot levels side by side, (rows, features)."""
        out = np.zeros((len(values), len(self.features)), dtype=np.float32)
        out[:, : values.shape[1]] = values
        start = values.shape[1]
        out[:, start : start + self.marked.sum()] = missing[:, self.marked]
        start += self.marked.sum()
        for place, levels in enumerate(self.categories):
            stop = start + levels.width - levels.drop_first
            one_hot(codes[:, place], levels.drop_first, out[:, start:stop])
            start = stop
        return out

    @cached_property
    def marked(self) -> npt.NDArray[np.bool_]:
        """Which numbers have an indicator, (numbers,)."""
        return np.array([number.indicator for number in self.numbers], dtype=np.bool_)

    @cached_property
    def _arrays(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        fill, center, scale = ([getattr(n, part) for n in self.numbers] for part in ("fill", "center", "scale"))
        return np.array(fill), np.array(center), np.array(scale)


@dataclass(frozen=True, eq=False)
class FoldData:
    """A prepared fold.

    train_x, valid_x: (rows, features).
    train_y, valid_y: (rows, outputs): binary one column of 0 and 1, multiclass one-hot, regression one column,
        standardised by the training rows where prep.target says so.
    train_weight, valid_weight: (rows,), None where every row counts the same.
    valid_truth: (rows,), codes, or the target in its own unit, which is `y * target_sd + target_mean`.
    """

    train_x: Floats
    train_y: Floats
    train_weight: Floats | None
    valid_x: Floats
    valid_y: Floats
    valid_weight: Floats | None
    valid_truth: npt.NDArray[Any]
    target_mean: float
    target_sd: float


def prepare_fold(table: Table, split: Split, prep: PrepSpec, balance: BalanceSpec = NO_BALANCE, seed: int = 0) -> FoldData:
    """Prepare one fold: fit on its training rows, apply to both sides, balance the training rows.

    Nothing else in foldwise prepares a fold.

    Args:
        table: the data.
        split: the fold.
        prep: how cells become numbers.
        balance: how classes are evened out. Validation rows keep their number, order and values.
        seed: of what balancing draws.

    Raises:
        TrialFailed: the classes cannot be balanced so.
    """
    preparation = fit_preparation(table, split.train, prep)
    train = table.frame.iloc[split.train]
    values, missing = preparation.scaled(train)
    cells = Cells(values, missing & preparation.marked, preparation.ordinal(train))
    even = balanced(cells, table.target[split.train], balance, seed, preparation.expand)
    return FoldData(
        train_x=preparation.expand(*even.cells),
        train_y=encode_target(table, split.train[even.like], preparation),
        train_weight=even.weight,
        valid_x=preparation.transform(table.frame.iloc[split.valid]),
        valid_y=encode_target(table, split.valid, preparation),
        valid_weight=None,
        valid_truth=table.target[split.valid],
        target_mean=preparation.target_mean,
        target_sd=preparation.target_sd,
    )


def fit_preparation(table: Table, rows: npt.ArrayLike, prep: PrepSpec) -> Preparation:
    """Learn fills, scales and levels from these rows, and look at no other."""
    at = np.asarray(rows, dtype=np.int64)
    numbers, categories = table.schema.of_kind("number"), table.schema.of_kind("category")
    mean, sd = 0.0, 1.0
    if not table.labels and prep.target == "standard":
        mean, sd = float(table.target[at].mean()), float(table.target[at].std())
    return Preparation(
        _fit_numbers(numbers, table.frame, at, prep),
        tuple(_fit_levels(name, table.frame[name].to_numpy()[at], prep.one_hot, prep.impute) for name in categories),
        mean,
        sd if sd > 0 else 1.0,
    )


def encode_target(table: Table, rows: npt.ArrayLike, preparation: Preparation) -> Floats:
    """The targets of these rows as a network learns them, (rows, outputs)."""
    target = table.target[np.asarray(rows, dtype=np.int64)]
    if len(table.labels) > 2:
        one_column_each: Floats = np.eye(len(table.labels), dtype=np.float32)[target]
        return one_column_each
    if not table.labels:
        target = (target - preparation.target_mean) / preparation.target_sd
    return target.astype(np.float32)[:, None]


def _fit_numbers(names: tuple[str, ...], frame: pd.DataFrame, at: npt.NDArray[np.int64], prep: PrepSpec) -> tuple[Number, ...]:
    if not names:
        return ()
    values = np.column_stack([frame[name].to_numpy(np.float64)[at] for name in names])
    missing = np.isnan(values)
    # a column that is all missing in this fold is filled with zeros
    imputer = SimpleImputer(strategy=prep.impute.kind, fill_value=prep.impute.value, keep_empty_features=True)
    filled = imputer.fit_transform(values)
    center, scale = _fit_scale(filled, prep.scale)
    marked = missing.any(axis=0) & prep.impute.indicator
    parts = zip(names, imputer.statistics_, center, scale, marked, strict=True)
    return tuple(Number(name, float(f), float(c), float(s), bool(m)) for name, f, c, s, m in parts)


def _fit_scale(values: npt.NDArray[np.float64], kind: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Center and scale of each column; a constant column has scale 1."""
    none, ones = np.zeros(values.shape[1]), np.ones(values.shape[1])
    if kind == "none":
        return none, ones
    if kind == "max":  # x / max|x|
        return none, MaxAbsScaler().fit(values).scale_
    if kind == "minmax":
        minmax = MinMaxScaler().fit(values)
        return minmax.data_min_, 1.0 / minmax.scale_
    standard = StandardScaler().fit(values)
    if kind == "standard":
        return standard.mean_, standard.scale_
    robust = RobustScaler().fit(values)
    # where half of the values are equal, the quartiles say nothing and the rest would stay unscaled
    flat = np.subtract(*np.percentile(values, [75, 25], axis=0)) == 0
    return robust.center_, np.where(flat, standard.scale_, robust.scale_)


def _fit_levels(name: str, cells: npt.NDArray[Any], rule: OneHot, impute: Impute) -> Levels:
    counts = Counter(cells.tolist())
    levels: list[str | None] = sorted(level for level in counts if level is not None)
    fill = None
    if impute.kind == "most_frequent" and levels:
        fill = max(levels, key=lambda level: counts[level])
    elif None in counts:
        levels.append(None)
    if fill is not None:
        counts[fill] += counts.pop(None, 0)
    codes = np.repeat(
        np.arange(len(levels)), [counts[level] for level in levels]
    )  # how often a level is there is all that counts
    encoder = OneHotEncoder(min_frequency=rule.min_share or None, max_categories=rule.max_levels).fit(codes[:, None])
    found = encoder.infrequent_categories_[0]
    rare = set() if found is None else set(found.tolist())
    own = tuple(level for number, level in enumerate(levels) if number not in rare)
    return Levels(name, own, tuple(level for number, level in enumerate(levels) if number in rare), fill, rule.drop_first)
