"""How much the score of a trial depends on each parameter, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldwise.seeds import Purpose, derive, generator
from foldwise.tuning.columns import Column

FEWEST = 10  # trials; with fewer, an interval would span everything
MOST = 1000  # trials; more hardly make the intervals narrower
RESAMPLES = 50
TREES = 16
LOW, HIGH = 5, 95  # percentiles of the resamples, an interval of 90 %


@dataclass(frozen=True)
class Importance:
    """The share of the variance of the trials' ranks that is due to a parameter, with its 90 % interval."""

    name: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """The importance of parameters, the greatest first.

    trials: how many complete trials were used.
    explained: the share of the variance of unseen trials' ranks that their parameters predict; nan if nothing was measured.
    why_not: why the importance could not be measured, or None.
    """

    parameters: tuple[Importance, ...]
    trials: int
    explained: float = float("nan")
    why_not: str | None = None


def measure(columns: Sequence[Column], scores: npt.NDArray[np.float64], seed: int) -> Measured:
    """The importance of each parameter, with intervals over resampled trials.

    RESAMPLES times, trials are drawn with replacement, as many as there are. A forest is fitted to the ranks of the drawn
    trials and predicts those of the others. The share of a parameter is the increase of the squared error there when its
    values are shuffled among the trials that have it, divided by twice the variance of the ranks. For a perfect forest this is
    Sobol's total effect: what a parameter does alone and in interactions, between 0 and 1. With ranks, a diverged trial has
    little influence, and a monotone transformation of the score changes nothing. With few trials the forest learns less, so
    shares are rather too small; `explained` measures how much it learnt.

    If a trial lacks a parameter, its median or most frequent value is used; the choice above it accounts for the difference.

    Args:
        columns: the parameters that were searched.
        scores: shape (trials,); nan for trials that did not complete, which are left out.
        seed: of the study.

    Source: Breiman, "Random forests", Machine Learning 45 (2001); Geurts, Ernst and Wehenkel, "Extremely randomized trees",
    Machine Learning 63 (2006); Wei, Lu and Song, "Variable importance analysis: a comprehensive review", Reliability
    Engineering and System Safety 142 (2015), for shuffling and Sobol's total effect.
    """
    rows = np.flatnonzero(np.isfinite(scores))
    if len(columns) < 2:
        return Measured((), len(rows), why_not="one parameter was searched" if columns else "no parameter was searched")
    if len(rows) < FEWEST:
        return Measured((), len(rows), why_not=f"{len(rows)} complete trials are too few, {FEWEST} are needed")
    if len(rows) > MOST:
        rows = np.sort(generator(Purpose.IMPORTANCE, seed).choice(rows, MOST, replace=False))
    ranks = _ranks(scores[rows])
    if not ranks.any():
        return Measured((), len(rows), why_not="all complete trials have the same score")
    blocks = [_block(column, rows) for column in columns]
    shares, explained = _resampled(blocks, [column.present[rows] for column in columns], ranks, seed)
    if not len(explained):
        return Measured((), len(rows), why_not="nearly all complete trials have the same score")
    learnt = float(np.median(explained))
    if learnt <= 0:
        return Measured((), len(rows), learnt, "the parameters do not predict the score of unseen trials better than chance")
    found = [
        Importance(column.name, *(float(np.percentile(share, at)) for at in (50, LOW, HIGH)))
        for column, share in zip(columns, shares.T, strict=True)
    ]
    return Measured(tuple(sorted(found, key=lambda one: -one.share)), len(rows), learnt)


def _resampled(
    blocks: Sequence[npt.NDArray[np.float64]],
    present: Sequence[npt.NDArray[np.bool_]],
    ranks: npt.NDArray[np.float64],
    seed: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Shapes (resamples, parameters) and (resamples,): the shares, and the explained share of the variance of unseen trials."""
    from sklearn.ensemble import ExtraTreesRegressor

    table, count = np.hstack(blocks), len(ranks)
    ends = np.cumsum([block.shape[1] for block in blocks])
    shares, explained = [], []
    for turn in range(RESAMPLES):
        rng = generator(Purpose.IMPORTANCE, seed, turn)
        drawn = rng.integers(count, size=count)
        unseen = np.setdiff1d(np.arange(count), drawn)
        variance = ranks[unseen].var() if len(unseen) > 1 else 0.0
        if not variance or not np.ptp(ranks[drawn]):
            continue
        state = derive(Purpose.IMPORTANCE, seed, turn)
        forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, random_state=state).fit(table[drawn], ranks[drawn])
        asked = [table[unseen]]
        for block, end, here in zip(blocks, ends, present, strict=True):
            among = np.flatnonzero(here[unseen])
            shuffled = table[unseen]
            shuffled[among, end - block.shape[1] : end] = block[unseen][rng.permutation(among)]
            asked.append(shuffled)
        answers = forest.predict(np.vstack(asked)).reshape(len(asked), len(unseen))
        errors = ((answers - ranks[unseen]) ** 2).mean(axis=1)
        shares.append((errors[1:] - errors[0]) / (2 * variance))
        explained.append(1 - errors[0] / variance)
    return np.array(shares), np.array(explained)


def _block(column: Column, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Shape (rows, levels) of zeros and ones, or (rows, 1) for a quantity; missing values are replaced by the usual one.

    Quantities are replaced by their ranks: trees depend on the order alone, and any size fits their float32.
    """
    values = column.values[rows]
    known = values[~np.isnan(values)]
    if column.levels is None:
        return _ranks(np.where(np.isnan(values), np.median(known) if len(known) else 0.0, values))[:, None]
    usual = np.bincount(known.astype(int)).argmax() if len(known) else 0
    places = np.where(np.isnan(values), usual, values).astype(int)
    marks: npt.NDArray[np.float64] = np.equal.outer(places, np.arange(len(column.levels))).astype(np.float64)
    return marks


def _ranks(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ranks centred at 0; equal scores have the same rank."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    centred: npt.NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2 - (len(scores) + 1) / 2
    shared: npt.NDArray[np.float64] = centred[places]
    return shared
