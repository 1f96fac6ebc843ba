"""Constants such as -200 or 999 that stand for missing values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.subject import FEW_ROWS, Floats, Subject
from foldwise.data.cells import EXACT, listed, number_in
from foldwise.data.option import option

Counts = npt.NDArray[np.int64]

LEAST_ROWS, LEAST_SHARE = 5, 0.01
OTHERS, MANY_OTHERS = 5, 10  # distinct other values: of any such column, and of one with a single negative value
OFTEN, VERY_OFTEN = 5.0, 10.0  # times as often as other values
LARGE = 100.0
NEAR = 0.1  # gap between a value of nines and the others, as a share of their range
MOST = 3  # different constants of a column
MOST_ROWS = 4000
MOST_DIGITS = 6  # behind the decimal mark, of a column whose numbers have a fixed number of digits


def constants_for_missing(subject: Subject) -> Iterator[Finding]:
    """Values of numbers, and of a target of numbers, that are far too frequent and far from the others, or written in nines."""
    table = subject.table
    if len(subject.rows) < FEW_ROWS:
        return
    numbers = [number_in(label) for label in table.labels]
    if len(numbers) > 2 and None not in numbers:
        yield from _found(subject, table.target_name, np.array(numbers, dtype=np.float64)[table.target[subject.rows]])
    elif not numbers:
        yield from _found(subject, table.target_name, table.target[subject.rows].astype(np.float64))
    for column in table.schema.of_kind("number"):
        yield from _found(subject, column, table.frame[column].to_numpy(np.float64)[subject.rows])


def _found(subject: Subject, name: str, values: Floats) -> Iterator[Finding]:
    sample = values[:: -(-len(values) // MOST_ROWS)]
    levels, counts = np.unique(sample[~np.isnan(sample)], return_counts=True)
    marks: list[float] = []
    while len(marks) < MOST and (place := _constant(levels, counts)) is not None:
        marks.append(levels[place])
        levels, counts = np.delete(levels, place), np.delete(counts, place)
    if marks:
        share = np.isin(values, marks).mean()
        written = [_written(mark) for mark in marks]
        message = f"{share:.0%} of its values are {listed(written, last='or')}, unlike all others ({levels[0]:.6g} to"
        message += f" {levels[-1]:.6g})"
        reading = subject.table.reading
        texts = [text.replace(".", reading.decimal) for mark in marks for text in _spellings(mark, levels)]
        proposal = option("data.missing", list(dict.fromkeys([*reading.missing, *texts])))
        advice = f"if it stands for missing, set {proposal}, or empty these cells in a typed source"
        yield Finding("warn", "sentinel", (name,), message, advice)


def _constant(levels: Floats, counts: Counts) -> int | None:
    """The place of a value that seems to stand for missing, or None; both ends and the most frequent value are judged."""
    if len(levels) <= OTHERS:
        return None
    for place in dict.fromkeys((0, len(levels) - 1, int(counts.argmax()))):
        if counts[place] >= max(LEAST_ROWS, LEAST_SHARE * counts.sum()) and levels[place] != 0:
            others = np.delete(levels, place), np.delete(counts, place)
            if _unlike(float(levels[place]), int(counts[place]), *others):
                return place
    return None


def _unlike(value: float, count: int, others: Floats, counts: Counts) -> bool:
    """Whether a value is far from the others, or the only negative one and frequent, or written in nines and frequent."""
    gap, spread = np.abs(others - value).min(), others[-1] - others[0]
    only_negative = bool(value < 0 <= others[0])
    if others[0] < value < others[-1]:
        return _nines(value) and count >= VERY_OFTEN * counts.max()
    if only_negative and len(others) >= MANY_OTHERS and value.is_integer() and count >= OFTEN * counts.max():
        return True
    if gap >= spread:
        return only_negative or abs(value) >= LARGE or _nines(value)
    most = np.subtract(*np.quantile(others, [0.98, 0.02]))  # without other constants
    return bool(_nines(value) and gap >= NEAR * most and count >= OFTEN * np.median(counts))


def _nines(value: float) -> bool:
    """Whether a value is written in nines, as 999, 99.9 and -9 are."""
    digits = _written(abs(value)).replace(".", "")
    return set(digits) == {"9"} and abs(value) >= 9 and (len(digits) > 1 or value < 0)


def _written(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < EXACT else repr(float(value))


def _spellings(mark: float, others: Floats) -> list[str]:
    """How a text source may write a mark, which must equal the cell: -200, -200.0, and with the digits of the others."""
    written = _written(mark)
    whole, _, digits = written.partition(".")
    most = max((len(_written(other).partition(".")[2]) for other in others), default=0)
    lengths = {max(len(digits), 1), *([most] if len(digits) < most <= MOST_DIGITS else [])}
    return [*([] if digits else [written]), *(f"{whole}.{digits.ljust(length, '0')}" for length in sorted(lengths))]
