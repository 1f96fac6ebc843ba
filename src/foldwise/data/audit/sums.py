"""Two or three columns whose sum, difference, product or ratio is the target."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from foldwise.data.audit.finding import Finding
from foldwise.data.audit.subject import FEW_ROWS, Floats, Subject
from foldwise.data.audit.target import MOST_COLUMNS
from foldwise.data.cells import number_in

EXACT = 0.001  # the share of the target's variance that a sum may leave, as rounding does
HELPS = 4.0  # each column makes what the others leave at least so much smaller
MOST_ROWS = 4000
STEADY = 0.01  # a slope nearer to 1 than this is 1
FEW_LEVELS = 10  # of a category whose levels may be numbers

ADVICE = "if they are known only when {target} is, data.drop=[{{columns}}]"


def sums_to_target(subject: Subject) -> Iterator[Finding]:
    """Two or three columns whose sum or difference is the target, exactly or but for a factor, a constant and rounding.

    If there are none, the same is asked of the logarithms: then a product or a ratio is the target, but for a factor.

    All pairs and triples are compared by their covariances alone, so 100 columns take no longer than a pass over their rows.
    """
    table = subject.table
    target = _numbers_of_target(subject)
    if len(subject.rows) < FEW_ROWS or target is None:
        return
    rows = subject.rows if len(subject.rows) <= MOST_ROWS else subject.rows[:: -(-len(subject.rows) // MOST_ROWS)]
    names, values = _columns(subject, rows)
    if len(names) < 2:
        return
    known = ~np.isnan(values).any(axis=1)
    answers, values = target[rows[known]], values[known]
    message = _as_sum(table.target_name, names, answers, values) or _as_product(table.target_name, names, answers, values)
    if message is not None:
        yield Finding("warn", "sum", message[0], message[1], ADVICE.format(target=table.target_name))


def _as_sum(target: str, names: list[str], answers: Floats, values: Floats) -> tuple[tuple[str, ...], str] | None:
    """The columns and a sentence, if the target (rows,) is a sum of columns (rows, names)."""
    found = _formula(names, answers, values)
    if found is None:
        return None
    terms, slope = found
    formula = "".join(f" {'+' if sign > 0 else '-'} {name}" for sign, name in _positive_first(terms)).removeprefix(" + ")
    other = "" if abs(slope - 1) < STEADY else f", times {slope:.4g}"
    return tuple(name for _, name in terms), f"{target} is {formula}{other}, but for rounding or a constant"


def _as_product(target: str, names: list[str], answers: Floats, values: Floats) -> tuple[tuple[str, ...], str] | None:
    """As `_as_sum`, of a product or a ratio; rows whose target is 0 and columns with another 0 are left out."""
    rows = np.flatnonzero(answers)
    keep = np.flatnonzero((values[rows] != 0).all(axis=0))
    if len(rows) < max(FEW_ROWS, len(answers) / 2) or len(keep) < 2:
        return None
    left = [names[place] for place in keep]
    found = _formula(left, np.log(np.abs(answers[rows])), np.log(np.abs(values[np.ix_(rows, keep)])))
    if found is None or abs(found[1] - 1) >= STEADY:
        return None
    terms = found[0]
    signs = np.sign(np.column_stack([answers[rows], *(values[rows, names.index(name)] for _, name in terms)])).prod(axis=1)
    if not (signs == signs[0]).all():
        return None
    formula = "".join(f" {'*' if sign > 0 else '/'} {name}" for sign, name in _positive_first(terms)).removeprefix(" * ")
    return tuple(name for _, name in terms), f"{target} is {formula}, but for rounding or a factor"


def _formula(names: list[str], answers: Floats, values: Floats) -> tuple[list[tuple[int, str]], float] | None:
    """The signs and names of the columns (rows, names) whose sum is the answers (rows,), and its slope."""
    centred = np.column_stack([answers, values])
    centred -= centred.mean(axis=0)
    spread = centred.std(axis=0)
    if len(answers) < FEW_ROWS or spread[0] == 0:
        return None
    keep = np.flatnonzero(spread[1:] > 0)
    if len(keep) < 2:
        return None
    covariance = np.cov(centred[:, [0, *(keep + 1)]], rowvar=False, bias=True)
    found = _pair(covariance) or _triple(covariance)
    if found is None:
        return None
    places, signs = found
    return [(sign, names[keep[place]]) for sign, place in zip(signs, places, strict=True)], _slope(covariance, places, signs)


def _positive_first(terms: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(terms, key=lambda term: -term[0])


def _numbers_of_target(subject: Subject) -> Floats | None:
    """The target as numbers, (rows of table,), or None if it is a word or has two values."""
    table = subject.table
    if not table.labels:
        return np.asarray(table.target, dtype=np.float64)
    numbers = [number_in(label) for label in table.labels]
    if len(numbers) <= 2 or None in numbers:
        return None
    return np.array(numbers, dtype=np.float64)[np.asarray(table.target, dtype=np.int64)]


def _columns(subject: Subject, rows: np.ndarray) -> tuple[list[str], Floats]:
    """Numbers, and categories whose levels are numbers; those with the fewest missing cells that leave half of the rows."""
    frame, found = subject.table.frame, {}
    for name in subject.columns:
        if name in subject.numbers:
            found[name] = frame[name].to_numpy(np.float64)[rows]
        elif name in subject.table.schema.of_kind("category"):
            cells = frame[name].iloc[rows]
            numbers = {level: number_in(level) for level in cells[cells.notna()].unique()[: FEW_LEVELS + 1]}
            if len(numbers) <= FEW_LEVELS and None not in numbers.values():
                found[name] = cells.map(numbers).to_numpy(np.float64)
        if len(found) == 10 * MOST_COLUMNS:
            break
    names, known = [], np.ones(len(rows), dtype=np.bool_)
    for name in sorted(found, key=lambda name: int(np.isnan(found[name]).sum()))[:MOST_COLUMNS]:
        left = known & ~np.isnan(found[name])
        if left.sum() >= max(FEW_ROWS, len(rows) / 2):
            names.append(name)
            known = left
    return names, np.column_stack([found[name] for name in names]) if names else np.empty((len(rows), 0))


def _left(cross: Floats, variance: Floats, total: float) -> Floats:
    """The share of the target's variance that sums with this covariance and variance leave."""
    useful = variance > 1e-9 * total
    return 1.0 - np.where(useful, cross**2 / np.where(useful, variance, 1.0), 0.0) / total


def _pair(covariance: Floats) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The places and signs of the best pair, if it leaves next to nothing and both columns help."""
    total, cross, among = covariance[0, 0], covariance[0, 1:], covariance[1:, 1:]
    own = np.diag(among)
    best = []
    for sign in (1, -1):
        left = _left(cross[:, None] + sign * cross[None], own[:, None] + own[None] + 2 * sign * among, total)
        left[np.tril_indices(len(own))] = 1.0
        i, j = divmod(int(left.argmin()), len(own))
        best.append((float(left[i, j]), (i, j), (1, sign)))
    return _helping(covariance, *min(best))


def _triple(covariance: Floats) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """As `_pair`, of three columns."""
    total, cross, among = covariance[0, 0], covariance[0, 1:], covariance[1:, 1:]
    own, best = np.diag(among), (1.0, (0, 0, 0), (1, 1, 1))
    later = np.tril_indices(len(own))
    for second, third in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        for first in range(len(own) - 2):
            pairs = own[first] + own[:, None] + own[None] + 2 * second * third * among
            pairs = pairs + 2 * second * among[first][:, None] + 2 * third * among[first][None]
            left = _left(cross[first] + second * cross[:, None] + third * cross[None], pairs, total)
            left[later] = 1.0
            left[: first + 1] = 1.0
            j, k = divmod(int(left.argmin()), len(own))
            best = min(best, (float(left[j, k]), (first, j, k), (1, second, third)))
    return _helping(covariance, *best)


def _helping(
    covariance: Floats, left: float, places: tuple[int, ...], signs: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The places and signs, if next to nothing is left and every column is needed; a difference points as the target does."""
    if left > EXACT:
        return None
    for some in combinations(range(len(places)), len(places) - 1):
        at = np.array([places[one] + 1 for one in some])
        fitted = np.linalg.lstsq(covariance[np.ix_(at, at)], covariance[at, 0], rcond=None)[0]
        if 1.0 - float(covariance[at, 0] @ fitted) / covariance[0, 0] < HELPS * max(left, EXACT / HELPS):
            return None
    if 1 in signs and -1 in signs and _slope(covariance, places, signs) < 0:
        signs = tuple(-sign for sign in signs)
    return places, signs


def _slope(covariance: Floats, places: tuple[int, ...], signs: tuple[int, ...]) -> float:
    at, weights = np.array(places) + 1, np.array(signs, dtype=np.float64)
    return float(weights @ covariance[at, 0] / (weights @ covariance[np.ix_(at, at)] @ weights))
