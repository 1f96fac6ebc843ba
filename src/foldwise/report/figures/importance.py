"""Parameter importance as bars with 90 % intervals."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from foldwise.report.figures.names import short
from foldwise.report.figures.page_style import Panel, words
from foldwise.report.figures.score_axes import PANELS, WIDTH, note, part_of
from foldwise.report.figures.searched import Seen
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain

ACROSS = "share of the spread of the trials' ranks, with 90 % intervals"


def basis(search: Seen) -> str:
    """What the importance is based on, or why it was not measured."""
    measured = search.importance
    if measured.why_not:
        return f"Not measured: {measured.why_not}."
    return f"{measured.trials} complete trials explain {measured.explained:.0%} of the ranks of unseen trials"


def draw(search: Seen) -> Figure:
    """The bars as a picture."""
    every = search.importance.parameters
    shown = every[:PANELS]
    figure = canvas(WIDTH, 1.3 + 0.3 * len(shown))
    axes = plain(figure.subplots(), "Parameter importance", ACROSS, "")
    places = np.arange(len(shown))[::-1]
    lows, highs = np.array([one.low for one in shown]), np.array([one.high for one in shown])
    axes.barh(places, [one.share for one in shown], 0.62, color=COLOURS[0], alpha=0.85)
    axes.hlines(places, lows, highs, color="black", linewidth=1.3)
    axes.set_yticks(places, [short(one.name, 36) for one in shown], fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_xlim(max(-0.1, min(0.0, lows.min() * 1.1)), min(1.05, max(0.1, highs.max() * 1.05)))
    part = f"; {part_of(len(shown), len(every), 'parameters')}" if len(shown) < len(every) else ""
    note(axes, basis(search) + part)
    return figure


def panel(search: Seen) -> Panel:
    """The bars in the page, the most important at the top."""
    shown = search.importance.parameters[::-1]
    text = (
        "How much of the spread of the trials' ranks is due to each parameter, alone and together with others: how much worse "
        "a forest of decision trees predicts unseen trials when the parameter is shuffled. The lines on the bars are 90 % "
        f"intervals over resampled trials ({basis(search)})."
    )
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [one.share for one in shown],
        "y": [words(one.name) for one in shown],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [one.high - one.share for one in shown],
            "arrayminus": [one.share - one.low for one in shown],
            "color": "INK",
            "thickness": 1.2,
            "width": 0,
        },
        "customdata": [[one.low, one.high] for one in shown],
        "hovertemplate": "%{y}: %{x:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
        "marker": {"color": COLOURS[0]},
    }
    layout = {
        "xaxis": {"title": {"text": ACROSS}},
        "yaxis": {"type": "category", "automargin": True},
        "showlegend": False,
    }
    return Panel("Parameter importance", text, [bars], layout, 150 + 28 * len(shown))
