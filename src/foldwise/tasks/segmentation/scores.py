"""Scores of class maps, from the pixels that each picture has right and wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.masks import IGNORED

Masks = npt.NDArray[np.uint8]
# (pictures, classes, 3): of each picture and class the pixels that are both, predicted, and true; ignored ones left out
Counts = npt.NDArray[np.int64]


def condense(truth: Masks, predictions: Masks, classes: int) -> Counts:
    """The counts from which every score follows.

    Args:
        truth: codes or IGNORED, (pictures, height, width).
        predictions: codes, (pictures, height, width).
        classes: how many classes there are.
    """
    counts = np.zeros((len(truth), classes, 3), dtype=np.int64)
    for own, true, predicted in zip(counts, truth, predictions, strict=True):
        known = true.ravel() != IGNORED
        places = true.ravel()[known].astype(np.intp) * classes + predicted.ravel()[known]
        confusion = np.bincount(places, minlength=classes**2).reshape(classes, classes)
        own[:, 0], own[:, 1], own[:, 2] = confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1)
    return counts


def score(condensed: Counts, metric: str) -> float:
    """One of SCORES over these pictures; nan for no picture, or where no pixel is known."""
    if not len(condensed) or not condensed[:, :, 2].any():
        return math.nan
    return SCORES[metric](condensed)


def scores(condensed: Counts) -> dict[str, float]:
    """All of SCORES over these pictures."""
    return {metric: score(condensed, metric) for metric in SCORES}


def by_class(condensed: Counts, labels: Sequence[str]) -> dict[str, Mapping[str, float]]:
    """Label -> iou and dice over all pictures, and its share of the known pixels. A class that is nowhere has nan."""
    pooled = condensed.sum(axis=0)
    known = max(1, int(pooled[:, 2].sum()))
    each = zip(labels, _iou(pooled), _dice(pooled), pooled[:, 2], strict=True)
    return {label: {"iou": float(iou), "dice": float(dice), "share": int(own) / known} for label, iou, dice, own in each}


def by_picture(condensed: Counts) -> npt.NDArray[np.float64]:
    """The mean intersection over union of each picture, (pictures,): over the classes but the first, the background.

    A class that is neither in the picture nor predicted has 1 there: empty against empty is right.
    """
    own = _iou(condensed[:, 1:])
    each: npt.NDArray[np.float64] = np.where(np.isnan(own), 1.0, own).mean(axis=1)
    return each


def _iou(counts: Counts) -> npt.NDArray[np.float64]:
    """Intersection over union, nan where both are empty; (..., classes) from (..., classes, 3)."""
    union = counts[..., 1] + counts[..., 2] - counts[..., 0]
    return _share(counts[..., 0], union)


def _dice(counts: Counts) -> npt.NDArray[np.float64]:
    return _share(2 * counts[..., 0], counts[..., 1] + counts[..., 2])


def _share(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return found


def _mean(shares: npt.NDArray[np.float64]) -> float:
    """The mean over the classes that are anywhere, in truth or predictions; 1 where there are none: empty against empty."""
    there = shares[~np.isnan(shares)]
    return float(there.sum() / len(there)) if len(there) else 1.0


def _mean_iou(condensed: Counts) -> float:
    return _mean(_iou(condensed.sum(axis=0)))


def _foreground_iou(condensed: Counts) -> float:
    return _mean(_iou(condensed[:, 1:].sum(axis=0)))


def _mean_dice(condensed: Counts) -> float:
    return _mean(_dice(condensed.sum(axis=0)))


def _pixel_accuracy(condensed: Counts) -> float:
    pooled = condensed.sum(axis=(0, 1))
    return float(pooled[0] / pooled[2])


def _picture_iou(condensed: Counts) -> float:
    known = condensed[:, :, 2].any(axis=1)  # a picture whose pixels all count nowhere counts nowhere
    return float(by_picture(condensed[known]).mean())


# metric -> its function. All pool the pixels of the pictures, but for picture_iou, which is a mean over pictures.
SCORES: Mapping[str, Callable[[Counts], float]] = {
    "mean_iou": _mean_iou,
    "foreground_iou": _foreground_iou,
    "picture_iou": _picture_iou,
    "dice": _mean_dice,
    "pixel_accuracy": _pixel_accuracy,
}
