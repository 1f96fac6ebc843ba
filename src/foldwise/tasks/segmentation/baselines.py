"""What a class map must beat: the commonest class everywhere, and a logistic regression on the colour of each pixel."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from foldwise.data.masks import IGNORED
from foldwise.tasks.segmentation.scores import Masks

Pictures = npt.NDArray[np.uint8]
Guess = Callable[[Pictures], Masks]

PIXELS = 50_000  # of the training pictures that the regression sees: its few weights need no more


def majority(pictures: Pictures, masks: Masks, seed: int) -> Guess:
    """The commonest class in every pixel.

    pictures: (pictures, height, width, channels). masks: (pictures, height, width).
    """
    del pictures, seed
    counts = np.bincount(masks.ravel(), minlength=IGNORED + 1)[:IGNORED]
    code = np.uint8(counts.argmax())
    return lambda others: np.full(others.shape[:3], code, dtype=np.uint8)


def logistic(pictures: Pictures, masks: Masks, seed: int) -> Guess:
    """A logistic regression from the channels of a pixel to its class, fitted on PIXELS known pixels drawn by `seed`."""
    known = np.flatnonzero(masks.ravel() != IGNORED)
    drawn = np.random.default_rng(seed).choice(known, min(PIXELS, len(known)), replace=False)
    colours = pictures.reshape(-1, pictures.shape[-1])
    codes = masks.ravel()[drawn]
    if len(np.unique(codes)) < 2:
        return majority(pictures, masks, seed)
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(colours[drawn].astype(np.float64), codes)

    def guess(others: Pictures) -> Masks:
        # few colours are many pixels: each is looked at once
        flat = others.reshape(-1, others.shape[-1])
        seen, where = np.unique(flat, axis=0, return_inverse=True) if math.prod(others.shape[:3]) else (flat, np.array([], int))
        found = model.predict(seen.astype(np.float64)) if len(seen) else np.array([], np.uint8)
        return found.astype(np.uint8)[where].reshape(others.shape[:3])

    return guess


BASELINES: dict[str, Callable[[Pictures, Masks, int], Guess]] = {"majority": majority, "logistic": logistic}
