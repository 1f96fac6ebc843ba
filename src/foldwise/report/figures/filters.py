"""The filters of the first layer, and beside each the image patches that excite it most."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from foldwise.models.network_graph import FirstLayer
from foldwise.report.figures.names import drawable
from foldwise.report.figures.pixels import as_shown, weights_shown, window_of
from foldwise.report.figures.sheet import hold, sheet

COLUMNS = 3  # of filters with their patches
INCH, GAP = 0.62, 0.06  # side of a tile, distance between tiles
HEAD = 0.7  # inches for the title


def draw_filters(first: FirstLayer, images: npt.NDArray[Any]) -> Figure:
    """Each filter, followed by its patches, strongest first.

    Args:
        first: the first layer of a network.
        images: (rows, height, width, channels), the images that `first` was inspected with.
    """
    filters, patches = first.rows.shape
    columns = max(1, min(COLUMNS, ceil(filters / 4)))
    lines = ceil(filters / columns)
    unit = (patches + 1) * (INCH + GAP) + 0.45
    size = max(columns * unit, 5.0) + 0.1, HEAD + lines * (INCH + GAP) + 0.1
    figure, axes = sheet(*size)
    coloured = first.kernels.shape[-1] == 3
    for place in range(filters):
        left, top = place // lines * unit + 0.12, -HEAD - place % lines * (INCH + GAP)
        kernel = weights_shown(first.kernels[place])
        _tile(axes, kernel, left, top, **({} if coloured else {"cmap": "PuOr_r", "vmin": -1, "vmax": 1}))
        for patch in range(patches):
            row = int(first.rows[place, patch])
            picture = as_shown(images[row : row + 1], images)[0]
            top_left = (int(first.corners[place, patch, 0]), int(first.corners[place, patch, 1]))
            seen = window_of(picture, top_left, first.window)
            _tile(axes, seen, left + 0.14 + (patch + 1) * (INCH + GAP), top, cmap="gray", vmin=0, vmax=1)
    scale = "grey is 0" if coloured else "orange is positive, violet is negative"
    if filters < first.count:
        which = f"the {filters} of {first.count} filters with the largest weights"
    else:
        which = f"its {filters} filters"
    what = f"First layer, {drawable(first.name, 24)}: {which}"
    axes.text(0.12, -0.28, what, fontsize=10)
    axes.text(0.12, -0.52, f"Each filter ({scale}) and what excites it most in the holdout", fontsize=8)
    hold(axes, *size)
    return figure


def _tile(axes: Axes, picture: npt.NDArray[Any], left: float, top: float, **options: Any) -> None:
    """Draw a picture of any shape within a square."""
    height, width = picture.shape[:2]
    wide, high = INCH * min(1.0, width / height), INCH * min(1.0, height / width)
    axes.imshow(picture, extent=(left, left + wide, top - high, top), **options)
    axes.add_patch(Rectangle((left, top - high), wide, high, facecolor="none", edgecolor="#bbbbbb", linewidth=0.5))
