"""Parallel coordinates: one line per trial across its parameters and its score, below the axis of a parameter it lacks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from foldwise.report.figures.names import short
from foldwise.report.figures.page_style import Panel, most_important, words
from foldwise.report.figures.scales import ABSENT, ends, ticks, unit
from foldwise.report.figures.score_axes import MANY, PANELS, QUIET, WIDTH, colour_bar, colours, part_of, thinned
from foldwise.report.figures.searched import Seen
from foldwise.report.figures.style import canvas
from foldwise.tuning.columns import Column


def axes_of(search: Seen) -> list[Column]:
    """The parameters shown and, last, the score, clipped to the ends of its axis."""
    return [*search.columns[:PANELS], Column(search.goal.metric, np.clip(search.scores, *search.limits))]


def marks(column: Column) -> tuple[list[float], list[str]]:
    """The ticks of an axis, from 0 to 1, and their labels."""
    (low, high), (at, text) = ends(column), ticks(column)
    return [(tick - low) / (high - low) for tick in at], text


def lines(search: Seen, kept: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Shape (trials kept, axes): where each line crosses each axis, from 0 to 1, ABSENT below it."""
    return np.column_stack([unit(column)[kept] for column in axes_of(search)])


def draw(search: Seen) -> Figure:
    """The lines as a picture, the best trials on top."""
    columns, kept = axes_of(search), thinned(search)
    figure = canvas(max(WIDTH, 1.0 * len(columns)), 4.2)
    axes = figure.subplots()
    across = np.arange(len(columns))
    few = len(kept) <= MANY
    axes.add_collection(
        LineCollection(
            [np.column_stack([across, row]) for row in lines(search, kept)],
            colors=colours(search).to_rgba(search.scores[kept]),
            linewidths=1.2 if few else 0.6,
            alpha=0.8 if few else 0.5,
        )
    )
    axes.set(xlim=(-0.1, len(columns) - 0.6), ylim=(ABSENT - 0.06, 1.03))
    axes.set_axis_off()
    for place, column in enumerate(columns):
        _rule(axes, place, column)
        if np.isnan(column.values[kept]).any():
            _word(axes, place, ABSENT, "absent", QUIET)
    shown = [part_of(len(kept), int(search.scored.sum()), "complete trials")]
    if len(columns) - 1 < len(search.columns):
        shown.append(part_of(len(columns) - 1, len(search.columns), "parameters"))
    figure.suptitle(f"Parallel coordinates ({', '.join(shown)})", x=0.01, ha="left", fontsize=10)
    colour_bar(figure, axes, search)
    return figure


def _rule(axes: Axes, place: int, column: Column) -> None:
    axes.plot([place, place], [0, 1], color="black", linewidth=0.9, zorder=3)
    axes.text(place, 1.04, short(column.name, 24), rotation=22, ha="left", va="bottom", rotation_mode="anchor", fontsize=8)
    for at, text in zip(*marks(column), strict=True):
        axes.plot([place - 0.03, place], [at, at], color="black", linewidth=0.9, zorder=3)
        _word(axes, place, at, text, "black")


def _word(axes: Axes, place: int, at: float, text: str, colour: str) -> None:
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6}
    axes.text(place + 0.04, at, text, fontsize=7, color=colour, va="center", bbox=box, zorder=4)


def panel(search: Seen) -> Panel:
    """The lines in the page, for all trials with a score."""
    columns, kept = axes_of(search), np.flatnonzero(search.scored)
    rows = lines(search, kept)
    dimensions = []
    for column, crossings in zip(columns, rows.T, strict=True):
        at, labels = marks(column)
        lacking = bool((crossings == ABSENT).any())
        dimensions.append(
            {
                "label": words(column.name, 22),
                "values": crossings,
                "range": [ABSENT - 0.04 if lacking else 0, 1],
                "tickvals": [ABSENT, *at] if lacking else at,
                "ticktext": ["absent", *labels] if lacking else labels,  # Plotly does not interpret HTML here
            }
        )
    text = "Each line is a complete trial. Drag along an axis to select a part of it, click it to clear the selection, drag a "
    text += "name to move its axis. A trial without a parameter passes through “absent”."
    text += most_important(len(columns) - 1, len(search.columns))
    trace = {
        "type": "parcoords",
        "dimensions": dimensions,
        "line": {
            "color": np.clip(search.scores[kept], *search.limits),
            "colorscale": "SCORE",
            "reversescale": search.goal.sign < 0,
            "showscale": True,
            "colorbar": {"title": {"text": words(search.goal.metric)}, "thickness": 14},
        },
        "labelangle": -18,
        "labelside": "top",
    }
    return Panel("Parallel coordinates", text, [trace], {"margin": {"t": 90, "l": 70, "r": 60, "b": 30}}, 480)
