"""The target: the task, the labels in their order, and each row's value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import LARGEST, alike_levels, folded, level_in, listed, number_in, numbers_in, shown, truth_aliases
from foldwise.data.check_text import Role, check_text
from foldwise.data.formula_text import unescaped
from foldwise.data.kinds import MISSING_WORDS, Look, look_at, looks_like_text
from foldwise.data.option import option
from foldwise.data.schema import levels_of
from foldwise.data.target_columns import TargetColumn
from foldwise.data.written import number_shape, plain_cells
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import Labelled
from foldwise.spec.goal import Task
from foldwise.system.known_words import did_you_mean

# whole numbers are classes where there are at most FEW of them, each in about ROWS_EACH rows
FEW = 20
ROWS_EACH = 10
TARGET = Role(is_target=True)


@dataclass(frozen=True, eq=False)
class Target:
    """The targets of the rows that have one.

    values: int64 codes into `labels`, or float64 for regression; (rows kept,).
    kept: bool (rows,), False where the target is missing.
    written: how the numbers of a regression are written, if not plainly (see `written`).
    columns: of several numbers; then values are (rows kept, columns).
    """

    values: npt.NDArray[Any]
    kept: npt.NDArray[np.bool_]
    labels: tuple[str, ...]
    task: Task
    notes: tuple[str, ...] = ()
    written: str = ""
    columns: tuple[TargetColumn, ...] = ()


def read_target(cells: pd.Series[Any], data: Labelled, role: Role = TARGET) -> Target:
    """Infer the task from the target column, or take `data.task`, and encode the target.

    Raises:
        ConfigError: data.task or data.positive does not fit the column.
        DataError: the column is empty, constant, or holds text rather than classes.
    """
    name, decimal, cells = data.target_name, data.reading.decimal, strip_labels(cells, data)
    kept = cells.notna().to_numpy()
    known = cells[kept]
    if known.empty:
        raise DataError(f"the target {name} is missing in all {len(cells)} rows; name another column as data.target")
    look = look_at(known, decimal)
    written = _written(look, data)
    if written:
        known = plain_cells(known, written, decimal)
        look = look_at(known, decimal)
    if data.task in ("auto", "regression"):
        check_text(name, known, look, decimal, data.reading.missing, role)
    levels = _levels(known, data)
    counts = Counter(levels)
    if len(counts) == 1:
        rule = f"the target {name} is {shown(levels[0])} in every row, so there is nothing to learn"
        raise DataError(f"{rule}; name another column as data.target")
    task, reason = _task(name, look, counts, data)
    notes = [reason] if reason else []
    if gone := len(cells) - len(known):
        notes.append(f"{gone} of {len(cells)} rows have no {name} and are left out")
    if written:
        notes.append(f"the target {name} is read as a number written like {written}")
    notes += label_notes(name, list(counts), data)
    if task == "regression":
        if data.positive is not None:
            raise ConfigError("data.positive", f"is for two labels, and {name} is a number to predict; leave it out")
        return Target(_numbers(known, data, look.numbers), kept, (), task, tuple(notes), written)
    labels = _ordered(list(counts), data, task)
    return Target(_codes(levels, labels), kept, labels, task, tuple(notes))


def label_notes(name: str, labels: Sequence[str], data: Labelled) -> list[str]:
    """Notes on labels that often mean missing, or that differ only by case or space."""
    notes = [
        f"{shown(word)} is a label of {name}; if it means missing set " + option("data.missing", [*data.reading.missing, word])
        for word in MISSING_WORDS
        if word in labels
    ]
    alike = alike_levels(labels)
    if alike:
        notes.append(f"{name} has labels that differ only by case or space ({alike}); data.join_levels=true joins them")
    return notes


def known_target(cells: pd.Series[Any], data: Labelled, labels: tuple[str, ...], written: str = "") -> Target:
    """Encode the target of other rows by the labels of the training rows; without labels the task is regression.

    written: how the numbers of a regression are written.

    Raises:
        DataError: a label is unknown, or a cell is not a number in a regression; with the row and what would fix it.
    """
    stripped = strip_labels(cells, data)
    kept = stripped.notna().to_numpy()
    known = stripped[kept]
    if not labels:
        return Target(_numbers(plain_cells(known, written, data.reading.decimal), data), kept, (), "regression")
    levels = _as_labels(_levels(known, data), labels)
    strange = dict.fromkeys(level for level in levels if level not in labels)
    if strange:
        first = next(iter(strange))
        row = int(known.index[levels.index(first)]) + 1
        ends = sorted({_ending(level, labels) for level in strange})
        if "" not in ends:
            proposal = f"; data.target_strip='{''.join(ends)}' would make it match"
        else:
            proposal = did_you_mean(first, labels)
        raise DataError(f"column {data.target_name}, row {row}: {shown(first)} is not a label of the training rows{proposal}")
    task: Task = "binary" if len(labels) == 2 else "multiclass"
    return Target(_codes(levels, labels), kept, labels, task)


def scorable(cells: pd.Series[Any], data: Labelled, labels: tuple[str, ...], written: str = "") -> Target:
    """As `known_target`, but rows with a missing or unknown label are left out instead of refused."""
    stripped = strip_labels(cells, data)
    if not labels:
        return known_target(stripped, data, labels, written)
    levels = _as_labels(_levels(stripped, data), labels)
    kept = np.array([level in labels for level in levels], dtype=np.bool_)
    known = known_target(stripped[kept], data, labels)
    return Target(known.values, kept, labels, known.task)


def strip_labels(cells: pd.Series[Any], data: Labelled) -> pd.Series[Any]:
    """The target column without the characters of data.target_strip at the ends of its cells; None where nothing is left."""
    strip = data.reading.target_strip
    if not strip or cells.dtype != object:
        return cells
    ends = strip + " "
    stripped = [(cell.strip(ends) or None) if isinstance(cell, str) else cell for cell in cells]
    return pd.Series(stripped, cells.index, dtype=object)


def _levels(known: pd.Series[Any], data: Labelled) -> list[str]:
    levels: list[str] = levels_of(known, data.reading.decimal, frozenset(), data.reading.join_levels).tolist()
    return levels


def _as_labels(levels: list[str], labels: tuple[str, ...]) -> list[str]:
    """Levels spelt as the labels are: without the quote of an escaped formula, truth values alike."""
    aliases = truth_aliases(labels)
    plain = [unescaped(level or "", labels) for level in levels]  # a missing cell is not a label
    return [level if level in labels else aliases.get(level, level) for level in plain]


def _written(look: Look, data: Labelled) -> str:
    """How the target's numbers are written, if they have one affix and are not few enough to be classes."""
    few = len(look.levels) <= FEW and look.rows / len(look.levels) >= ROWS_EACH
    if look.numeric or data.task not in ("auto", "regression") or (few and data.task == "auto"):
        return ""
    return number_shape(list(look.levels), data.reading.decimal) or ""


def _task(name: str, look: Look, counts: Counter[str], data: Labelled) -> tuple[Task, str | None]:
    """The task, and a note where another task would be possible."""
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
    whole = all(float(look.numbers.get(level, level)).is_integer() for level in look.levels)
    if whole and len(counts) <= FEW and look.rows / len(counts) >= ROWS_EACH:
        reason = f"the task is multiclass, because {name} holds {len(counts)} whole numbers"
        return "multiclass", f"{reason}; data.task=regression would predict them as numbers"
    return "regression", None


def _ordered(found: list[str], data: Labelled, task: Task) -> tuple[str, ...]:
    """Labels sorted as numbers, else by the alphabet; the positive one last."""
    numbers = {label: number_in(label) for label in found}
    labels = sorted(found, key=lambda label: (numbers[label] or 0.0, label)) if None not in numbers.values() else sorted(found)
    if data.positive is None:
        return tuple(labels)
    positive = folded(level_in(data.positive)) if data.reading.join_levels else level_in(data.positive)
    if positive not in labels:
        raise ConfigError("data.positive", f"{positive!r} is not a label of {data.target_name}{did_you_mean(positive, labels)}")
    if task != "binary":
        raise ConfigError("data.positive", f"is for two labels, and {data.target_name} has {listed(labels)}; leave it out")
    return tuple([label for label in labels if label != positive] + [positive])


def _codes(levels: list[str], labels: tuple[str, ...]) -> npt.NDArray[np.int64]:
    code = {label: number for number, label in enumerate(labels)}
    return np.array([code[level] for level in levels], dtype=np.int64)


def _numbers(
    known: pd.Series[Any], data: Labelled, parsed: Mapping[str, float | None] | None = None
) -> npt.NDArray[np.float64]:
    numbers = numbers_in(known.to_list(), data.reading.decimal, parsed)
    for place, number in enumerate(numbers):
        if number is None or not abs(number) <= LARGEST:
            where = f"column {data.target_name}, row {int(known.index[place]) + 1}"
            rule = "is not a number, as regression needs" if number is None else "is larger than a network can hold"
            raise DataError(f"{where}: {shown(known.iloc[place])} {rule}; fix the row, or set data.task for classes")
    return np.array(numbers, dtype=np.float64)


def _ending(level: str, labels: tuple[str, ...]) -> str:
    """The punctuation at the level's end without which it would be a label, or ''."""
    bare = level.rstrip(".,;:!'\" ")
    return level[len(bare) :] if bare in labels else ""
