"""What a study will learn from, before anything is trained: the first images with their labels, and the size of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from foldwise.report.figures.grid import draw_grid
from foldwise.report.figures.names import drawable, told_apart
from foldwise.report.figures.score_axes import WIDTH, note
from foldwise.report.figures.style import COLOURS, canvas, plain
from foldwise.system.numbers import counted, shown

MOST_CLASSES = 40


def draw_first_images(
    images: npt.NDArray[Any], target: npt.NDArray[Any], labels: Sequence[str], name: str, count: int
) -> Figure:
    """The first images to develop on, in the order of the source, each with its label or its number.

    Args:
        images: (rows, height, width[, channels]), those to draw.
        target: class codes or numbers, (rows,).
        labels: of the classes; () for numbers.
        name: of the target.
        count: of all images to develop on.
    """
    names = told_apart(labels, 18)
    captions = [names[int(value)] if labels else f"{drawable(name, 12)} {shown(value)}" for value in target]
    title = f"The first {len(images)} of {counted(count, 'image')} to develop on"
    return draw_grid(images, np.arange(len(images)), captions, ["black"] * len(images), title)


def draw_classes(counts: Mapping[str, Mapping[str, float]], name: str) -> Figure:
    """A bar for the rows of each class, in each part of the data; of many classes the largest.

    Args:
        counts: part, such as development or holdout -> label -> rows. All parts have the same labels.
        name: of the target.
    """
    first = next(iter(counts.values()))
    labels = list(first)
    kept = sorted(sorted(labels, key=lambda label: -first[label])[:MOST_CLASSES], key=labels.index)
    figure = canvas(WIDTH, 1.3 + (0.2 + 0.12 * len(counts)) * len(kept))
    axes = plain(figure.subplots(), f"{drawable(name, 40)}: rows of each class", "rows", "")
    places, height = np.arange(len(kept)), 0.8 / len(counts)
    for part, (words, rows) in enumerate(counts.items()):
        at = places - 0.4 + height * (part + 0.5)
        values = [rows[label] for label in kept]
        bars = axes.barh(at, values, height * 0.92, color=COLOURS[part], label=f"{words} ({shown(sum(rows.values()))})")
        axes.bar_label(bars, [shown(value) for value in values], padding=2, fontsize=7)
    axes.set_yticks(places, told_apart(kept, 24), fontsize=8)
    axes.set_ylim(len(kept) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.1)
    if len(kept) < len(labels):
        note(axes, f"the {len(kept)} largest of {len(labels)} classes")
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure
