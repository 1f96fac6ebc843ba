"""How well probabilities rank rows: ROC and precision-recall curves, one class against the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foldwise.report.figures.names import told_apart
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain
from foldwise.system.numbers import counted

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Style = Literal["default", "steps-pre"]

GRID = np.linspace(0.0, 1.0, 2001)  # where the curves of classes are averaged
COLOURED = 10  # classes up to which every curve has a colour
LOWEST = 5  # coloured curves if there are more classes
CORNER = 0.95  # areas above this leave a curve in a corner, which is then enlarged
PALE = "#c4c4c4"


@dataclass(frozen=True, eq=False)
class Curve:
    """Points from left to right, and the area under the curve."""

    across: Floats
    up: Floats
    area: float


def roc(positive: Bools, scores: Floats) -> Curve | None:
    """True positive rate over false positive rate at every threshold; None without positives or without negatives."""
    hits, misses = _above(positive, scores)
    if hits[-1] == 0 or misses[-1] == 0:
        return None
    across, up = misses / misses[-1], hits / hits[-1]
    return Curve(across, up, float(np.trapezoid(up, across)))


def precision_recall(positive: Bools, scores: Floats) -> Curve | None:
    """Precision over recall as steps, each at the height of its right end; the area is the average precision.

    None without positives or without negatives.
    """
    hits, misses = _above(positive, scores)
    if hits[-1] == 0 or misses[-1] == 0:
        return None
    recall, precision = hits[1:] / hits[-1], hits[1:] / (hits[1:] + misses[1:])
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return Curve(np.append(0.0, recall), np.append(precision[0], precision), area)


def _above(positive: Bools, scores: Floats) -> tuple[Floats, Floats]:
    """Cumulative numbers of positives and of negatives, from above the highest score down to the lowest."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(positive[order])[ends].astype(np.float64)
    return np.append(0.0, hits), np.append(0.0, ends + 1 - hits)


def mean_roc(curves: Sequence[Curve]) -> Curve:
    """The mean of the curves at each false positive rate; its area is the mean of their areas."""
    up = np.mean([np.interp(GRID, curve.across, curve.up) for curve in curves], axis=0)
    return Curve(np.append(0.0, GRID), np.append(0.0, up), _mean_area(curves))


def mean_precision_recall(curves: Sequence[Curve]) -> Curve:
    """The mean of the curves at each recall; its area is the mean of their areas."""
    up = np.mean([curve.up[np.searchsorted(curve.across, GRID)] for curve in curves], axis=0)
    return Curve(GRID, up, _mean_area(curves))


def _mean_area(curves: Sequence[Curve]) -> float:
    return float(np.mean([curve.area for curve in curves]))


def draw_roc(
    truth: npt.NDArray[Any], probabilities: Floats, labels: Sequence[str], positive: str | None, threshold: float
) -> Figure | None:
    """The ROC curve of the second of two labels, or one per class and their mean; None if no class has a curve.

    Args:
        truth: class codes, (rows,).
        probabilities: (rows, classes).
        labels: of the classes.
        positive: the name of the second of two labels; None for more classes.
        threshold: the probability above which the second of two labels is the answer.
    """
    curves = _curves(roc, truth, probabilities)
    if not curves:
        return None
    figure, axes = _square(len(labels), "false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":", label="chance")
    near = _near(axes, curves, (0.27, 0.1, 0.68, 0.68), (-0.002, 0.1), (0.9, 1.002))
    if positive:
        found, answered = truth == 1, probabilities[:, 1] > threshold
        at = float(np.mean(answered[~found])), float(np.mean(answered[found]))
        _draw_one(near, curves[1], f"area {curves[1].area:.4f}", at, threshold, "default")
    else:
        _draw_classes(near, curves, mean_roc(list(curves.values())), labels, "default")
    return _finished(figure, axes, f"ROC of {positive or 'each class'}", len(truth), "lower right", "area under the curve")


def draw_precision_recall(
    truth: npt.NDArray[Any], probabilities: Floats, labels: Sequence[str], positive: str | None, threshold: float
) -> Figure | None:
    """Precision over recall, for the same classes and with the same arguments as draw_roc."""
    curves = _curves(precision_recall, truth, probabilities)
    if not curves:
        return None
    figure, axes = _square(len(labels), "recall", "precision")
    base = float(np.mean([np.mean(truth == code) for code in curves]))
    axes.axhline(base, color=GREY, linewidth=0.8, linestyle=":", label=f"base rate {base:.3f}")
    near = _near(axes, curves, (0.13, 0.1, 0.68, 0.68), (0.9, 1.002), (0.9, 1.002))
    if positive:
        found, answered = truth == 1, probabilities[:, 1] > threshold
        at = (float(np.mean(answered[found])), float(np.mean(found[answered]))) if answered.any() else None
        _draw_one(near, curves[1], f"average precision {curves[1].area:.4f}", at, threshold, "steps-pre")
    else:
        _draw_classes(near, curves, mean_precision_recall(list(curves.values())), labels, "steps-pre")
    title = f"Precision and recall of {positive or 'each class'}"
    return _finished(figure, axes, title, len(truth), "lower left", "average precision")


def _curves(kind: Callable[[Bools, Floats], Curve | None], truth: npt.NDArray[Any], probabilities: Floats) -> dict[int, Curve]:
    """Class code -> curve, for each class that has one; of two classes only the second."""
    codes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    found = {code: kind(truth == code, probabilities[:, code]) for code in codes}
    return {code: curve for code, curve in found.items() if curve is not None}


def _square(classes: int, across: str, up: str) -> tuple[Figure, Axes]:
    figure = canvas(5.2 if classes == 2 else 7.4, 5.2)
    axes = plain(figure.subplots(), "", across, up)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), box_aspect=1)
    return figure, axes


def _near(
    axes: Axes,
    curves: dict[int, Curve],
    place: tuple[float, float, float, float],
    across: tuple[float, float],
    up: tuple[float, float],
) -> list[Axes]:
    """The axes and, if all curves are in a corner, an inset that enlarges the corner."""
    if min(curve.area for curve in curves.values()) < CORNER:
        return [axes]
    inner = axes.inset_axes(place, xlim=across, ylim=up)
    inner.tick_params(labelsize=7)
    inner.spines[:].set_color(GREY)
    axes.indicate_inset_zoom(inner, edgecolor=GREY)
    return [axes, inner]


def _draw_one(
    near: Sequence[Axes], curve: Curve, label: str, at: tuple[float, float] | None, threshold: float, style: Style
) -> None:
    for axes in near:
        axes.plot(curve.across, curve.up, color=COLOURS[0], drawstyle=style, label=label)
        if at is not None:
            dot: dict[str, Any] = {
                "color": COLOURS[1],
                "marker": "o",
                "linestyle": "none",
                "markeredgecolor": "white",
                "zorder": 3,
            }
            axes.plot(*([side] for side in at), **dot, label=f"threshold {threshold:.3g}")


def _draw_classes(near: Sequence[Axes], curves: dict[int, Curve], mean: Curve, labels: Sequence[str], style: Style) -> None:
    """Draw each class in a colour, or only the lowest of many and the others grey; the mean on top."""
    names = told_apart(labels, 18)
    lowest = sorted(curves, key=lambda code: curves[code].area)[:LOWEST]
    coloured = sorted(curves) if len(curves) <= COLOURED else lowest
    rest = [curve for code, curve in curves.items() if code not in coloured]
    areas = [curve.area for curve in rest]
    for axes in near:
        for curve in rest:
            axes.plot(curve.across, curve.up, color=PALE, linewidth=0.5, drawstyle=style)
        for place, code in enumerate(coloured):
            line: dict[str, Any] = {
                "color": COLOURS[place % len(COLOURS)],
                "linestyle": "-" if place < len(COLOURS) else "--",
                "linewidth": 1.1,
            }
            label = f"{names[code]} ({curves[code].area:.4f})"
            axes.plot(curves[code].across, curves[code].up, **line, drawstyle=style, label=label)
        if rest:
            label = f"{len(rest)} others ({min(areas):.4f} to {max(areas):.4f})"
            axes.plot([], [], color=PALE, linewidth=0.8, label=label)
        label = f"mean of classes ({mean.area:.4f})"
        axes.plot(mean.across, mean.up, color="black", linewidth=1.8, drawstyle=style, label=label)


def _finished(figure: Figure, axes: Axes, title: str, rows: int, corner: str, area: str) -> Figure:
    axes.set_title(f"{title}, {counted(rows, 'row')}", loc="left", fontsize=10)
    many = len(axes.get_lines()) > 3
    place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "title": f"class ({area})"} if many else {"loc": corner}
    if many or not axes.child_axes:
        axes.legend(**place, fontsize=8, frameon=False, title_fontsize=8, alignment="left")
    else:  # the enlarged corner takes the place of the legend
        figure.legend(loc="outside lower center", fontsize=8, frameon=False, ncols=3)
    return figure
