"""The mistakes of a model on images, the most confident first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from foldwise.report.figures.grid import ACROSS, DOWN, draw_grid
from foldwise.report.figures.names import drawable, told_apart
from foldwise.report.figures.style import COLOURS
from foldwise.system.numbers import counted, shown

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

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
    return draw_grid(images, rows, captions, [WRONG if wrong[row] else RIGHT for row in rows], title)


def draw_largest_errors(images: npt.NDArray[Any], truth: Floats, predictions: Floats, target: str) -> Figure:
    """A grid of images with their true and predicted numbers, the largest errors first."""
    rows = largest_first(truth, predictions, ACROSS * DOWN)
    captions = [f"true {shown(truth[row])}\npredicted {shown(predictions[row])}" for row in rows]
    title = f"{drawable(target, 40)}: the {len(rows):,} largest errors of {len(truth):,}"
    return draw_grid(images, rows, captions, ["black"] * len(rows), title)
