"""Test whether a challenger is better than a champion on the same rows, with a known error rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.metrics import Scorer
from foldwise.spec.goal import Goal

DRAWS = 2000
# Large tables get fewer draws, for the same time; 400 can tell a share of 5 % from one of 8 %.
DRAWN_ROWS, FEWEST = 20_000_000, 400
# These metrics use only the order of scores, and two models' scores can be on different scales.
BY_RANK = ("roc_auc", "pr_auc")
EQUAL = 1e-12

Array = npt.NDArray[Any]
ScorerAt = Callable[[Any], Scorer]


@dataclass(frozen=True, eq=False)
class Side:
    """A model's predictions, (rows, classes) or (rows,), and its threshold between two labels."""

    predictions: Array
    threshold: float


@dataclass(frozen=True)
class PairedTest:
    """Both scores, the challenger's gain in the goal's direction, and the probability of such a gain by chance alone.

    gain and p_value are nan if the metric cannot be computed on these rows.
    """

    champion: float
    challenger: float
    gain: float
    p_value: float
    rows: int


def paired_test(
    goal: Goal,
    scorer: ScorerAt,
    truth: Array,
    challenger: Side,
    champion: Side,
    seed: int,
    units: Array | None = None,
    draws: int = DRAWS,
) -> PairedTest:
    """One-sided test of "the challenger is not better", by random exchanges of the two models' predictions, row by row.

    If neither is better, their predictions are exchangeable. So the p-value, the share of exchanges that gain at least as
    much, is at most alpha in a share alpha of all such tests, for any metric and any number of rows.

    Args:
        goal: the metric and its good direction.
        scorer: a threshold -> the metric as a function of truth and predictions; see `metrics.scorer`.
        truth: codes or values, (rows,).
        challenger: predictions for these rows.
        champion: predictions for the same rows.
        seed: of the exchanges.
        units: (rows,), rows of one unit, such as one patient, are exchanged together.
        draws: number of exchanges, fewer beyond 10,000 rows.

    Source: Fisher's randomisation test for pairs; Noreen, Computer-Intensive Methods for Testing Hypotheses (1989).
    """
    sign = goal.sign
    ours, theirs = _comparable(goal.metric, challenger.predictions), _comparable(goal.metric, champion.predictions)

    def gain_of(swapped: Array) -> float:
        across = swapped.reshape(-1, *[1] * (ours.ndim - 1))
        first, second = np.where(across, theirs, ours), np.where(across, ours, theirs)
        thresholds = [(challenger.threshold, champion.threshold), (champion.threshold, challenger.threshold)]
        cuts = [np.where(swapped, other, own) for own, other in thresholds]
        of_first, of_second = map(scorer, cuts)
        return sign * (of_first(truth, first) - of_second(truth, second))

    scores = [scorer(side.threshold)(truth, side.predictions) if len(truth) else math.nan for side in (champion, challenger)]
    gain = sign * (scores[1] - scores[0])
    if not math.isfinite(gain):
        return PairedTest(scores[0], scores[1], math.nan, math.nan, len(truth))
    chance = np.random.default_rng(seed)
    number = np.arange(len(truth)) if units is None else np.unique(units, return_inverse=True)[1]
    count = min(draws, max(FEWEST, DRAWN_ROWS // len(truth)))
    gains = np.array([gain_of((chance.random(number.max() + 1) < 0.5)[number]) for _ in range(count)])
    as_good = int((gains >= gain - EQUAL).sum()) + int(np.isnan(gains).sum())
    return PairedTest(scores[0], scores[1], gain, (1 + as_good) / (1 + count), len(truth))


def _comparable(metric: str, predictions: Array) -> Array:
    """Predictions on a scale that both models share."""
    if metric not in BY_RANK:
        return predictions
    from scipy.stats import rankdata  # a second's import

    ranks: Array = rankdata(predictions, axis=0)
    return ranks
