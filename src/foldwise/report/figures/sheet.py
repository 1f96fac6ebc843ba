"""A figure with a single frameless axes, on which things are placed in inches."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foldwise.report.figures.style import canvas


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty sheet, `width` by `height` inches; y is 0 at the upper edge and negative below."""
    figure = canvas(width, height)
    figure.set_layout_engine("none")  # all places are explicit
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    hold(axes, width, height)
    return figure, axes


def hold(axes: Axes, width: float, height: float) -> None:
    """Restore the scale in inches, which drawing an image changes."""
    axes.set(xlim=(0.0, width), ylim=(-height, 0.0), aspect="auto")
