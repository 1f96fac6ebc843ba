"""How all pictures look: size, colours that colour-blind readers tell apart, and how they reach the disk."""

from __future__ import annotations

from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from foldwise.system.files import atomically

# Wong, "Points of view: Color blindness", Nature Methods 8, 441 (2011); black is left for rules and text
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
GREY = "#8a8a8a"
DPI = 150


def canvas(width: float, height: float) -> Figure:
    """An empty figure of so many inches, which no window and no global list of figures knows."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain(axes: Axes, title: str, across: str, up: str) -> Axes:
    """Axes with their words, and no lines that say nothing."""
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def save(figure: Figure, path: Path) -> Path:
    """The figure as a PNG; a `$` in a name is a dollar, not the beginning of mathematics."""
    for text in figure.findobj(Text):  # a text takes the setting when it is made, the ticks' texts are made while drawing
        text.set_parse_math(False)
    with rc_context({"text.parse_math": False}):
        atomically(path, lambda part: figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None}))
    return path
