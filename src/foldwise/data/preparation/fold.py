"""From typed rows to the input of a network. Everything is fitted on training rows only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.blocks import blocks
from foldwise.data.cells import LARGEST
from foldwise.data.preparation.balance import Cells, balanced
from foldwise.data.preparation.dates import Date, fit_date
from foldwise.data.preparation.encode import Levels, one_hot
from foldwise.data.preparation.layout import NO_LAYOUT, Layout
from foldwise.data.preparation.pixels import ImagePreparation, Images, fit_pixels
from foldwise.data.preparation.prep_rules import check_prep
from foldwise.data.preparation.scale import Curve, bend, fit_scale
from foldwise.data.preparation.select import kept_features
from foldwise.data.preparation.target_scale import UNSCALED, TargetScale, fit_target_scale
from foldwise.data.preparation.text import Hashed
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.spec.balance import MIXES_ROWS, BalanceSpec, NoBalance
from foldwise.spec.prep import Impute, OneHot, PrepSpec

Floats = npt.NDArray[np.float32]
Features = Floats | Images  # (rows, features)
NO_BALANCE = NoBalance()
# Columns are fitted together up to this number of cells (2 MB), but always a few.
CELLS_AT_ONCE, FEWEST = 2**18, 4


@dataclass(frozen=True)
class Number:
    """A fitted number column: `(curve(x or fill) - center) / scale`, and a column for missing cells if `indicator`."""

    name: str
    fill: float
    center: float
    scale: float
    indicator: bool = False
    curve: Curve | None = None


@dataclass(frozen=True)
class Preparation:
    """A fitted preparation, plain values only."""

    numbers: tuple[Number, ...]
    categories: tuple[Levels, ...]
    target: TargetScale = UNSCALED
    dates: tuple[Date, ...] = ()
    texts: tuple[Hashed, ...] = ()
    kept: tuple[int, ...] | None = None  # positions among all output columns; None is all

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of the output columns."""
        return self._laid if self.kept is None else tuple(self._laid[place] for place in self.kept)

    @cached_property
    def origins(self) -> tuple[str, ...]:
        """The table's column of each output column."""
        dates = {name: date.name for date in self.dates for name in date.features}
        columns = [dates.get(number.name, number.name) for number in self.numbers]
        marked = [column for column, number in zip(columns, self.numbers, strict=True) if number.indicator]
        columns += [text.name for text in self.texts for _ in text.features] + marked
        columns += [levels.name for levels in self.categories for _ in levels.features]
        return tuple(columns) if self.kept is None else tuple(columns[place] for place in self.kept)

    @property
    def columns(self) -> frozenset[str]:
        """The names of the table's columns that it uses."""
        others = ((part.name for part in parts) for parts in (self.categories, self.dates, self.texts))
        return frozenset(self.measured).union(*others)

    @property
    def continuous(self) -> int:
        """The number of continuous output columns (numbers and words), which come first."""
        return len(self.numbers) + sum(text.width for text in self.texts)

    @property
    def layout(self) -> Layout:
        """Where numbers and categories stand among the output columns."""
        if self.kept is not None:  # levels of one category may be apart
            return Layout(sum(place < len(self.numbers) for place in self.kept))
        stops = np.cumsum([len(self._laid) - self._levels, *(len(levels.features) for levels in self.categories)]).tolist()
        return Layout(len(self.numbers), tuple(pairwise(stops)))

    @property
    def _levels(self) -> int:
        return sum(len(levels.features) for levels in self.categories)

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """The names of the table's number columns."""
        of_dates = sum(len(date.features) for date in self.dates)  # they are the last numbers
        return tuple(number.name for number in self.numbers[: len(self.numbers) - of_dates])

    @cached_property
    def _laid(self) -> tuple[str, ...]:
        names = [number.name for number in self.numbers] + [name for text in self.texts for name in text.features]
        names += [f"{number.name} is missing" for number in self.numbers if number.indicator]
        return tuple(names + [name for levels in self.categories for name in levels.features])

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Prepare conformed rows: numbers (columns, then parts of dates), words, indicators of missing numbers, one-hot levels.

        Returns:
            (rows, features), all finite.
        """
        return self.rows(frame)

    def rows(self, frame: pd.DataFrame, at: npt.NDArray[np.int64] | None = None) -> Floats:
        """As `transform`, all rows or those at these positions; only the result is kept whole."""
        out = np.empty((len(frame) if at is None else len(at), len(self.features)), dtype=np.float32)
        for block in blocks(len(out)):
            some = frame.iloc[block if at is None else at[block]]
            out[block] = self.expand(*self.scaled(some), self.ordinal(some))
        return out

    def scaled(self, frame: pd.DataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Imputed and scaled numbers and words (rows, numbers + words), and where numbers were missing (rows, numbers)."""
        values = _numbers(frame, self.measured, self.dates)
        missing = np.isnan(values)
        fill, center, scale = self._arrays
        values = (bend(np.where(missing, fill, values), self._curves) - center) / scale
        words = [text.counts(frame[text.name].to_list()) for text in self.texts]
        return np.column_stack([np.clip(values, -LARGEST, LARGEST), *words]), missing

    def ordinal(self, frame: pd.DataFrame) -> npt.NDArray[np.int32]:
        """Codes of the categories (rows, categories), -1 for a level never seen in training."""
        codes = np.empty((len(frame), len(self.categories)), dtype=np.int32)
        for place, levels in enumerate(self.categories):
            codes[:, place] = levels.ordinal(frame[levels.name].to_list())
        return codes

    def expand(self, values: npt.NDArray[np.float64], missing: npt.NDArray[np.bool_], codes: npt.NDArray[np.int32]) -> Floats:
        """Join numbers, words, indicators and one-hot levels, and keep the selected columns, (rows, features)."""
        out = np.zeros((len(values), len(self._laid)), dtype=np.float32)
        out[:, : values.shape[1]] = values
        start = values.shape[1]
        out[:, start : start + self.marked.sum()] = missing[:, self.marked]
        start += self.marked.sum()
        for place, levels in enumerate(self.categories):
            stop = start + levels.width - levels.drop_first
            one_hot(codes[:, place], levels.drop_first, out[:, start:stop])
            start = stop
        return out if self.kept is None else np.take(out, self.kept, axis=1)

    @cached_property
    def _curves(self) -> tuple[Curve | None, ...]:
        return tuple(number.curve for number in self.numbers)

    @cached_property
    def marked(self) -> npt.NDArray[np.bool_]:
        """A mask (numbers,) of the numbers with an indicator."""
        return np.array([number.indicator for number in self.numbers], dtype=np.bool_)

    @cached_property
    def _arrays(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        fill, center, scale = ([getattr(n, part) for n in self.numbers] for part in ("fill", "center", "scale"))
        return np.array(fill), np.array(center), np.array(scale)


AnyPreparation = Preparation | ImagePreparation


@dataclass(frozen=True, eq=False)
class FoldData:
    """A prepared fold.

    train_x, valid_x: (rows, features); images are uint8 until rows of them are read as numbers.
    train_y, valid_y: (rows, outputs): binary one column of 0 and 1, multiclass one-hot, regression one column, scaled
        as in prep.target by the training rows, several numbers one column each; masks and boxes as they are.
    train_weight, valid_weight: (rows,), None if every row has weight 1.
    valid_truth: (rows,), codes, or the target in its own unit.
    columns: the table's column of each feature, (features,).
    layout: which features are numbers, and which levels of a category.
    found: what was found in the training rows for earlier trials, such as bins.
    """

    train_x: Features
    train_y: Floats
    train_weight: Floats | None
    valid_x: Features
    valid_y: Floats
    valid_weight: Floats | None
    valid_truth: npt.NDArray[Any]
    target: TargetScale
    columns: tuple[str, ...] = ()
    layout: Layout = NO_LAYOUT
    found: dict[tuple[Any, ...], Any] = field(default_factory=dict)


def prepare_fold(table: Table, split: Split, prep: PrepSpec, balance: BalanceSpec = NO_BALANCE, seed: int = 0) -> FoldData:
    """Prepare one fold: fit on its training rows, transform both sides, balance the training rows.

    Every fold is prepared by this function.

    Args:
        table: the data.
        split: the fold.
        prep: the preparation of features and target.
        balance: the balancing of classes. Validation rows keep their number, order and values.
        seed: for the random draws of balancing.

    Raises:
        TrialFailed: the classes cannot be balanced like that.
    """
    preparation = fit_preparation(table, split.train, prep)
    target = table.target[split.train]
    if isinstance(preparation, Preparation) and balance.kind in MIXES_ROWS:
        train = table.frame.iloc[split.train]
        values, missing = preparation.scaled(train)
        cells = Cells(values, missing & preparation.marked, preparation.ordinal(train))
        even = balanced(cells, target, balance, seed, preparation.expand)
        train_x: Features = preparation.expand(*even.cells)
    else:  # rows are kept, repeated or left out as they are
        even = balanced(_no_cells(len(split.train)), target, balance, seed, lambda *_: np.empty((0, 0)))
        train_x = _features(preparation, table, split.train[even.like])
    return FoldData(
        train_x=train_x,
        train_y=encode_target(table, split.train[even.like], preparation),
        train_weight=even.weight,
        valid_x=_features(preparation, table, split.valid),
        valid_y=encode_target(table, split.valid, preparation),
        valid_weight=None,
        valid_truth=table.target[split.valid],
        target=preparation.target,
        columns=preparation.origins,
        layout=NO_LAYOUT if isinstance(preparation, ImagePreparation) else preparation.layout,
    )


def fit_preparation(table: Table, rows: npt.ArrayLike, prep: PrepSpec) -> AnyPreparation:
    """Fit fills, scales, levels and the selection of features on these rows alone.

    Raises:
        ConfigError: the rows lack something that `prep` needs.
    """
    at = np.asarray(rows, dtype=np.int64)
    check_prep(table, at, prep)
    target = (
        UNSCALED
        if table.class_names and not table.targets
        else fit_target_scale(table.target[at], prep.target, prep.clamp_target)
    )
    if table.images is not None:
        return fit_pixels(table.images, at, prep, target)
    frame, schema = table.frame, table.schema

    def cells(name: str) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = frame[name].to_numpy()[at]
        return found

    dates = () if prep.dates == "none" else tuple(fit_date(n, cells(n), prep.dates) for n in schema.of_kind("date"))
    texts = () if prep.text.kind == "none" else tuple(Hashed(n, prep.text.width) for n in schema.of_kind("text"))
    preparation = Preparation(
        _fit_numbers(frame, at, schema.of_kind("number"), dates, prep),
        tuple(_fit_levels(n, cells(n), prep.one_hot, prep.impute) for n in schema.of_kind("category")),
        target,
        dates,
        texts,
    )
    if prep.select.kind == "none":
        return preparation
    x, y = preparation.rows(frame, at), encode_target(table, at, preparation)
    return replace(preparation, kept=kept_features(prep.select, x, y, len(table.labels), preparation.continuous))


def encode_target(table: Table, rows: npt.ArrayLike, preparation: AnyPreparation) -> Floats:
    """The targets of these rows in the form that a network learns, (rows, outputs)."""
    target = table.target[np.asarray(rows, dtype=np.int64)]
    if table.targets:
        numbers: Floats = preparation.target.forward(target).astype(np.float32)
        return numbers
    if table.classes:
        return target
    if len(table.labels) > 2:
        one_column_each: Floats = np.eye(len(table.labels), dtype=np.float32)[target]
        return one_column_each
    if not table.labels:
        target = preparation.target.forward(target)
    return target.astype(np.float32)[:, None]


def _features(preparation: AnyPreparation, table: Table, at: npt.NDArray[np.int64]) -> Features:
    """The rows at these positions as features."""
    if isinstance(preparation, Preparation):
        return preparation.rows(table.frame, at)
    assert table.images is not None
    return preparation.rows(table.images, at)


def _no_cells(rows: int) -> Cells:
    """Cells of rows that are repeated, left out or weighted, but never mixed, so that nothing of them is needed."""
    return Cells(np.empty((rows, 0)), np.empty((rows, 0), dtype=np.bool_), np.empty((rows, 0), dtype=np.int32))


def _numbers(frame: pd.DataFrame, names: Sequence[str], dates: tuple[Date, ...]) -> npt.NDArray[np.float64]:
    """The number columns of these names and the parts of dates, (rows, numbers), nan where missing."""
    values = np.empty((len(frame), len(names)))
    for place, name in enumerate(names):
        values[:, place] = frame[name].to_numpy()
    if not dates:
        return values
    return np.column_stack([values, *(date.numbers(frame[date.name].to_numpy()) for date in dates)])


def _fit_numbers(
    frame: pd.DataFrame, at: npt.NDArray[np.int64], columns: tuple[str, ...], dates: tuple[Date, ...], prep: PrepSpec
) -> tuple[Number, ...]:
    """Fit the numbers on the rows at these positions, some columns at a time; the last ones with the parts of dates.

    Each column is fitted on its own. But a lone column is summed in another order than one of several, so none is left alone.
    """
    groups = np.array_split(np.array(columns, dtype=object), max(1, len(columns) // max(FEWEST, CELLS_AT_ONCE // len(at))))
    fitted: list[Number] = []
    for place, group in enumerate(groups, 1):
        of_group = dates if place == len(groups) else ()
        some = frame[[*group, *(date.name for date in of_group)]].iloc[at]
        fitted += _fit_some(some, tuple(group), of_group, prep)
    return tuple(fitted)


def _fit_some(frame: pd.DataFrame, columns: tuple[str, ...], dates: tuple[Date, ...], prep: PrepSpec) -> Iterator[Number]:
    from sklearn.impute import SimpleImputer

    names = [*columns, *(name for date in dates for name in date.features)]
    if not names:
        return
    values = _numbers(frame, columns, dates)
    missing = np.isnan(values)
    # keep_empty_features: a column that is all missing in this fold is filled with zeros
    imputer = SimpleImputer(strategy=prep.impute.kind, fill_value=prep.impute.value, keep_empty_features=True)
    curves, center, scale = fit_scale(imputer.fit_transform(values), prep.scale)
    shown = {*columns, *(date.features[0] for date in dates)}  # one indicator for all parts of a date
    for name, f, c, s, gaps, curve in zip(names, imputer.statistics_, center, scale, missing.T, curves, strict=True):
        marked = prep.impute.indicator and name in shown and bool(gaps.any())
        yield Number(name, float(f), float(c), float(s), marked, curve)


def _fit_levels(name: str, cells: npt.NDArray[Any], rule: OneHot, impute: Impute) -> Levels:
    from sklearn.preprocessing import OneHotEncoder

    counts = Counter(cells.tolist())
    levels: list[str | None] = sorted(level for level in counts if level is not None)
    fill = None
    if impute.kind == "most_frequent" and levels:
        fill = max(levels, key=lambda level: counts[level])
    elif None in counts:
        levels.append(None)
    if fill is not None:
        counts[fill] += counts.pop(None, 0)
    codes = np.repeat(np.arange(len(levels)), [counts[level] for level in levels])  # the encoder needs only the counts
    encoder = OneHotEncoder(min_frequency=rule.min_share or None, max_categories=rule.max_levels).fit(codes[:, None])
    found = encoder.infrequent_categories_[0]
    rare = set() if found is None else set(found.tolist())
    own = tuple(level for number, level in enumerate(levels) if number not in rare)
    return Levels(name, own, tuple(level for number, level in enumerate(levels) if number in rare), fill, rule.drop_first)
