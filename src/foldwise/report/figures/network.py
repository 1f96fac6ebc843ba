"""A drawing of a network: one box per layer with its shape and parameters, and lines to its inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Line

from foldwise.models.network_graph import Layer, NetworkGraph
from foldwise.report.figures.names import drawable, fitted, width_of
from foldwise.report.figures.network_layout import BOX, HIGH, Layout, Point, lay_out
from foldwise.report.figures.sheet import sheet
from foldwise.report.figures.style import COLOURS, GREY
from foldwise.system.numbers import counted

EDGE = 0.25  # inches around the drawing
HEAD = 0.7  # inches for the title
LONGEST, LARGEST = 200.0, 1500.0  # inches and square inches; a larger figure is scaled down
POINTS, BOLDER = 6.5, 1.2  # size of letters in a box; most that bold letters are wider
INSET = 0.07  # inches between a box and its letters
LEARNS, ENDS, PLAIN = "#d6e8f5", "#fdf3dc", "#f2f2f2"


def draw_network(network: NetworkGraph) -> Figure:
    """All layers from the inputs downwards; a deep network continues in the next column."""
    layout = lay_out([layer.inputs for layer in network.layers])
    width, height = max(layout.width, 3.4) + 2 * EDGE, layout.height + HEAD + EDGE
    scale = min(1.0, LONGEST / max(width, height), math.sqrt(LARGEST / (width * height)))
    figure, axes = sheet(width * scale, height * scale)
    axes.set(xlim=(-EDGE, width - EDGE), ylim=(layout.height + EDGE, -HEAD))  # the layout's own inches, y downwards
    _write_title(axes, network, scale)
    taken = {place for layer in network.layers for place in layer.inputs}
    _join(axes, layout, scale)
    for place, (layer, (x, y)) in enumerate(zip(network.layers, layout.boxes, strict=True)):
        end = not layer.inputs or place not in taken
        _box(axes, layer, (x, y), scale, LEARNS if layer.parameters else ENDS if end else PLAIN)
    return figure


def size_of(layer: Layer) -> str:
    """The output shape of a layer for one row, as `28 × 28 × 32`."""
    return " × ".join("any" if side is None else f"{side:,}" for side in layer.shape) or "1"


def kind_of(layer: Layer) -> str:
    """The kind of a layer with its details, as `Conv2D 3 × 3, relu`."""
    parts = f"{layer.kind} {layer.detail}".strip()
    return f"{parts}, {layer.activation}" if layer.activation else parts


def parameters_of(layer: Layer) -> str:
    """The number of parameters of a layer, and how many of them are fixed."""
    if layer.parameters == 0:
        return ""
    fixed = "" if layer.fixed == 0 else " (fixed)" if layer.fixed == layer.parameters else f" ({layer.fixed:,} fixed)"
    return f"{counted(layer.parameters, 'parameter')}{fixed}"


def _write_title(axes: Axes, network: NetworkGraph, scale: float) -> None:
    learns = network.parameters - network.fixed
    axes.text(0, 0.22 - HEAD, drawable(network.name, 50), fontsize=11 * scale, fontweight="bold", va="center")
    text = f"{counted(network.parameters, 'parameter')} ({learns:,} trainable, {network.fixed:,} fixed)"
    axes.text(0, 0.47 - HEAD, f"{counted(len(network.layers), 'layer')}, {text}", fontsize=8 * scale, va="center")


def _box(axes: Axes, layer: Layer, centre: Point, scale: float, colour: str) -> None:
    x, y = centre
    left, right = x - BOX / 2, x + BOX / 2
    style = "round,pad=0,rounding_size=0.06"
    axes.add_patch(
        FancyBboxPatch((left, y - HIGH / 2), BOX, HIGH, boxstyle=style, facecolor=colour, edgecolor="#666666", lw=0.7 * scale)
    )
    room = BOX - 3 * INSET
    place: dict[str, Any] = {"fontsize": POINTS * scale, "va": "center"}
    kind, kept = fitted(kind_of(layer), 0.55 * room, POINTS), parameters_of(layer)
    name = fitted(layer.name, (room - width_of(kind, POINTS)) / BOLDER, POINTS)
    size = fitted(size_of(layer), room - width_of(kept, POINTS), POINTS)
    axes.text(left + INSET, y - 0.09, name, fontweight="bold", **place)
    axes.text(right - INSET, y - 0.09, kind, ha="right", **place)
    axes.text(left + INSET, y + 0.1, size, color="#333333", **place)
    axes.text(right - INSET, y + 0.1, kept, ha="right", color=COLOURS[0], **place)


def _join(axes: Axes, layout: Layout, scale: float) -> None:
    for points in layout.lines:
        path = _curve(*points) if len(points) == 2 else Line(points)
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=GREY, linewidth=0.9 * scale, zorder=0.5))


def _curve(begin: Point, end: Point) -> Line:
    """A line straight down, or an S to a layer at the side."""
    middle = (begin[1] + end[1]) / 2
    points: Sequence[Point] = (begin, (begin[0], middle), (end[0], middle), end)
    return Line(points, [Line.MOVETO, Line.CURVE4, Line.CURVE4, Line.CURVE4])
