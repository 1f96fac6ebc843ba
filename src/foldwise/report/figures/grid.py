"""Images in rows, each with a caption."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from foldwise.report.figures.pixels import as_shown
from foldwise.report.figures.sheet import hold, sheet

ACROSS, DOWN = 8, 5
INCH = 1.15  # side of an image
GAP, LINE = 0.18, 0.12  # inches below an image, and for each line of its caption
HEAD = 0.4  # inches for the title


def draw_grid(
    images: npt.NDArray[Any], rows: npt.NDArray[np.int64], captions: Sequence[str], colours: Sequence[str], title: str
) -> Figure:
    """Images with a frame and a caption, all on one axes, in inches: forty axes would take seconds.

    Args:
        images: (rows, height, width[, channels]); all determine the scale of grey.
        rows: the positions of the images to draw.
        captions: one for each image drawn.
        colours: of each frame and caption.
        title: of the figure.
    """
    pictures = as_shown(images[rows], images)
    height, width = pictures.shape[1:3]
    wide, high = INCH * min(1.0, width / height), INCH * min(1.0, height / width)
    step, drop = INCH + 0.12, high + GAP + LINE * max(words.count("\n") + 1 for words in captions)
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
