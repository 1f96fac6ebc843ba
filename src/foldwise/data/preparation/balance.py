"""Balancing of classes among the training rows of a fold. No other row is balanced.

imbalanced-learn takes seconds to import, so each function imports it where it needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from foldwise.data.audit.finding import Finding
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.errors import ConfigError, TrialFailed
from foldwise.spec.balance import BalanceSpec, Oversample, Smote, SmoteTomek, Undersample

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Expand = Callable[[Floats, npt.NDArray[np.bool_], npt.NDArray[np.int32]], npt.NDArray[Any]]


class Cells(NamedTuple):
    """Prepared cells of some rows, before one-hot.

    values: numbers (rows, numbers), imputed and scaled.
    missing: whether a number with an indicator was missing, (rows, numbers).
    codes: codes of the levels of each category, (rows, categories).
    """

    values: Floats
    missing: npt.NDArray[np.bool_]
    codes: npt.NDArray[np.int32]

    def take(self, rows: Codes) -> Cells:
        """The cells of the rows at these positions, in their order."""
        return Cells(self.values[rows], self.missing[rows], self.codes[rows])


@dataclass(frozen=True, eq=False)
class Balanced:
    """Training rows, balanced.

    like: (rows,), the position of the training row that a row is, or of one with the same target if the row is new.
    weight: (rows,), None if every row has weight 1.
    """

    cells: Cells
    like: Codes
    weight: npt.NDArray[np.float32] | None = None


def balanced(cells: Cells, target: npt.NDArray[Any], balance: BalanceSpec, seed: int, expand: Expand) -> Balanced:
    """The training rows of a fold, balanced.

    Args:
        cells: the prepared cells, (rows, ...).
        target: the class codes, (rows,); unused without balancing.
        balance: the method.
        seed: for the random draws.
        expand: the parts of cells -> the input of the network, (rows, features), in which Tomek's pairs are nearest.

    Raises:
        TrialFailed: no row of a class would be left, or SMOTE should grow a class of one row.
    """
    every = np.arange(len(target))
    match balance:
        case Oversample() | Undersample():
            return _picked(cells, _drawn(target, balance, seed))
        case Smote():
            return _grown(cells, target, balance, seed)
        case SmoteTomek():
            return _without_links(_grown(cells, target, balance, seed), target, expand)
    return Balanced(cells, every, class_weights(target) if balance.kind == "class_weight" else None)


def class_weights(target: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """`n / (k * count)` for each row (rows,), with k the number of classes that have rows; they sum to n.

    Source: scikit-learn, compute_class_weight("balanced"), after King & Zeng, Logistic Regression in Rare Events Data (2001).
    """
    counts = np.bincount(target)
    return (len(target) / (np.count_nonzero(counts) * counts[target])).astype(np.float32)


def wanted_counts(target: npt.NDArray[np.int64], balance: BalanceSpec) -> dict[int, int]:
    """The wanted number of rows of each class that has another number now.

    For two classes the ratio is imbalanced-learn's `sampling_strategy`; for more, every class gets it.
    """
    counts = {code: int(count) for code, count in enumerate(np.bincount(target)) if count}
    if isinstance(balance, (Oversample, Smote, SmoteTomek)):
        least = round(balance.ratio * max(counts.values()))
        return {code: least for code, count in counts.items() if count < least}
    if isinstance(balance, Undersample):
        most = round(min(counts.values()) / balance.ratio)
        return {code: most for code, count in counts.items() if count > most}
    return {}


def check_balance(table: Table, splits: Sequence[Split], balance: BalanceSpec) -> Iterator[Finding]:
    """Refuse a balancing that the classes cannot have, before anything is trained; note where SMOTE has fewer neighbours.

    Raises:
        ConfigError: at balance.kind: there are no classes, or SMOTE should grow a class of one row in a fold.
    """
    if balance.kind == "none":
        return
    if not table.labels:
        many = f"one class a row, and each picture has several in its {table.target_name}"
        number = f"classes, and {table.target_name} is a number to predict"
        rule = f"{balance.kind} is for {many if table.images is not None and table.classes else number}; use none"
        raise ConfigError("balance.kind", rule)
    if not isinstance(balance, (Smote, SmoteTomek)):
        return
    if table.images is not None:
        rule = f"{balance.kind} mixes rows, and a mix of two images shows nothing; use oversample or class_weight"
        raise ConfigError("balance.kind", rule)
    smallest = balance.neighbours + 1
    for fold, split in enumerate(splits):
        counts = np.bincount(table.target[split.train])
        for code in wanted_counts(table.target[split.train], balance):
            if counts[code] == 1:
                where = f"{table.labels[code]!r} has one training row in fold {fold}"
                raise ConfigError("balance.kind", f"{balance.kind} needs two rows of a class, and {where}; use oversample")
            smallest = min(smallest, int(counts[code]))
    if smallest <= balance.neighbours:
        message = f"a class has only {smallest} training rows in a fold, where SMOTE uses {smallest - 1} neighbours"
        yield Finding(
            "note",
            "balance",
            (),
            message,
            f"no action needed; balance.neighbours={smallest - 1} uses as many everywhere",
        )


def _picked(cells: Cells, rows: Codes) -> Balanced:
    return Balanced(cells.take(rows), rows)


def _drawn(target: npt.NDArray[np.int64], balance: Oversample | Undersample, seed: int) -> Codes:
    """The positions of the rows that are kept or repeated, in order."""
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import RandomUnderSampler

    wanted = wanted_counts(target, balance)
    if not wanted:
        return np.arange(len(target))
    sampler = RandomOverSampler if balance.kind == "oversample" else RandomUnderSampler
    drawing = sampler(sampling_strategy=wanted, random_state=seed)
    drawing.fit_resample(np.zeros((len(target), 1)), target)
    return np.sort(drawing.sample_indices_)


def _grown(cells: Cells, target: npt.NDArray[np.int64], balance: Smote | SmoteTomek, seed: int) -> Balanced:
    """The rows, followed by SMOTE's new ones.

    Whether a number was missing is a category of its own; where it is, the new row has the number's fill.
    Source: Chawla et al., SMOTE: Synthetic Minority Over-sampling Technique (2002), with SMOTE-NC and SMOTE-N.
    """
    rows = np.arange(len(target))
    wanted = wanted_counts(target, balance)
    if not wanted:
        return Balanced(cells, rows)
    counts = np.bincount(target)
    neighbours = min(balance.neighbours, *(int(counts[code]) - 1 for code in wanted))
    if not neighbours:
        raise TrialFailed("balance", f"{balance.kind} needs two training rows of a class to make others; use oversample")
    gaps = np.flatnonzero(cells.missing.any(axis=0))
    numbers = cells.values.shape[1]
    table = np.column_stack([cells.values, cells.missing[:, gaps], cells.codes])
    sampler = _smote(numbers, table.shape[1], k_neighbors=neighbours, sampling_strategy=wanted, random_state=seed)
    grown, classes = sampler.fit_resample(table, target)
    new, classes = np.asarray(grown[len(rows) :], dtype=np.float64), classes[len(rows) :]
    missing = np.zeros((len(new), numbers), dtype=np.bool_)
    missing[:, gaps] = new[:, numbers : numbers + len(gaps)]
    values = new[:, :numbers]
    for place in gaps:
        values[missing[:, place], place] = cells.values[cells.missing[:, place], place][0]
    first = np.array([np.argmax(target == code) for code in range(len(counts))])
    return Balanced(
        Cells(
            np.vstack([cells.values, values]),
            np.vstack([cells.missing, missing]),
            np.vstack([cells.codes, new[:, numbers + len(gaps) :].astype(np.int32)]),
        ),
        np.concatenate([rows, first[classes]]),
    )


def _smote(numbers: int, columns: int, **options: Any) -> Any:
    """The SMOTE variant for these columns: the first `numbers` are numbers, the others categories."""
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    if numbers == columns:
        return SMOTE(**options)
    return SMOTENC(list(range(numbers, columns)), **options) if numbers else SMOTEN(**options)


def _without_links(grown: Balanced, target: npt.NDArray[np.int64], expand: Expand) -> Balanced:
    """The rows without Tomek links: pairs of different classes that are each other's nearest row.

    Source: Batista, Prati & Monard, A Study of the Behavior of Several Methods for Balancing Machine Learning Training Data
    (2004).
    """
    from imblearn.under_sampling import TomekLinks

    classes = target[grown.like]
    cleaning = TomekLinks(sampling_strategy="all")
    cleaning.fit_resample(expand(*grown.cells).astype(np.float64), classes)  # squares of large cells overflow in float32
    kept = cleaning.sample_indices_
    if len(np.unique(classes[kept])) < len(np.unique(classes)):
        raise TrialFailed("balance", "smote_tomek removes every row of a class; use smote")
    return Balanced(grown.cells.take(kept), grown.like[kept])
