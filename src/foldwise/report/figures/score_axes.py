"""Parts shared by the figures of a search: the score as an axis and as a colour, a parameter as an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from foldwise.report.figures.scales import powers, ticks
from foldwise.report.figures.searched import Seen
from foldwise.system.numbers import shown
from foldwise.tuning.columns import Column

WIDTH = 7.5  # inches
PANELS = 12  # parameters in one figure
LINES = 1000  # trials in a figure of lines or colours; more would merge into one patch
MANY = 300  # trials; above this dots are smaller
QUIET = "#555555"
WORSE_TO_BETTER = ("#cfd6df", "#e9b44c", "#a8320a")


def part_of(shown: int, count: int, what: str) -> str:
    """How much a figure shows: `12 trials`, or `1000 of 10000 trials`."""
    return f"{shown} {what}" if shown == count else f"{shown} of {count} {what}"


def note(axes: Axes, text: str) -> None:
    """A small note above a figure, to the right of its title."""
    axes.set_title(text, loc="right", fontsize=7.5, color=QUIET)


def score_limits(axes: Axes, search: Seen, include: tuple[float, ...] = ()) -> None:
    """Set the y axis to the limits of the score, with a margin, and also show the values of `include`."""
    low, high = min(search.limits[0], *include, np.inf), max(search.limits[1], *include, -np.inf)
    air = 0.05 * ((high - low) or abs(high) or 1.0)
    axes.set_ylim(low - air, high + air)


def on_the_edge(search: Seen) -> str:
    """A note on the trials that are worse than the axis shows; empty if there are none."""
    shown = np.clip(search.scores[search.scored], *search.limits)
    beyond = int((shown != search.scores[search.scored]).sum())
    return f"worse trials, drawn at the edge: {beyond}" if beyond else ""


def colours(search: Seen) -> ScalarMappable:
    """The colours of scores; better scores are darker."""
    ramp = WORSE_TO_BETTER if search.goal.sign > 0 else WORSE_TO_BETTER[::-1]
    return ScalarMappable(Normalize(*search.limits, clip=True), LinearSegmentedColormap.from_list("score", ramp))


def colour_bar(figure: Figure, axes: Any, search: Seen) -> Colorbar:
    """The colour bar; its end is pointed if there are scores beyond it."""
    scores = search.scores[search.scored]
    low, high = search.limits
    extend = "min" if scores.min() < low else "max" if scores.max() > high else "neither"
    return figure.colorbar(colours(search), ax=axes, label=search.goal.metric, fraction=0.035, pad=0.02, extend=extend)


def parameter_axis(axes: Axes, column: Column, up: bool = False, most: int = 5) -> None:
    """Set an axis to the scale of a parameter, logarithmic or with named categories, and about `most` ticks."""
    side = "y" if up else "x"
    at, words = ticks(column, most, letters=10)
    style: dict[str, Any] = {"fontsize": 8}
    if column.levels is not None:
        axes.set(**{f"{side}lim": (-0.5, len(column.levels) - 0.5)})
        if not up and sum(map(len, words)) > 22:
            style |= {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    if column.log:
        axes.set(**{f"{side}scale": "log"})
        at = [10**tick for tick in at]
    _ticks(axes, side, at, words, style)


def logarithmic(axes: Axes, low: float, high: float) -> None:
    """Set the y axis to a logarithmic scale with plain numbers as ticks; matplotlib's own are powers of ten."""
    axes.set_yscale("log")
    at = powers(low, high, 6)
    _ticks(axes, "y", at, [shown(value, digits=3) for value in at], {})


def whole_numbers(axes: Axes) -> None:
    """Ticks only at whole numbers to the right, for trials and epochs."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def _ticks(axes: Axes, side: str, at: list[float], words: list[str], style: dict[str, Any]) -> None:
    axis = axes.yaxis if side == "y" else axes.xaxis
    axis.set_minor_locator(NullLocator())
    axis.set_ticks(at, words, **style)


def thinned(search: Seen) -> npt.NDArray[np.intp]:
    """The places of at most LINES trials with a score, the worst first: the best LINES / 10, and an even choice of the rest."""
    places = {result.number: place for place, result in enumerate(search.results)}
    order = [places[result.number] for result in search.ranked]
    first = LINES // 10
    if len(order) > LINES:
        rest = np.linspace(first, len(order) - 1, LINES - first).round().astype(int)
        order = order[:first] + [order[at] for at in rest]
    return np.array(order[::-1], int)
