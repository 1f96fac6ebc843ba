"""The confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from foldwise.report.figures.names import percent, told_apart
from foldwise.report.figures.style import GREY, canvas
from foldwise.system.numbers import counted

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WRITTEN_OUT = 12  # classes up to which a cell shows its count and share
WRITTEN = 30  # classes up to which a cell shows its share
NAMED = 120  # classes up to which every class is named at the side
LISTED = 20  # most frequent mistakes listed if cells do not show counts


def shares_of(counts: Counts) -> Floats:
    """Counts as shares of each true class, (classes, classes); nan for a class without rows."""
    rows = counts.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(counts, rows, out=np.full(counts.shape, np.nan), where=rows > 0)
    return shares


def frequent_mistakes(counts: Counts, most: int) -> list[tuple[int, int, int]]:
    """Truth, answer and count of the `most` most frequent mistakes, most frequent first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    found = [(*divmod(int(place), len(counts)), int(wrong.flat[place])) for place in order]
    return [mistake for mistake in found if mistake[2] > 0]


def draw_confusion(counts: Counts, labels: Sequence[str]) -> Figure:
    """Counts (classes, classes), rows by truth, with shares of each true class."""
    classes, shares = len(labels), shares_of(counts)
    names = told_apart(labels, 18)
    cell = 0.62 if classes <= WRITTEN_OUT else 0.34 if classes <= WRITTEN else max(0.115, 5.0 / classes)
    side, margin = max(1.9, min(cell * classes, 14.0)), 1.25 + 0.055 * max(map(len, names))
    mistakes = frequent_mistakes(counts, LISTED) if classes > WRITTEN_OUT else []
    beside = 3.6 if mistakes else 0.0
    figure = canvas(max(1.08 * side + margin + 0.6, 4.2) + beside, side + margin)
    if mistakes:
        axes, column = figure.subplots(1, 2, width_ratios=(side + margin, beside))
        _list(column, mistakes, counts, names)
    else:
        axes = figure.subplots()
    # on a linear scale rare mistakes would be invisible, so small shares get more of the colours
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(1.0 if classes == 2 else 0.5, 0.0, 1.0))
    axes.set_facecolor("#e6e6e6")  # a class without rows
    correct = np.trace(counts) / counts.sum()
    axes.set_title(f"{counted(int(counts.sum()), 'row')}, {correct:.1%} correct", loc="left", fontsize=10)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    _name_classes(axes, names)
    if classes <= WRITTEN:
        _write_cells(axes, counts, shares)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, aspect=30, ticks=[0, 0.1, 0.25, 0.5, 1])
    bar.set_label("share of the true class", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)
    return figure


def _name_classes(axes: Axes, names: Sequence[str]) -> None:
    every = 1 if len(names) <= NAMED else -(-len(names) // NAMED)
    places = range(0, len(names), every)
    size = 9 if len(names) <= WRITTEN_OUT else 7 if len(names) <= WRITTEN else 5.5
    tilted = 90 if max(map(len, names)) > (6 if len(names) <= WRITTEN_OUT else 2) else 0
    axes.set_xticks(places, [names[place] for place in places], rotation=tilted, fontsize=size)
    axes.set_yticks(places, [names[place] for place in places], fontsize=size)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _write_cells(axes: Axes, counts: Counts, shares: Floats) -> None:
    out, dark = len(counts) <= WRITTEN_OUT, 0.55 if len(counts) == 2 else 0.35
    for row, column in np.ndindex(counts.shape):
        count, share = int(counts[row, column]), float(shares[row, column])
        if np.isnan(share) or (count == 0 and not out):
            continue
        text = f"{count:,}\n{percent(share)}" if out else f"{100 * share:.0f}"
        colour = GREY if count == 0 else "white" if share > dark else "black"
        axes.text(column, row, text if count else "0", ha="center", va="center", color=colour, fontsize=8 if out else 6)


def _list(axes: Axes, mistakes: Sequence[tuple[int, int, int]], counts: Counts, names: Sequence[str]) -> None:
    axes.set_axis_off()
    axes.set_title("most frequent mistakes: truth → answer", loc="left", fontsize=9)
    of = counts.sum(axis=1)
    lines = [f"{count:,} ({percent(count / of[truth])})  {names[truth]} → {names[answer]}" for truth, answer, count in mistakes]
    axes.text(0.0, 0.99, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=7.5, linespacing=1.5)
