"""The mistakes of a model on images, the most confident first."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from foldwise.report.figures.names import counted, drawable, told_apart
from foldwise.report.figures.pixels import as_shown
from foldwise.report.figures.sheet import hold, sheet
from foldwise.report.figures.style import COLOURS
from foldwise.system.numbers import shown

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

ACROSS, DOWN = 8, 5
INCH = 1.15  # side of an image
TEXT = 0.42  # inches for the text below an image
HEAD = 0.4  # inches for the title
WRONG, RIGHT = COLOURS[1], COLOURS[0]


def mistakes_first(wrong: npt.NDArray[np.bool_], certainty: Floats, most: int) -> Places:
    """Rows in the order of the grid: wrong answers, the most certain first, then correct ones, the least certain first."""
    return np.lexsort((np.where(wrong, -certainty, certainty), ~wrong))[:most]


def largest_first(truth: Floats, predictions: Floats, most: int) -> Places:
    """Rows by the size of their error, the largest first."""
    return np.argsort(-np.abs(truth - predictions), kind="stable")[:most]


def draw_mistakes(
    images: npt.NDArray[Any], truth: npt.NDArray[Any], probabilities: Floats, answers: Places, labels: Sequence[str]
) -> Figure:
    """A grid of images with the truth, the answer and its probability.

    Args:
        images: (rows, height, width[, channels]).
        truth: class codes, (rows,).
        probabilities: (rows, classes).
        answers: class codes, (rows,).
        labels: of the classes.
    """
    names, wrong = told_apart(labels, 15), truth != answers
    certainty = probabilities[np.arange(len(answers)), answers]
    rows = mistakes_first(wrong, certainty, ACROSS * DOWN)
    captions = [
        f"{names[truth[row]]}, taken for\n{names[answers[row]]} ({certainty[row]:.2f})"
        if wrong[row]
        else f"{names[truth[row]]}\ncorrect ({certainty[row]:.2f})"
        for row in rows
    ]
    many = int(wrong.sum())
    then = "; then correct answers, the least certain first" if many < len(rows) else ""
    title = f"{counted(many, 'mistake')} of {len(truth):,}, the most certain first{then}"
    return _grid(images, rows, captions, [WRONG if wrong[row] else RIGHT for row in rows], title)


def draw_largest_errors(images: npt.NDArray[Any], truth: Floats, predictions: Floats, target: str) -> Figure:
    """A grid of images with their true and predicted numbers, the largest errors first."""
    rows = largest_first(truth, predictions, ACROSS * DOWN)
    captions = [f"true {shown(truth[row])}\npredicted {shown(predictions[row])}" for row in rows]
    title = f"{drawable(target, 40)}: the {len(rows):,} largest errors of {len(truth):,}"
    return _grid(images, rows, captions, ["black"] * len(rows), title)


def _grid(images: npt.NDArray[Any], rows: Places, captions: Sequence[str], colours: Sequence[str], title: str) -> Figure:
    """Draw the images on one axes, in inches; forty axes would take seconds."""
    pictures = as_shown(images[rows], images)
    height, width = pictures.shape[1:3]
    wide, high = INCH * min(1.0, width / height), INCH * min(1.0, height / width)
    step, drop = INCH + 0.12, high + TEXT
    lines = ceil(len(rows) / ACROSS)
    columns = max(min(ACROSS, len(rows)), 4)  # room for the title
    size = columns * step + 0.12, HEAD + lines * drop
    figure, axes = sheet(*size)
    for place, (picture, words, colour) in enumerate(zip(pictures, captions, colours, strict=True)):
        left, top = place % ACROSS * step + 0.12, -HEAD - place // ACROSS * drop
        start = left + (INCH - wide) / 2
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1, extent=(start, start + wide, top - high, top))
        edge = [start, start + wide, start + wide, start, start], [top, top, top - high, top - high, top]
        axes.plot(*edge, color=colour, linewidth=1.6, solid_joinstyle="miter")
        axes.text(left + INCH / 2, top - high - 0.04, words, ha="center", va="top", fontsize=6.5, color=colour)
    axes.text(0.12, -0.25, title, fontsize=10)
    hold(axes, *size)
    return figure
