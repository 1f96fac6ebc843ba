"""Columns that say nearly the same: a network may use either of two, so each alone looks as if it did not matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from foldwise.data.table import Table

Array = npt.NDArray[Any]

ALIKE = 0.8  # every two columns of a group are associated at least this strongly
ROWS = 2000  # looked at
MOST_COLUMNS = 200  # among which groups are sought: the pairs of more take longer than their importance
MOST_LEVELS = 20  # of a category; the rarer ones count as one


def groups_of(table: Table, rows: Array, seed: int, among: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of two columns or more, each a complete-linkage cluster, in the order of the table.

    Args:
        table: the data. Numbers and dates are compared by their ranks; words of a text are not compared.
        rows: positions of the rows that may be looked at, (rows,).
        seed: of the choice of rows.
        among: the columns that are compared.

    Returns:
        Names of columns; empty if there are more than MOST_COLUMNS.
    """
    wanted = frozenset(among)
    numbers = [name for kind in ("number", "date") for name in table.schema.of_kind(kind) if name in wanted]
    categories = [name for name in table.schema.of_kind("category") if name in wanted]
    names = [*numbers, *categories]
    if not 2 <= len(names) <= MOST_COLUMNS:
        return ()
    some = rows if len(rows) <= ROWS else np.random.default_rng(seed).choice(rows, ROWS, replace=False)
    frame = table.frame.iloc[np.sort(some)]
    ranks = [_ranks(frame[name].to_numpy()) for name in numbers]
    matrix = associations(np.column_stack([np.empty((len(frame), 0)), *ranks]), [_codes(frame[n]) for n in categories])
    distances = squareform(np.clip(1.0 - matrix, 0.0, 1.0), checks=False)
    clusters = fcluster(linkage(distances, "complete"), 1.0 - ALIKE, "distance")
    order = {name: place for place, name in enumerate(table.schema.names)}
    members = [sorted((names[at] for at in np.flatnonzero(clusters == one)), key=order.__getitem__) for one in set(clusters)]
    return tuple(sorted((tuple(own) for own in members if len(own) > 1), key=lambda own: order[own[0]]))


def associations(ranks: Array, codes: list[Array]) -> Array:
    """How strongly each two columns are associated, from 0 to 1, (columns, columns); the numbers come first.

    Two numbers: the size of Spearman's correlation. Two categories: Cramer's V. One of each: the correlation ratio of the
    ranks. The last two are corrected for the number of levels.

    Args:
        ranks: of the numbers, (rows, numbers).
        codes: of each category, from 0, (rows,).

    Source: Bergsma 2013, "A bias-correction for Cramer's V and Tschuprow's T"; Kelley 1935 (epsilon squared).
    """
    rows, numbers = ranks.shape
    centred = ranks - ranks.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    each = [np.eye(int(of.max()) + 1)[of] if len(of) else np.empty((0, 1)) for of in codes]
    count = numbers + len(codes)
    found = np.zeros((count, count))
    found[:numbers, :numbers] = np.abs(scaled.T @ scaled)
    for place, own in enumerate(each, numbers):
        found[place, :numbers] = found[:numbers, place] = _ratios(scaled, own, rows)
        for other in range(place + 1, count):
            found[place, other] = found[other, place] = _cramer(own.T @ each[other - numbers])
    np.fill_diagonal(found, 1.0)
    return found


def _ratios(scaled: Array, own: Array, rows: int) -> Array:
    """The correlation ratio of each number with a category, (numbers,)."""
    counts, levels = own.sum(axis=0), own.shape[1]
    if rows <= levels or levels < 2:
        return np.zeros(scaled.shape[1])
    between = ((own.T @ scaled) ** 2 / np.maximum(counts, 1.0)[:, None]).sum(axis=0)  # the whole spread is 1
    varies = (scaled != 0).any(axis=0)
    return np.where(varies, np.sqrt(np.clip(1.0 - (1.0 - between) * (rows - 1) / (rows - levels), 0.0, 1.0)), 0.0)


def _cramer(counts: Array) -> float:
    """Cramer's V of a table of counts."""
    rows = counts.sum()
    counts = counts[np.ix_(counts.sum(axis=1) > 0, counts.sum(axis=0) > 0)]
    high, wide = counts.shape
    if rows < 2 or min(high, wide) < 2:
        return 0.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0))
    phi = max(0.0, float((counts**2 / expected).sum()) - 1.0 - (high - 1) * (wide - 1) / (rows - 1))
    sides = [side - (side - 1) ** 2 / (rows - 1) - 1.0 for side in (high, wide)]
    return float(np.sqrt(min(1.0, phi / min(sides)))) if min(sides) > 0 else 0.0


def _ranks(cells: Array) -> Array:
    """Ranks of numbers or moments, (rows,); a missing one is in the middle."""
    values = cells.astype("datetime64[us]").astype(np.float64) if cells.dtype.kind == "M" else cells.astype(np.float64)
    missing = np.isnat(cells) if cells.dtype.kind == "M" else np.isnan(values)
    if missing.all():
        return np.zeros(len(values))
    values[missing] = np.median(values[~missing])
    ranks: Array = rankdata(values)
    return ranks


def _codes(cells: Any) -> Array:
    """Levels as codes from 0, the most frequent first, (rows,); the rarer ones and missing cells have the last codes."""
    counts = cells.value_counts()
    own = {level: code for code, level in enumerate(counts.index[:MOST_LEVELS])}
    codes = [len(own) + 1 if cell is None else own.get(cell, len(own)) for cell in cells]
    return np.unique(codes, return_inverse=True)[1]
