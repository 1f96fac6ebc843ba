"""Whether a challenger is better than a champion on the same rows, with a known share of errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.metrics import scorer
from foldwise.spec.goal import Goal, Task

DRAWS = 2000
# Large tables get fewer draws, for the same time; 400 tell a share of 5 % from one of 8 %.
DRAWN_ROWS, FEWEST = 20_000_000, 400
# These look at the order of a model's scores only, and two models' scores may lie on different scales.
BY_RANK = ("roc_auc", "pr_auc")
EQUAL = 1e-12

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Side:
    """A model's answers: predictions (rows, classes) or (rows,), and of two labels the threshold between them."""

    predictions: Array
    threshold: float


@dataclass(frozen=True)
class PairedTest:
    """Scores of both, what the challenger gains in the goal's good direction, and how probable as much is by chance alone.

    gain and p_value are nan where the metric cannot be computed on these rows.
    """

    champion: float
    challenger: float
    gain: float
    p_value: float
    rows: int


def paired_test(
    goal: Goal,
    task: Task,
    labels: int,
    truth: Array,
    challenger: Side,
    champion: Side,
    seed: int,
    units: Array | None = None,
    draws: int = DRAWS,
) -> PairedTest:
    """One-sided test of "the challenger is no better", by exchanging the two models' answers row by row at random.

    If neither is better, an answer could as well be the other's; so the share of exchanges that gain as much as was seen is
    at most alpha in a share alpha of all such tests, for any metric and any number of rows.

    Args:
        goal: the metric and its good direction.
        task: what was predicted.
        labels: how many there are; 0 for regression.
        truth: codes or values, (rows,).
        challenger: answers for these rows.
        champion: answers for the same rows.
        seed: of the exchanges.
        units: (rows,), rows that belong together are exchanged together, as those of one patient.
        draws: how many exchanges, fewer beyond 10,000 rows.

    Source: Fisher's randomisation test for pairs; Noreen, Computer-Intensive Methods for Testing Hypotheses (1989).
    """
    sign = goal.sign
    ours, theirs = _comparable(goal.metric, challenger.predictions), _comparable(goal.metric, champion.predictions)

    def gain_of(swapped: Array) -> float:
        across = swapped if ours.ndim == 1 else swapped[:, None]
        first, second = np.where(across, theirs, ours), np.where(across, ours, theirs)
        thresholds = [(challenger.threshold, champion.threshold), (champion.threshold, challenger.threshold)]
        cuts = [np.where(swapped, other, own) for own, other in thresholds]
        of_first, of_second = (scorer(task, labels, goal.metric, cut) for cut in cuts)
        return sign * (of_first(truth, first) - of_second(truth, second))

    scores = [
        scorer(task, labels, goal.metric, side.threshold)(truth, side.predictions) if len(truth) else math.nan
        for side in (champion, challenger)
    ]
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
    """Scores that mean the same for both models."""
    if metric not in BY_RANK:
        return predictions
    from scipy.stats import rankdata  # a second's import

    return rankdata(predictions, axis=0)
