"""From the maps of a centre network to boxes: peaks, corners, non-maximum suppression."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from foldwise.tasks.detection.boxes import EMPTY, FOUND_WIDTH, MOST_FOUND, suppressed

Floats = npt.NDArray[np.float32]

SHAPE_MAPS = 4  # logarithm of width and height, then the centre's place in its cell, right and down
LARGEST = 20.0  # of a logit or a logarithm that is believed: e to the power of it is still a number
LEAST_LOGIT = -4.6  # a score of 0.01: below it there are thousands of boxes, and next to none is right


def decode(maps: npt.ArrayLike, size: tuple[int, int], stride: int, overlap: float = 0.5) -> Floats:
    """The boxes of pictures, best first.

    A peak is a cell whose score is the largest of its 3 x 3 neighbours. The best 100 peaks of a picture are kept, and of those
    a box that overlaps a better one of its label goes. Corners end at the picture's edges. Source: Zhou et al. 2019, "Objects
    as points", section 4, which does without suppression; it costs little and takes double answers away.

    Args:
        maps: (pictures, rows, columns, labels + 4): logits of the centre of each label, then the four of SHAPE_MAPS in cells.
        size: height and width of the pictures, in pixels.
        stride: pixels from one cell to the next.
        overlap: the largest intersection over union with a better box of the same label.

    Returns:
        (pictures, 100, 6): label code, score, x_min, y_min, x_max, y_max; rows of -1 where there are fewer.
    """
    maps = np.asarray(maps, dtype=np.float32)
    found = np.full((len(maps), MOST_FOUND, FOUND_WIDTH), EMPTY, dtype=np.float32)
    for place in range(len(maps)):
        boxes = _candidates(maps[place], size, stride)
        boxes = boxes[~suppressed(boxes, overlap)]
        found[place, : len(boxes)] = boxes
    return found


def _candidates(maps: Floats, size: tuple[int, int], stride: int) -> Floats:
    """The boxes of the best peaks of one picture, (boxes, 6), best first."""
    labels = maps.shape[2] - SHAPE_MAPS
    logits = np.clip(np.nan_to_num(maps[..., :labels], nan=-LARGEST), -LARGEST, LARGEST)
    peak = (logits >= _largest_near(logits)) & (logits > LEAST_LOGIT)
    row, column, label = np.nonzero(peak)
    score = 1.0 / (1.0 + np.exp(-logits[row, column, label].astype(np.float64)))
    best = np.argsort(-score, kind="stable")[:MOST_FOUND]
    row, column, label, score = row[best], column[best], label[best], score[best]
    shape = np.clip(np.nan_to_num(maps[row, column, labels:]), -LARGEST, LARGEST).astype(np.float64)
    centre = (np.column_stack([column, row]) + shape[:, 2:]) * stride
    half = np.exp(shape[:, :2]) * stride / 2.0
    limit = np.array([size[1], size[0]], dtype=np.float64)
    low, high = np.clip(centre - half, 0.0, limit), np.clip(centre + half, 0.0, limit)
    boxes = np.column_stack([label, score, low, high]).astype(np.float32)
    return np.asarray(boxes[(boxes[:, 4:] > boxes[:, 2:4]).all(axis=1)])


def _largest_near(logits: Floats) -> Floats:
    """The largest value among each cell and its eight neighbours."""
    across = np.pad(logits, ((0, 0), (1, 1), (0, 0)), constant_values=-np.inf)
    wide = np.maximum(np.maximum(across[:, :-2], across[:, 1:-1]), across[:, 2:])
    down = np.pad(wide, ((1, 1), (0, 0), (0, 0)), constant_values=-np.inf)
    return np.asarray(np.maximum(np.maximum(down[:-2], down[1:-1]), down[2:]))
