"""What is to be predicted: the task, the labels in their order, and each row's answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import LARGEST, level_in, listed, number_in, shown
from foldwise.data.kinds import Look, check_text, look_at, looks_like_text
from foldwise.data.sources.read import Labelled, decimal_mark, missing_marks
from foldwise.errors import ConfigError, DataError, did_you_mean
from foldwise.spec.goal import Task

FEW = 20  # a whole-number target with at most so many values, each in about ROWS_EACH rows, names classes
ROWS_EACH = 10


@dataclass(frozen=True, eq=False)
class Target:
    """Answers of the rows that have one.

    values: int64 codes into `labels`, or float64 for regression; (rows kept,).
    kept: bool (rows,), False where the target is missing.
    """

    values: npt.NDArray[Any]
    kept: npt.NDArray[np.bool_]
    labels: tuple[str, ...]
    task: Task
    notes: tuple[str, ...] = ()


def read_target(cells: pd.Series[Any], data: Labelled) -> Target:
    """Infer the task from the target column, or take `data.task`, and encode it.

    Raises:
        ConfigError: data.task or data.positive does not fit the column.
        DataError: it is all missing, is always the same, or holds text rather than classes.
    """
    name, cells = data.target, strip_labels(cells, data)
    kept = cells.notna().to_numpy()
    known = cells[kept]
    if known.empty:
        raise DataError(f"the target {name} is missing in all {len(cells)} rows")
    if data.task in ("auto", "regression"):
        check_text(name, known, look_at(known, decimal_mark(data)), decimal_mark(data), missing_marks(data))
    look = look_at(known, decimal_mark(data))
    levels = [level_in(cell, decimal_mark(data)) for cell in known]
    counts = Counter(levels)
    if len(counts) == 1:
        raise DataError(f"the target {name} is {shown(levels[0])} in every row, so there is nothing to learn")
    task, reason = _task(name, look, counts, data)
    notes = [reason] if reason else []
    if gone := len(cells) - len(known):
        notes.append(f"{gone} of {len(cells)} rows have no {name} and are left out")
    if task == "regression":
        if data.positive is not None:
            raise ConfigError("data.positive", f"is for two labels, and {name} is a number to predict; leave it out")
        return Target(_numbers(name, known, data), kept, (), task, tuple(notes))
    labels = _ordered(list(counts), data, task)
    return Target(_codes(levels, labels), kept, labels, task, tuple(notes))


def known_target(cells: pd.Series[Any], data: Labelled, labels: tuple[str, ...]) -> Target:
    """Encode a target of other rows by the labels of the training rows; no labels mean regression.

    Raises:
        DataError: a label is unknown, or no number where one is due; with the row, and what would make it match.
    """
    stripped = strip_labels(cells, data)
    kept = stripped.notna().to_numpy()
    known = stripped[kept]
    if not labels:
        return Target(_numbers(data.target, known, data), kept, (), "regression")
    levels = [level_in(cell, decimal_mark(data)) for cell in known]
    strange = dict.fromkeys(level for level in levels if level not in labels)
    if strange:
        first = next(iter(strange))
        row = int(known.index[levels.index(first)]) + 1
        ends = sorted({_ending(level, labels) for level in strange})
        if "" not in ends:
            proposal = f"; data.target_strip='{''.join(ends)}' would make it match"
        else:
            proposal = did_you_mean(first, labels)
        raise DataError(f"column {data.target}, row {row}: {shown(first)} is no label of the training rows{proposal}")
    task: Task = "binary" if len(labels) == 2 else "multiclass"
    return Target(_codes(levels, labels), kept, labels, task)


def scorable(cells: pd.Series[Any], data: Labelled, labels: tuple[str, ...]) -> Target:
    """The same for rows to be scored: a row whose label is missing or was never learnt is not kept, instead of refused."""
    stripped = strip_labels(cells, data)
    if not labels:
        return known_target(stripped, data, labels)
    levels = [
        None if gone else level_in(cell, decimal_mark(data)) for cell, gone in zip(stripped, stripped.isna(), strict=True)
    ]
    kept = np.array([level in labels for level in levels], dtype=np.bool_)
    known = known_target(stripped[kept], data, labels)
    return Target(known.values, kept, labels, known.task)


def strip_labels(cells: pd.Series[Any], data: Labelled) -> pd.Series[Any]:
    """The target column with the characters of data.target_strip taken off its ends, None where nothing is left."""
    strip = getattr(data, "target_strip", "")
    if not strip or cells.dtype != object:
        return cells
    ends = strip + " "
    stripped = [(cell.strip(ends) or None) if isinstance(cell, str) else cell for cell in cells]
    return pd.Series(stripped, cells.index, dtype=object)


def _task(name: str, look: Look, counts: Counter[str], data: Labelled) -> tuple[Task, str | None]:
    """The task, and a sentence where another one would have been possible too."""
    many = f"the target {name} has {len(counts)} labels in {look.rows} rows"
    if data.task == "binary" and len(counts) != 2:
        raise ConfigError("data.task", f"binary needs two labels, and {many}; use multiclass or regression")
    if data.task == "multiclass" and len(counts) == 2:
        raise ConfigError("data.task", f"multiclass needs three labels or more, and {many}; use binary")
    if looks_like_text(look) and (data.task == "multiclass" or (data.task == "auto" and not look.numeric)):
        raise DataError(f"{many}: it looks like text rather than classes; name another column as data.target")
    if data.task != "auto":
        return data.task, None
    if len(counts) == 2:
        return "binary", None
    if not look.numeric:
        return "multiclass", None
    whole = all(float(number_in(level) or 0).is_integer() for level in counts)
    if whole and len(counts) <= FEW and look.rows / len(counts) >= ROWS_EACH:
        reason = f"the task is multiclass, because {name} holds {len(counts)} whole numbers"
        return "multiclass", f"{reason}; data.task=regression would predict them as numbers"
    return "regression", None


def _ordered(found: list[str], data: Labelled, task: Task) -> tuple[str, ...]:
    """Labels in the order of their numbers, else of the alphabet; the positive one last."""
    numbers = {label: number_in(label) for label in found}
    labels = sorted(found, key=lambda label: (numbers[label] or 0.0, label)) if None not in numbers.values() else sorted(found)
    if data.positive is None:
        return tuple(labels)
    positive = level_in(data.positive)
    if positive not in labels:
        raise ConfigError("data.positive", f"{positive!r} is no label of {data.target}{did_you_mean(positive, labels)}")
    if task != "binary":
        raise ConfigError("data.positive", f"is for two labels, and {data.target} has {listed(labels)}; leave it out")
    return tuple([label for label in labels if label != positive] + [positive])


def _codes(levels: list[str], labels: tuple[str, ...]) -> npt.NDArray[np.int64]:
    code = {label: number for number, label in enumerate(labels)}
    return np.array([code[level] for level in levels], dtype=np.int64)


def _numbers(name: str, known: pd.Series[Any], data: Labelled) -> npt.NDArray[np.float64]:
    numbers = [number_in(cell, decimal_mark(data)) for cell in known]
    for place, number in enumerate(numbers):
        if number is None or not abs(number) <= LARGEST:
            where = f"column {name}, row {int(known.index[place]) + 1}"
            rule = "is no number, as regression needs" if number is None else "is beyond the numbers a network can hold"
            raise DataError(f"{where}: {shown(known.iloc[place])} {rule}; mend the row, or set data.task for classes")
    return np.array(numbers, dtype=np.float64)


def _ending(level: str, labels: tuple[str, ...]) -> str:
    """The punctuation that must go from the level's end to make it a label, or nothing."""
    bare = level.rstrip(".,;:!'\" ")
    return level[len(bare) :] if bare in labels else ""
