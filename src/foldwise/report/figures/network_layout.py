"""The layout of a network's drawing: layers downwards, branches side by side, in columns.

A simple form of layered graph drawing. Source: Sugiyama, Tagawa and Toda, "Methods for visual understanding of
hierarchical system structures", IEEE Transactions on Systems, Man, and Cybernetics 11, 109 (1981).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

BOX, HIGH = 2.6, 0.42  # inches
LANE = 0.16  # width for a line that passes boxes
BESIDE, BELOW, FANNED = 0.2, 0.2, 0.42  # gaps between boxes: sideways, downwards, downwards if lines fan out
GUTTER = 0.5  # between columns
MARGIN = 0.3  # above and below columns, where lines turn
TALL = 10.0  # inches of one column
EARLIER, LATER = 6, 4  # ranks that a column can end early or late, to cut fewer lines
SWEEPS = 4
FIRM, LOOSE = 1e4, 1.0  # weights of boxes and lines: boxes stay in line, lines give way

Point = tuple[float, float]
Item = tuple[int, int]  # a layer, and how many ranks its line has gone down; 0 is its box


@dataclass(frozen=True)
class Layout:
    """In inches from the upper left, y downwards. boxes: centres. lines: corner points from a layer to those that take it."""

    boxes: tuple[Point, ...]
    lines: tuple[tuple[Point, ...], ...]
    width: float
    height: float


def lay_out(inputs: Sequence[tuple[int, ...]]) -> Layout:
    """The layout of layers, given the places of the earlier layers that each takes."""
    ranks = ranks_of(inputs)
    rows, links = _rows_and_links(inputs, ranks)
    across = _across(rows, links)
    drops = [_drop(links, across, rank) for rank in range(len(rows))]
    columns = _columns(links, drops, max(across.values()) - min(across.values()) + BOX)
    return _placed(inputs, rows, links, across, drops, columns)


def ranks_of(inputs: Sequence[tuple[int, ...]]) -> list[int]:
    """The number of layers above each on the longest path to it."""
    ranks: list[int] = []
    for taken in inputs:
        ranks.append(max((ranks[place] + 1 for place in taken), default=0))
    return ranks


def _rows_and_links(
    inputs: Sequence[tuple[int, ...]], ranks: Sequence[int]
) -> tuple[list[list[Item]], list[list[tuple[Item, Item]]]]:
    """The items of each rank, and the links from a rank to the next."""
    rows: list[list[Item]] = [[] for _ in range(max(ranks) + 1)]
    links: list[list[tuple[Item, Item]]] = [[] for _ in rows]
    for layer, rank in enumerate(ranks):
        rows[rank].append((layer, 0))
    passing = set[Item]()
    for layer, taken in enumerate(inputs):
        for giver in taken:
            steps = ranks[layer] - ranks[giver]
            way = [(giver, step) for step in range(steps)]
            for step, (above, below) in enumerate(pairwise(way), ranks[giver]):
                if below not in passing:
                    passing.add(below)
                    rows[step + 1].append(below)
                    links[step].append((above, below))
            links[ranks[layer] - 1].append((way[-1], (layer, 0)))
    return rows, links


def _size(item: Item) -> float:
    return BOX if item[1] == 0 else LANE


def _across(rows: list[list[Item]], links: list[list[tuple[Item, Item]]]) -> dict[Item, float]:
    """The x of every item. Neighbours pull it, and the order within a rank follows the rank above."""
    above: dict[Item, list[Item]] = {item: [] for row in rows for item in row}
    below: dict[Item, list[Item]] = {item: [] for row in rows for item in row}
    for upper, lower in (link for rank in links for link in rank):
        above[lower].append(upper)
        below[upper].append(lower)
    across = dict.fromkeys(above, 0.0)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        near = above if downwards else below
        for row in rows if downwards else reversed(rows):
            pulls = {item: _pull(item, near[item], across) for item in row}
            if sweep == 0:  # lines go to the right of the boxes that they pass
                row.sort(key=lambda item: (pulls[item], item[1] > 0))
            _spread(row, pulls, across)
    return across


def _pull(item: Item, near: Sequence[Item], across: dict[Item, float]) -> float:
    """The x that the neighbours pull the item to; boxes pull more than passing lines."""
    if not near:
        return across[item]
    weights = [FIRM if other[1] == 0 else LOOSE for other in near]
    return sum(weight * across[other] for weight, other in zip(weights, near, strict=True)) / sum(weights)


def _spread(row: Sequence[Item], pulls: dict[Item, float], across: dict[Item, float]) -> None:
    """Set the places closest to the pulls, by weighted least squares, without overlaps (pool adjacent violators)."""
    start, starts = 0.0, []
    for place, item in enumerate(row):
        if place:
            start += (_size(row[place - 1]) + _size(item)) / 2 + BESIDE
        starts.append(start)
    pools: list[tuple[float, float, int]] = []  # where, weight, items
    for item, offset in zip(row, starts, strict=True):
        where, weight, count = pulls[item] - offset, FIRM if item[1] == 0 else LOOSE, 1
        while pools and pools[-1][0] > where:
            other, heavy, many = pools.pop()
            where, weight, count = (where * weight + other * heavy) / (weight + heavy), weight + heavy, count + many
        pools.append((where, weight, count))
    shifts = [where for where, _, count in pools for _ in range(count)]
    for item, offset, shift in zip(row, starts, shifts, strict=True):
        across[item] = offset + shift


def _drop(links: list[list[tuple[Item, Item]]], across: dict[Item, float], rank: int) -> float:
    """The distance from the top of a rank to the top of the next."""
    fanned = any(abs(across[upper] - across[lower]) > BOX / 2 for upper, lower in links[rank])
    return HIGH + (FANNED if fanned else BELOW)


def _columns(links: list[list[tuple[Item, Item]]], drops: Sequence[float], wide: float) -> list[range]:
    """Split the ranks into columns, so that the drawing is not taller than wide and few lines are cut."""
    whole, count = sum(drops), 1
    while whole / count > max(TALL, 0.75 * count * (wide + GUTTER)):
        count += 1
    columns, start = [], 0
    for left in range(count, 0, -1):
        if left == 1 or start >= len(drops):
            break
        goal, stop, height = sum(drops[start:]) / left, start, 0.0
        while stop < len(drops) and height + drops[stop] <= goal + HIGH:
            height += drops[stop]
            stop += 1
        stop = max(stop, start + 1)
        about = range(max(start + 1, stop - EARLIER), min(len(drops) - 1, stop + LATER) + 1)
        stop = min(about, key=lambda end: (len({upper for upper, _ in links[end - 1]}), abs(end - stop)), default=stop)
        columns.append(range(start, stop))
        start = stop
    return [*columns, range(start, len(drops))] if start < len(drops) else columns


def _placed(
    inputs: Sequence[tuple[int, ...]],
    rows: list[list[Item]],
    links: list[list[tuple[Item, Item]]],
    across: dict[Item, float],
    drops: Sequence[float],
    columns: Sequence[range],
) -> Layout:
    at: dict[Item, Point] = {}
    lines: list[tuple[Point, ...]] = []
    left, margin = 0.0, MARGIN if len(columns) > 1 else 0.0
    edges: list[float] = []  # left edge of each column
    feet: list[float] = []  # lower edge of each column
    for ranks in columns:
        here = [item for rank in ranks for item in rows[rank]]
        low = min(across[item] - _size(item) / 2 for item in here)
        wide = max(across[item] + _size(item) / 2 for item in here) - low
        edges.append(left)
        top = margin
        for rank in ranks:
            at.update({item: (left + across[item] - low, top + HIGH / 2) for item in rows[rank]})
            top += drops[rank]
        feet.append(top - drops[ranks[-1]] + HIGH + margin)
        left += wide + GUTTER
    ends = {ranks[-1]: number for number, ranks in enumerate(columns[:-1])}
    for rank, pairs in enumerate(links):
        turning = list(dict.fromkeys(upper for upper, _ in pairs))
        for upper, lower in pairs:
            (x, y), (x_to, y_to) = at[upper], at[lower]
            begin, end = (x, y + HIGH / 2), (x_to, y_to - HIGH / 2)
            if rank in ends:  # down, to the gutter, up, and into the next column
                share = (turning.index(upper) + 1) / (len(turning) + 1)
                gutter, turn = edges[ends[rank] + 1] - GUTTER * share, margin * share
                foot = feet[ends[rank]] - turn
                lines.append((begin, (x, foot), (gutter, foot), (gutter, turn), (x_to, turn), end))
            else:
                lines.append((begin, end))
            if lower[1]:
                lines.append((end, (x_to, y_to + HIGH / 2)))
    boxes = tuple(at[layer, 0] for layer in range(len(inputs)))
    return Layout(boxes, tuple(lines), left - GUTTER, max(feet))
