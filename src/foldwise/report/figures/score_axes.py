"""What the pictures of a search share: the score as an axis and as a colour, a parameter as an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from foldwise.report.figures.scales import powers, ticks
from foldwise.report.figures.searched import Seen
from foldwise.tuning.columns import Column

WIDTH = 7.5  # inches
PANELS = 12  # parameters in one picture
LINES = 1000  # trials in a picture of lines or colours: more are one patch
MANY = 300  # trials: from here on smaller dots
QUIET = "#555555"
WORSE_TO_BETTER = ("#cfd6df", "#e9b44c", "#a8320a")


def part_of(shown: int, count: int, what: str) -> str:
    """How many of what a picture shows: `12 trials`, `1000 of 10000 trials`."""
    return f"{shown} {what}" if shown == count else f"{shown} of {count} {what}"


def note(axes: Axes, text: str) -> None:
    """A quiet sentence above a picture, right of its title."""
    axes.set_title(text, loc="right", fontsize=7.5, color=QUIET)


def score_limits(axes: Axes, search: Seen, include: tuple[float, ...] = ()) -> None:
    """The score upwards: what its limits leave, some air, and these values too."""
    low, high = min(search.limits[0], *include, np.inf), max(search.limits[1], *include, -np.inf)
    air = 0.05 * ((high - low) or abs(high) or 1.0)
    axes.set_ylim(low - air, high + air)


def on_the_edge(search: Seen) -> str:
    """How many trials are worse than an axis shows, or nothing."""
    shown = np.clip(search.scores[search.scored], *search.limits)
    beyond = int((shown != search.scores[search.scored]).sum())
    return f"worse trials on the edge: {beyond}" if beyond else ""


def colours(search: Seen) -> ScalarMappable:
    """The colour of a score, the better the darker."""
    ramp = WORSE_TO_BETTER if search.goal.sign > 0 else WORSE_TO_BETTER[::-1]
    return ScalarMappable(Normalize(*search.limits, clip=True), LinearSegmentedColormap.from_list("score", ramp))


def colour_bar(figure: Figure, axes: Any, search: Seen) -> Colorbar:
    """The bar that explains the colours; its end is open where scores lie beyond it."""
    scores = search.scores[search.scored]
    low, high = search.limits
    extend = "min" if scores.min() < low else "max" if scores.max() > high else "neither"
    return figure.colorbar(colours(search), ax=axes, label=search.goal.metric, fraction=0.035, pad=0.02, extend=extend)


def parameter_axis(axes: Axes, column: Column, up: bool = False, most: int = 5) -> None:
    """A parameter's own scale with at most so many ticks: logarithmic, or its categories by name."""
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
    """A logarithmic scale upwards whose ticks are plain numbers: the usual ones are written as mathematics."""
    axes.set_yscale("log")
    at = powers(low, high, 6)
    _ticks(axes, "y", at, [f"{value:.3g}" for value in at], {})


def _ticks(axes: Axes, side: str, at: list[float], words: list[str], style: dict[str, Any]) -> None:
    axis = axes.yaxis if side == "y" else axes.xaxis
    axis.set_minor_locator(NullLocator())
    axis.set_ticks(at, words, **style)


def thinned(search: Seen) -> npt.NDArray[np.intp]:
    """The places of at most LINES trials with a score, the worst first: the best tenth of LINES, and evenly of the others."""
    places = {result.number: place for place, result in enumerate(search.results)}
    order = [places[result.number] for result in search.ranked]
    first = LINES // 10
    if len(order) > LINES:
        rest = np.linspace(first, len(order) - 1, LINES - first).round().astype(int)
        order = order[:first] + [order[at] for at in rest]
    return np.array(order[::-1], int)
