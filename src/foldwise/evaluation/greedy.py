"""Greedy choice of an ensemble from predictions that are there already: add the model that helps most, again and again.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries of models" (with replacement, started
from the best model).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Score = Callable[[Sequence[Array]], Array]  # predictions of some models -> their scores (models,), more is better

ROUNDS = 20  # models that are added at most, counting repeats
PATIENCE = 4  # rounds without a gain that end the choice


def greedy(models: Sequence[Array], score: Score, most: int) -> tuple[int, ...]:
    """How often each model is taken; the ensemble is their mean by these counts.

    In each round the model is added, again or anew, with which the mean scores best; of equals the earlier one. The mean that
    scored best on the way is taken, of equals the smaller one. Counts have no common divisor.

    Args:
        models: the predictions of each, (rows, classes) or (rows,).
        score: of such predictions; nan where there is none, which loses.
        most: how many different models are taken at most.

    Returns:
        Counts (models,); all 0 if no model has a score.
    """
    counts = np.zeros(len(models), dtype=np.int64)
    alone = _known(score(models))
    if not np.isfinite(alone).any():
        return tuple(counts.tolist())
    first = int(np.argmax(alone))
    counts[first] = 1
    best, reached, total, since = counts.copy(), alone[first], np.asarray(models[first]), 0
    for taken in range(2, ROUNDS + 1):
        full = np.count_nonzero(counts) >= most
        allowed = [place for place in range(len(models)) if not full or counts[place]]
        scores = _known(score([(total + models[place]) / taken for place in allowed]))
        chosen = allowed[int(np.argmax(scores))]
        counts[chosen] += 1
        total = total + models[chosen]
        if scores.max() > reached:
            best, reached, since = counts.copy(), scores.max(), 0
            continue
        since += 1
        if since == PATIENCE:
            break
    return tuple((best // math.gcd(*best.tolist())).tolist())


def weighted_mean(models: Sequence[Array], counts: Sequence[int]) -> Array:
    """The predictions of an ensemble, of the shape of a model's."""
    total = sum(counts)
    parts = [(count / total) * np.asarray(model) for model, count in zip(models, counts, strict=True) if count]
    mean: Array = np.sum(parts, axis=0)
    return mean


def _known(scores: Array) -> Array:
    return np.where(np.isfinite(scores), scores, -np.inf)
