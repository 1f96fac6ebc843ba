"""The predictions of a model on a plane through two number columns: shaded, with the decision boundary and the rows over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from foldwise.report.figures.names import drawable, fitted, told_apart
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain
from foldwise.system.numbers import counted

WIDTH, HEIGHT = 6.4, 4.8
SMALL = 8.5  # points of notes
MOST_CLASSES = 20  # colours that can be told apart
MOST_ROWS = 600  # of a set; more would hide the plane
FEW_ROWS = 30  # are drawn larger: a lecture's four points are to be seen
MOST_LABELS = 10  # in the legend
FAINT, FULL = 0.08, 0.75  # shade of a class at equal odds, and where it is certain
LEVELS = 12

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Dots:
    """Rows over the plane: x, y and truth (class codes or values), (rows,) each. name: what they were used for."""

    name: str
    x: Floats
    y: Floats
    truth: Array


@dataclass(frozen=True, eq=False)
class Boundary:
    """A model's predictions on a grid.

    across, up: the columns. x, y: their values, (steps,) each.
    answers: class probabilities (steps, steps, classes) or values (steps, steps); the first axis goes up.
    labels: () for regression. threshold: of two labels, the second is the answer above it.
    held: in words, where the columns are that do not vary; empty if there are none.
    dots: the rows, those that the model was trained on first.
    """

    across: str
    up: str
    x: Floats
    y: Floats
    answers: Floats
    target: str
    labels: Sequence[str]
    threshold: float
    held: str
    dots: Sequence[Dots]


def draw_boundary(plane: Boundary) -> Figure | None:
    """The picture; None if there are too many classes for a colour each."""
    if len(plane.labels) > MOST_CLASSES:
        return None
    figure = canvas(WIDTH, HEIGHT)
    fuller = "; the fuller the colour, the likelier the class" if len(plane.labels) > 2 else ""
    what = f"Decision boundary{fuller}" if plane.labels else f"Prediction of {drawable(plane.target, 24)}"
    axes = plain(figure.subplots(), what, fitted(plane.across, 4.0, 10), fitted(plane.up, 3.0, 10))
    if len(plane.labels) == 2:
        colours = _two(figure, axes, plane)
    elif plane.labels:
        colours = _many(axes, plane)
    else:
        colours = _values(figure, axes, plane)
    left_out = sum(_dots(axes, plane, dots, colours, filled=not place) for place, dots in enumerate(plane.dots))
    axes.set(xlim=(plane.x[0], plane.x[-1]), ylim=(plane.y[0], plane.y[-1]))
    _legend(figure, plane, colours)
    missing = f"{counted(left_out, 'row')} not shown" if left_out else ""
    lines = [fitted(plane.held, WIDTH - 0.3, SMALL)] if plane.held else []
    figure.supxlabel("\n".join([*lines, missing]).strip(), fontsize=SMALL, x=0.02, ha="left")
    return figure


def palette(classes: int) -> list[str]:
    """A colour for each class."""
    if classes <= len(COLOURS):
        return list(COLOURS[:classes])
    return ["#" + "".join(f"{round(255 * part):02x}" for part in colour) for colour in colormaps["tab20"].colors][:classes]  # type: ignore[attr-defined]


def _extent(plane: Boundary) -> tuple[float, float, float, float]:
    return float(plane.x[0]), float(plane.x[-1]), float(plane.y[0]), float(plane.y[-1])


def _two(figure: Figure, axes: Axes, plane: Boundary) -> list[str]:
    """The probability of the second label, from one colour to the other, white at the threshold."""
    colours = palette(2)
    second, at = plane.answers[..., 1], min(max(plane.threshold, 1e-6), 1 - 1e-6)
    tones = [(0.0, to_rgb(colours[0])), (at, (1.0, 1.0, 1.0)), (1.0, to_rgb(colours[1]))]
    shades = LinearSegmentedColormap.from_list("two", tones)
    image = axes.imshow(
        second,
        origin="lower",
        extent=_extent(plane),
        aspect="auto",
        cmap=shades,
        norm=Normalize(0, 1),
        alpha=0.75,
        interpolation="bilinear",
    )
    if second.min() < plane.threshold < second.max():
        axes.contour(plane.x, plane.y, second - plane.threshold, levels=[0.0], colors="black", linewidths=1.4)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label(f"probability of {drawable(plane.labels[1], 24)}", fontsize=8.5)
    bar.ax.axhline(plane.threshold, color="black", linewidth=1.4)
    bar.ax.tick_params(labelsize=8)
    return colours


def _many(axes: Axes, plane: Boundary) -> list[str]:
    """The likeliest class at each point, the fuller the likelier, with lines between the classes."""
    colours = palette(len(plane.labels))
    likeliest, sure = plane.answers.argmax(axis=-1), plane.answers.max(axis=-1)
    share = (sure - 1 / len(colours)) / (1 - 1 / len(colours))
    tones = np.array([to_rgba(colour) for colour in colours])[likeliest]
    tones[..., 3] = FAINT + (FULL - FAINT) * np.clip(share, 0, 1)
    axes.imshow(tones, origin="lower", extent=_extent(plane), aspect="auto", interpolation="nearest")
    for code in np.unique(likeliest):
        ahead = plane.answers[..., code] - np.delete(plane.answers, code, axis=-1).max(axis=-1)
        if (likeliest != code).any():
            axes.contour(plane.x, plane.y, ahead, levels=[0.0], colors="black", linewidths=0.9)
    return colours


def _values(figure: Figure, axes: Axes, plane: Boundary) -> list[str]:
    """The predicted value as shades with contour lines. Returns no colours: rows have that of their own value."""
    levels = MaxNLocator(LEVELS).tick_values(*_span(plane))  # round numbers that reach beyond both ends
    filled = axes.contourf(
        plane.x, plane.y, plane.answers, levels=levels, cmap="viridis", norm=Normalize(*_span(plane)), alpha=0.8
    )
    lines = axes.contour(plane.x, plane.y, plane.answers, levels=levels[1:-1:2], colors="white", linewidths=0.8)
    axes.clabel(lines, fontsize=7, fmt="%.4g")
    bar = figure.colorbar(filled, ax=axes, fraction=0.05, pad=0.02, format="%.4g")
    bar.set_label(f"predicted {drawable(plane.target, 24)}; a dot has the colour of its true value", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return []


def _span(plane: Boundary) -> tuple[float, float]:
    low, high = float(plane.answers.min()), float(plane.answers.max())
    return (low, high) if low < high else (low - 1, high + 1)


def _dots(axes: Axes, plane: Boundary, dots: Dots, colours: Sequence[str], filled: bool) -> int:
    """Draw some rows; return how many are not shown."""
    inside = (dots.x >= plane.x[0]) & (dots.x <= plane.x[-1]) & (dots.y >= plane.y[0]) & (dots.y <= plane.y[-1])
    places = np.flatnonzero(inside)  # also leaves out rows without a value
    shown = places[np.linspace(0, len(places) - 1, min(len(places), MOST_ROWS)).astype(int)] if len(places) else places
    truth = dots.truth[shown]
    if plane.labels:
        tones: dict[str, Any] = {"c": [colours[code] for code in truth]}
    else:
        span = Normalize(*_span(plane))
        tones = {"c": truth, "cmap": "viridis", "norm": span}
    size = 20 if len(shown) > FEW_ROWS else 60
    style = {"marker": "o", "s": size, "linewidths": 0.6, "edgecolors": "white"}
    if not filled:
        style = {"marker": "D", "s": 1.2 * size, "linewidths": 1.0, "edgecolors": "black"}
    axes.scatter(dots.x[shown], dots.y[shown], zorder=3, **tones, **style)  # type: ignore[arg-type]
    return len(dots.x) - len(shown)


def _legend(figure: Figure, plane: Boundary, colours: Sequence[str]) -> None:
    names = told_apart(plane.labels, 22 if len(plane.labels) <= 2 else 14)[:MOST_LABELS]
    marks: list[Any] = [Patch(color=colour, label=name) for name, colour in zip(names, colours, strict=False)]
    if len(plane.labels) > MOST_LABELS:
        marks.append(Patch(color="none", label=f"and {len(plane.labels) - MOST_LABELS} more"))
    for place, dots in enumerate(plane.dots):
        edge = "black" if place else "white"
        marks.append(
            Line2D(
                [], [], marker="D" if place else "o", color="none", markerfacecolor=GREY, markeredgecolor=edge, label=dots.name
            )
        )
    figure.legend(handles=marks, loc="outside upper center", ncols=4, fontsize=8, frameon=False, handlelength=1.2)
