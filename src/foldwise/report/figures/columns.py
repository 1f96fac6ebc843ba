"""Which columns matter, as bars with 95 % intervals; columns of a group below their group."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from foldwise.report.figures.names import drawable
from foldwise.report.figures.score_axes import WIDTH, part_of
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain
from foldwise.system.numbers import counted
from foldwise.trial.importance import GroupImportance, Importance

MOST, MEMBERS = 24, 3  # bars, and those of the columns of a group
PALE = 0.45  # of the bars of columns that are shuffled with others too


def bars_of(found: Importance) -> list[tuple[GroupImportance, bool]]:
    """The bars from above, and whether each is a column of the group above it."""
    members = {
        place: [GroupImportance((one.name,), one.importance, one.low, one.high) for one in found.columns if one.group == place]
        for place in range(len(found.groups))
    }
    bars: list[tuple[GroupImportance, bool]] = []
    for unit in found.ranked:
        bars.append((unit, False))
        if len(unit.columns) > 1:
            bars += [(one, True) for one in members[found.groups.index(unit)][:MEMBERS]]
    return bars[:MOST]


def draw_importance(found: Importance) -> Figure:
    """The bars as a picture."""
    bars = bars_of(found)
    figure = canvas(WIDTH, 1.5 + 0.25 * len(bars))
    axes = plain(figure.subplots(), "", _across(found), "")
    axes.xaxis.label.set_fontsize(9)
    for place, (one, inside) in enumerate(bars):
        alone = len(one.columns) == 1
        axes.barh(place, one.importance, 0.62, color=COLOURS[0 if alone else 2], alpha=PALE if inside else 0.85)
        if one.low is not None and one.high is not None:
            axes.hlines(place, one.low, one.high, color="black", linewidth=1.1)
    names = [f"only {drawable(one.columns[0], 26)}" if inside else _name(one) for one, inside in bars]
    axes.set_yticks(np.arange(len(bars)), names, fontsize=8.5)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=GREY, linewidth=0.8)
    shown = {name for one, _ in bars for name in one.columns}
    alike = "; green: columns that say nearly the same, together" if any(len(one.columns) > 1 for one, _ in bars) else ""
    part = f"{part_of(len(shown), found.of, 'columns')}, {counted(found.rows, 'row')}{alike}"
    figure.suptitle(f"Which columns matter ({part})", x=0.01, ha="left", fontsize=10)
    return figure


def _name(one: GroupImportance) -> str:
    first, others = drawable(one.columns[0], 28), len(one.columns) - 1
    return f"{first} and {others} like it" if others else first


def _across(found: Importance) -> str:
    ends = "; lines: 95 % intervals" if any(one.low is not None for one in found.columns) else ""
    return f"how much worse {found.metric} gets where it is shuffled, out of fold{ends}"
