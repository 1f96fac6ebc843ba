"""The score against the number of training rows: each fold thin, their mean on top."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from foldwise.report.figures.score_axes import note
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain
from foldwise.spec.goal import Goal


class Scores(Protocol):
    """Scores by the number of training rows; next_gain: what twice the rows would add, nan where that is not shown."""

    @property
    def goal(self) -> Goal: ...  # noqa: D102 the names say it
    @property
    def rows(self) -> tuple[dict[str, float], ...]: ...  # noqa: D102
    @property
    def next_gain(self) -> float: ...  # noqa: D102


def draw_more_rows(found: Scores) -> Figure:
    """The lines as a picture, with a dashed line to twice the rows where a gain is shown."""
    figure = canvas(5.6, 3.6)
    axes = plain(figure.subplots(), "Score by the number of rows", "training rows of a fold", found.goal.metric)
    rows = np.array([one["rows"] for one in found.rows])
    for name in found.rows[0]:
        if name.startswith("fold_"):
            axes.plot(rows, [one[name] for one in found.rows], color=GREY, linewidth=0.7, alpha=0.7)
    means = np.array([one["score"] for one in found.rows])
    axes.plot(rows, means, color=COLOURS[0], linewidth=2, marker="o")
    ticks = rows
    if np.isfinite(found.next_gain):
        ends = [means[-1], means[-1] + found.goal.sign * found.next_gain]
        axes.plot([rows[-1], 2 * rows[-1]], ends, color=COLOURS[1], linestyle="--", marker="o", markerfacecolor="none")
        ticks = np.append(rows, 2 * rows[-1])
        note(axes, "dashed: if gains go on to shrink as they did")
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, [f"{count:,.0f}" for count in ticks])
    return figure
