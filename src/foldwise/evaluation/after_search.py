"""What the best trial of a search is worth: its score is the luckiest of many, and a bootstrap of the whole search corrects it.

Source: Tsamardinos, Greasidou and Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and accurate
cross-validation" (BBC-CV).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.under_weights import Weighted
from foldwise.spec.goal import Goal

Array = npt.NDArray[Any]

DRAWS, FEWEST_DRAWS = 1000, 100
DRAWN_AT_ONCE = 4_000_000  # weights of rows held at once
# Row weights times models that are looked at: those of metrics that need the order of rows cost more.
MOST_SUMMED, MOST_RANKED = 10_000_000_000, 120_000_000


@dataclass(frozen=True)
class Corrected:
    """The score of the best of many models on rows that did not choose it, with its 95 % interval.

    optimism: by how much the best looks better than that, in the good direction; at least 0, and 0 of a single model.
        nan where nothing can be said.
    draws: the resamples behind it.
    """

    score: float
    low: float
    high: float
    optimism: float
    draws: int


UNKNOWN = Corrected(math.nan, math.nan, math.nan, math.nan, 0)


def corrected(
    goal: Goal, scores: Weighted, rows: int, models: int, seed: int, *, ranked: bool, groups: Array | None = None
) -> Corrected:
    """Draw the rows again and again: the best model on the drawn rows is scored on those that were not drawn.

    Args:
        goal: the metric's direction.
        scores: of the models under row weights, see under_weights.
        rows: how many.
        models: how many.
        seed: of the draws.
        ranked: whether the metric needs the order of rows, which takes longer.
        groups: of rows that belong together, (rows,); they are drawn as wholes.
    """
    draws = max(FEWEST_DRAWS, min(DRAWS, (MOST_RANKED if ranked else MOST_SUMMED) // max(1, rows * models)))
    outside = []
    for weights in drawn(rows, draws, seed, groups):
        chosen_on, scored_on = scores(weights), scores((weights == 0).astype(np.float64))
        known = np.isfinite(chosen_on).any(axis=1)
        best = np.nanargmax(np.where(np.isfinite(chosen_on), goal.sign * chosen_on, -np.inf), axis=1)
        places = np.arange(len(weights))
        outside.append(np.where(known, scored_on[places, best], np.nan))
    found = np.concatenate(outside)
    found = found[np.isfinite(found)]
    whole = scores(np.ones((1, rows)))[0]
    if not len(found) or not np.isfinite(whole).any():
        return UNKNOWN
    naive = float(np.nanmax(goal.sign * whole)) * goal.sign
    mean = float(found.mean())
    low, high = (float(bound) for bound in np.percentile(found, [2.5, 97.5]))
    optimism = max(0.0, goal.sign * (naive - mean)) if models > 1 else 0.0  # a single one was not chosen
    return Corrected(mean, low, high, optimism, len(found))


def drawn(rows: int, draws: int, seed: int, groups: Array | None) -> Iterator[Array]:
    """How often each row was drawn, (draws, rows) in parts; rows of a group are drawn as wholes."""
    generator = np.random.default_rng(seed)
    _, of_row = (None, None) if groups is None else np.unique(groups, return_inverse=True)
    units = rows if of_row is None else int(of_row.max()) + 1
    at_once = max(1, DRAWN_AT_ONCE // rows)
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        weights = np.stack([np.bincount(generator.integers(0, units, units), minlength=units) for _ in range(count)])
        yield (weights if of_row is None else weights[:, of_row]).astype(np.float64)
