"""A figure that is one pair of axes without frame, on which things are placed in inches."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foldwise.report.figures.style import canvas


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty sheet of so many inches: y is 0 at its upper edge and negative below."""
    figure = canvas(width, height)
    figure.set_layout_engine("none")  # all places are given
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    hold(axes, width, height)
    return figure, axes


def hold(axes: Axes, width: float, height: float) -> None:
    """Inches again, after an image has set limits of its own."""
    axes.set(xlim=(0.0, width), ylim=(-height, 0.0), aspect="auto")
