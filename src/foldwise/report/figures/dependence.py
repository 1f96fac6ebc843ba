"""Partial dependence: the mean answer as one column takes each of a few values; a thin line is the network of a fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foldwise.evaluation.dependence import Dependence
from foldwise.report.figures.names import begun, drawable, told_apart
from foldwise.report.figures.score_axes import QUIET, WIDTH
from foldwise.report.figures.style import COLOURS, canvas, plain
from foldwise.system.numbers import shown

ACROSS = 3
CLASSES = 5  # with a line
LETTERS, UPRIGHT = 12, 4  # of a level, and levels whose names stand side by side
HELD = " *"  # behind the name of a column whose group is held


def draw_dependence(found: Sequence[tuple[str, Dependence]], target: str, labels: Sequence[str]) -> Figure | None:
    """A panel for each column, with the same scale of answers; None if there are none.

    Args:
        found: a title and what was found, the most important first.
        target: the name of the target.
        labels: of the classes, () for a number. Of two, the second is drawn.
    """
    if not found:
        return None
    down, across = -(-len(found) // ACROSS), min(ACROSS, len(found))
    figure = canvas(WIDTH if across > 1 else 4.5, 0.6 + 2.3 * down)
    every = figure.subplots(down, across, sharey=True, squeeze=False)
    outputs = _outputs(labels)
    up = (
        drawable(target, 24)
        if not labels
        else f"P({drawable(target, 14)} = {drawable(labels[1], 14)})"
        if len(labels) == 2
        else "probability"
    )
    for place, ((title, one), axes) in enumerate(zip(found, every.flat, strict=False)):
        plain(axes, drawable(title, 34), "", up if place % across == 0 else "")
        axes.title.set_fontsize(9)
        _draw(axes, one, outputs, labels)
    for axes in every.flat[len(found) :]:
        axes.set_axis_off()
    held = "; * the columns like it are held" if any(title.endswith(HELD) for title, _ in found) else ""
    about = f"Mean answer by the value of a column (thin: the networks of the folds{held})"
    figure.suptitle(about, x=0.01, ha="left", fontsize=10)
    if len(outputs) > 1:
        lines = every.flat[0].get_legend_handles_labels()
        figure.legend(*lines, loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return figure


def _outputs(labels: Sequence[str]) -> list[int]:
    if not labels:
        return [0]
    return [1] if len(labels) == 2 else list(range(min(CLASSES, len(labels))))


def _draw(axes: Axes, one: Dependence, outputs: Sequence[int], labels: Sequence[str]) -> None:
    by_level = one.grid.kind == "category"
    cells = one.grid.cells
    x: npt.NDArray[Any] = np.arange(len(cells)) if by_level else cells
    names = told_apart(labels, 16) if labels else [""]
    for output, colour in zip(outputs, COLOURS, strict=False):
        answers = one.answers[:, :, output]
        for fold in answers:
            style = {"linewidth": 0, "marker": "_", "markersize": 9} if by_level else {"linewidth": 0.6}
            axes.plot(x, fold, color=colour, alpha=0.4, **style)
        mean = answers.mean(axis=0)
        marker = "o" if one.grid.rows else None
        axes.plot(x, mean, color=colour, linewidth=0 if by_level else 1.8, marker=marker, markersize=5, label=names[output])
    if by_level:
        counts = [f"{begun(str(cell), LETTERS)}\n{rows:,}" for cell, rows in zip(cells, one.grid.rows, strict=True)]
        turned = sum(len(begun(str(cell), LETTERS)) for cell in cells) > 20 or len(cells) > UPRIGHT
        axes.set_xticks(
            np.arange(len(cells)), [count.replace("\n", " · ") for count in counts] if turned else counts, fontsize=7
        )
        if turned:
            axes.tick_params(axis="x", rotation=35)
            for tick in axes.get_xticklabels():
                tick.set(ha="right", rotation_mode="anchor")
    else:
        axes.tick_params(axis="x", labelsize=7.5, rotation=30 if one.grid.kind == "date" else 0)
        if not one.grid.rows and one.grid.kind == "number":  # where the rows are
            axes.plot(x, np.zeros(len(x)), "|", color=QUIET, markersize=7, transform=axes.get_xaxis_transform(), clip_on=False)
            axes.set_xlabel(f"median {shown(float(np.median(cells.astype(float))), digits=3)}", fontsize=7.5, color=QUIET)
    axes.tick_params(axis="y", labelsize=8)
