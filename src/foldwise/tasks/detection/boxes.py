"""The layout of boxes in arrays, and how far two boxes overlap.

True boxes of a picture are rows `[label code, x_min, y_min, x_max, y_max]` in pixels, predicted ones
`[label code, score, x_min, y_min, x_max, y_max]`, the best first. A row of -1 is an empty place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

TRUE_WIDTH = 5  # numbers of a true box
FOUND_WIDTH = 6  # numbers of a predicted box
MOST_FOUND = 100  # predicted boxes of a picture, as in COCO's evaluation
EMPTY = -1.0


def is_box(rows: Floats) -> npt.NDArray[np.bool_]:
    """Which rows (..., 5 or 6) hold a box: (...)."""
    return np.asarray(rows[..., 0] >= 0)


def overlaps(one: Floats, other: Floats) -> npt.NDArray[np.float64]:
    """Intersection over union of corners (a, 4) with corners (b, 4): (a, b).

    It is computed from left, top, width and height in double precision, in the order of pycocotools, so that ties fall alike.
    """
    a, b = (np.asarray(corners, dtype=np.float64) for corners in (one, other))
    a_size, b_size = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    far = np.minimum((a[:, :2] + a_size)[:, None], (b[:, :2] + b_size)[None])
    shared = np.clip(far - np.maximum(a[:, None, :2], b[None, :, :2]), 0.0, None).prod(axis=2)
    union = a_size.prod(axis=1)[:, None] + b_size.prod(axis=1)[None] - shared
    shares: npt.NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return shares


def suppressed(found: Floats, overlap: float) -> npt.NDArray[np.bool_]:
    """Non-maximum suppression: which rows (boxes, 6), best first, overlap a better one of their label by more than that."""
    near = (overlaps(found[:, 2:], found[:, 2:]) > overlap) & (found[:, None, 0] == found[None, :, 0])
    gone = np.zeros(len(found), dtype=np.bool_)
    for place in range(len(found)):
        if not gone[place]:
            gone[place + 1 :] |= near[place, place + 1 :]
    return gone
