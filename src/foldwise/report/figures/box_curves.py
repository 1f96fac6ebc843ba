"""Precision over recall of predicted boxes, a curve for each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from foldwise.report.figures.names import told_apart
from foldwise.report.figures.style import COLOURS, canvas, plain
from foldwise.tasks.detection.answers import SURE
from foldwise.tasks.detection.precision import average_precisions, precision_curve

MOST = len(COLOURS)  # labels with a curve


def draw_box_curves(condensed: npt.NDArray[Any], labels: Sequence[str]) -> Figure | None:
    """A box is right that overlaps a true one of its label by one half; a dot is where scores fall below that of drawn boxes.

    Args:
        condensed: of the pictures, as `detection.precision.condense` gives them.
        labels: their names; the MOST with the best curves are drawn.

    Returns:
        None if no picture has a true box.
    """
    areas = average_precisions(condensed, 0)
    there = [int(label) for label in np.argsort(-np.nan_to_num(areas, nan=-1.0), kind="stable") if not np.isnan(areas[label])]
    if not there:
        return None
    figure = canvas(5.0, 4.2)
    axes = plain(figure.subplots(), "boxes at an overlap of one half", "recall", "precision")
    names = told_apart(labels, 24)
    for place, label in enumerate(there[:MOST]):
        curve = precision_curve(condensed, label)
        colour, name = COLOURS[place], f"{names[label]}: {areas[label]:.3f}"
        if not len(curve.recall):
            axes.plot([], [], color=colour, label=name)
            continue
        axes.plot(curve.recall, curve.precision, color=colour, linewidth=1.4, label=name)
        sure = int((curve.score >= SURE).sum())
        if sure:
            axes.plot(curve.recall[sure - 1], curve.precision[sure - 1], "o", color=colour, markersize=5)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.05)
    axes.legend(title=f"average precision (dot: score {SURE:g})", loc="lower left", fontsize=8, title_fontsize=8, frameon=False)
    return figure
