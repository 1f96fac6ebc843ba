"""Scores of each class and of each level of a category, with 95 % intervals, beside the score of all rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foldwise.evaluation.level_scores import LevelScore
from foldwise.report.figures.names import drawable
from foldwise.report.figures.score_axes import QUIET, WIDTH, note
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain
from foldwise.spec.goal import Goal

MOST = 30  # rows of dots of either kind


def draw_levels(found: Sequence[LevelScore], goal: Goal, whole: float) -> Figure:
    """Classes and levels below each other; of very many levels those with the worst scores.

    Args:
        found: the scores.
        goal: the metric of levels.
        whole: the score of all rows.
    """
    classes, levels = ([one for one in found if one.kind == kind] for kind in ("class", "level"))
    if len(levels) > MOST:
        worst = sorted(levels, key=lambda one: goal.sign * one.score)[:MOST]
        shown = [one for one in levels if one in worst]
    else:
        shown = levels
    parts = [part for part in ((classes[:MOST], True), (shown, False)) if part[0]]
    heights = [1 + len(part) for part, _ in parts]
    figure = canvas(WIDTH, 0.7 * len(parts) + 0.5 + 0.23 * sum(heights))
    every = figure.subplots(len(parts), 1, height_ratios=heights, squeeze=False)
    for (part, is_classes), axes in zip(parts, every.flat, strict=True):
        title = "Recall of each class" if is_classes else "Levels of categories"
        plain(axes, title, f"{'recall' if is_classes else goal.metric}, out of fold, with 95 % intervals", "")
        _dots(axes, part, math.nan if is_classes else whole)
        if not is_classes:
            which = f"the worst {len(shown)} of {len(levels)} levels; " if len(shown) < len(levels) else ""
            apart = sum(not one.low <= whole <= one.high for one in levels)
            note(axes, f"{which}dashed: all rows; {apart} of {len(levels)} intervals beside it (1 in 20 by chance)")
        else:
            note(axes, f"the first {MOST} of {len(classes)}" if len(classes) > MOST else "")
    return figure


def _dots(axes: Axes, part: Sequence[LevelScore], whole: float) -> None:
    for place, one in enumerate(part):
        axes.hlines(place, one.low, one.high, color=COLOURS[0], linewidth=1.3)
        axes.plot([one.score], [place], "o", color=COLOURS[0], markersize=4.5)
        axes.text(1.01, place, f"{one.rows:,}", transform=axes.get_yaxis_transform(), fontsize=7, va="center", color=QUIET)
        if place and one.column != part[place - 1].column:
            axes.axhline(place - 0.5, color=GREY, linewidth=0.4)
    axes.text(1.01, -0.9, "rows", transform=axes.get_yaxis_transform(), fontsize=7, va="center", color=QUIET)
    if math.isfinite(whole):
        axes.axvline(whole, color="black", linestyle="--", linewidth=0.9, zorder=0)
    names = [drawable(f"{one.column} = {one.level}", 36) for one in part]
    axes.set_yticks(range(len(part)), names, fontsize=7.5)
    axes.set_ylim(len(part) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
