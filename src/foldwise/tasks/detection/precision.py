"""Average precision by COCO's rules, from small statistics of each picture.

Source: Lin et al. 2014, "Microsoft COCO", and its evaluation code: 101 points of recall, at most 100 boxes a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldwise.tasks.detection.boxes import EMPTY, MOST_FOUND, is_box, overlaps

Floats = npt.NDArray[np.floating]

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of intersection over union
RECALLS = np.linspace(0.0, 1.0, 101)
BITS = 2.0 ** np.arange(len(THRESHOLDS))


def condense(truth: Floats, found: Floats, labels: int) -> npt.NDArray[np.float32]:
    """What average precision needs of each picture.

    Args:
        truth: (pictures, most, 5), see boxes.
        found: (pictures, 100, 6), best first.
        labels: how many there are.

    Returns:
        (pictures, 100 + labels, 3). The first 100 rows are predicted boxes: label code, score, and a sum of bits that says at
        which THRESHOLDS it matches a true box. The others are labels: code, number of true boxes, -1.
    """
    condensed = np.full((len(truth), MOST_FOUND + labels, 3), EMPTY, dtype=np.float32)
    for place in range(len(truth)):
        true, predicted = truth[place][is_box(truth[place])], found[place][is_box(found[place])]
        condensed[place, : len(predicted), :2] = predicted[:, :2]
        condensed[place, : len(predicted), 2] = (matches(true, predicted) >= 0) @ BITS
        condensed[place, MOST_FOUND:, 0] = np.arange(labels)
        condensed[place, MOST_FOUND:, 1] = np.bincount(true[:, 0].astype(np.int64), minlength=labels)
    return condensed


def matches(true: Floats, found: Floats) -> npt.NDArray[np.int64]:
    """The place of the true box that each predicted box of a picture matches, at each of THRESHOLDS; -1 where it matches none.

    The best box chooses first: of the true boxes of its label that are still free, the one that it overlaps most; of two that
    it overlaps equally, the later one, as pycocotools does.

    Args:
        true: (boxes, 5).
        found: (predicted boxes, 6), best first.

    Returns:
        (predicted boxes, 10).
    """
    near = np.where(found[:, None, 0] == true[None, :, 0], overlaps(found[:, 2:], true[:, 1:]), EMPTY)
    matched = np.full((len(found), len(THRESHOLDS)), -1, dtype=np.int64)
    if not len(true):
        return matched
    free = np.ones((len(THRESHOLDS), len(true)), dtype=np.bool_)
    each = np.arange(len(THRESHOLDS))
    for place in np.flatnonzero(near.max(axis=1) >= THRESHOLDS[0]):
        open_ = np.where(free & (near[place] >= THRESHOLDS[:, None]), near[place], EMPTY)
        chosen = len(true) - 1 - open_[:, ::-1].argmax(axis=1)
        taken = open_[each, chosen] > EMPTY
        matched[place, taken] = chosen[taken]
        free[each[taken], chosen[taken]] = False
    return matched


def average_precisions(condensed: Floats, threshold: int | None = None) -> npt.NDArray[np.float64]:
    """The average precision of each label over these pictures, (labels,); nan for a label without a true box.

    threshold: a position in THRESHOLDS; None: the mean over all of them.
    """
    labels = condensed.shape[1] - MOST_FOUND
    true = condensed[:, MOST_FOUND:, 1].sum(axis=0)
    chosen = range(len(THRESHOLDS)) if threshold is None else [threshold]
    code, _, bits = _in_order(condensed)
    result = np.full(labels, np.nan)
    for label in np.flatnonzero(true > 0):
        own = bits[code == label]
        result[label] = np.mean([_interpolated(_curve((own >> place) & 1, true[label])).mean() for place in chosen])
    return result


@dataclass(frozen=True, eq=False)
class PrecisionCurve:
    """Precision over recall of one label: (points,) each, and the score at which each point is reached."""

    recall: npt.NDArray[np.float64]
    precision: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]


def precision_curve(condensed: Floats, label: int, threshold: int = 0) -> PrecisionCurve:
    """The curve of one label at one of THRESHOLDS, from the best box on."""
    code, score, bits = _in_order(condensed)
    own = code == label
    curve = _curve((bits[own] >> threshold) & 1, condensed[:, MOST_FOUND + label, 1].sum())
    return PrecisionCurve(curve[0], curve[1], score[own].astype(np.float64))


def _in_order(condensed: Floats) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int64]]:
    """Label, score and bits of all predicted boxes, best first; of equal scores, the earlier picture first."""
    rows = condensed[:, :MOST_FOUND].reshape(-1, 3)
    rows = rows[rows[:, 0] >= 0]
    rows = rows[np.argsort(-rows[:, 1], kind="stable")]
    return rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2].astype(np.int64)


def _curve(hits: npt.NDArray[np.int64], true: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Recall and precision after each predicted box."""
    right = np.cumsum(hits).astype(np.float64)
    count = np.arange(1, len(hits) + 1, dtype=np.float64)
    return right / max(float(true), 1.0), right / (count + np.spacing(1))


def _interpolated(curve: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Precision at RECALLS: the largest at this recall or beyond, 0 where none is."""
    recall, precision = curve
    largest = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return np.asarray(largest[np.searchsorted(recall, RECALLS, side="left")])
