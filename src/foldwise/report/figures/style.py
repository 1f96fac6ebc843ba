"""The style of all figures: canvas, axes, colours that colour-blind readers can tell apart, and saving."""

from __future__ import annotations

from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from foldwise.system.files import atomically

# Wong, "Points of view: Color blindness", Nature Methods 8, 441 (2011), without black, which is for rules and text
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
GREY = "#8a8a8a"
DPI = 150


def canvas(width: float, height: float) -> Figure:
    """An empty figure, `width` by `height` inches, without a window or an entry in pyplot's list of figures."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain(axes: Axes, title: str, across: str, up: str) -> Axes:
    """Set the title and labels of axes, and hide the upper and right frame lines."""
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def save(figure: Figure, path: Path) -> Path:
    """Save the figure as a PNG; return `path`. A `$` in a name is a dollar, not the start of a formula."""
    for text in figure.findobj(Text):  # existing texts have their own setting; texts of ticks are made while drawing
        text.set_parse_math(False)
    with rc_context({"text.parse_math": False}):
        atomically(path, lambda part: figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None}))
    return path
