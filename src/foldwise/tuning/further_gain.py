"""A bound on what further trials can gain, from a Gaussian process on the trials so far.

Source: Makarova et al. 2022, "Automatic Termination for Hyperparameter Optimization" (arXiv 2104.08166); the width of the
confidence band is that of Srinivas et al. 2010, divided by 5 as they do.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from foldwise.seeds import Purpose, generator
from foldwise.spec.goal import Goal
from foldwise.spec.space import Choice, Params, Range, Scalar, Space
from foldwise.trial.result import TrialResult
from foldwise.tuning.stopped_scores import stopped_scores

FEWEST = 20  # trials; with fewer, the band says more about the prior than about the scores
MOST = 120  # trials that the process is fitted to: the better half of these are the best ones, the others are drawn
POINTS = 1500  # drawn over the space, and near the best trials
NEAR = 10  # best trials whose neighbourhood is looked at
DELTA = 0.1  # the probability that the band does not hold
NARROWER = 5.0


def further_gain(space: Space, goal: Goal, results: Sequence[TrialResult], seed: int) -> float | None:
    """By how much a further trial can beat the best one, at most, in the goal's metric; None if too few trials have a score.

    The bound is the smallest upper end of the band at a trial minus its smallest lower end anywhere, for a loss. It holds for
    the expected score of a configuration: the process takes up noise. Scores far worse than the median count as bad as if they
    were as far from it as the best is, so that a diverged trial does not hide the differences between good ones.

    Args:
        space: what is searched. A range that a trial does not have is taken at its default.
        goal: of the study.
        results: finished trials.
        seed: of the study.
    """
    scores = {number: score for number, score in stopped_scores(results).items() if math.isfinite(score)}
    if len(scores) < FEWEST or not len(space):
        return None
    numbers = _chosen(scores, goal, seed)
    losses = -goal.sign * np.array([scores[number] for number in numbers])
    best, middle = float(losses.min()), float(np.median(losses))
    losses = np.minimum(losses, middle + max(middle - best, 1e-9 * max(1.0, abs(middle))))
    scale = float(losses.std())
    if not scale:
        return 0.0
    params = {result.number: result.params for result in results}
    encode = _Encoder(space)
    rows = np.array([encode.row(params[number]) for number in numbers])
    beta = 2 * math.log(rows.shape[1] * len(scores) ** 2 * math.pi**2 / (6 * DELTA)) / NARROWER
    points = np.vstack([rows, encode.points(rows[np.argsort(losses, kind="stable")[:NEAR]], seed, len(scores))])
    mean, sd = _band(rows, (losses - losses.mean()) / scale, points)
    upper, lower = mean + math.sqrt(beta) * sd, mean - math.sqrt(beta) * sd
    return scale * max(0.0, float(upper[: len(rows)].min() - lower.min()))


def _chosen(scores: dict[int, float], goal: Goal, seed: int) -> list[int]:
    """The numbers of at most MOST trials."""
    ranked = sorted(scores, key=lambda number: (-goal.sign * scores[number], number))
    if len(ranked) <= MOST:
        return sorted(ranked)
    others = generator(Purpose.TUNER, seed, len(ranked), 3).choice(ranked[MOST // 2 :], MOST - MOST // 2, replace=False)
    return sorted([*ranked[: MOST // 2], *(int(number) for number in others)])


def _band(
    rows: npt.NDArray[np.float64], losses: npt.NDArray[np.float64], points: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The mean and the deviation, without noise, of the process at points, shape (points, columns)."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from threadpoolctl import threadpool_limits

    lengths = np.ones(rows.shape[1])
    kernel = ConstantKernel(1.0, (0.1, 10.0)) * Matern(lengths, (0.05, 20.0), nu=2.5) + WhiteKernel(0.1, (1e-4, 1.0))
    process = GaussianProcessRegressor(kernel, alpha=1e-8, random_state=0)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a length at an end of its bounds is what an unimportant range gives
        process.fit(rows, losses)
        mean, deviation = process.predict(points, return_std=True)
    noise = process.kernel_.k2.noise_level
    return mean, np.sqrt(np.maximum(deviation**2 - noise, 0.0))


class _Encoder:
    """Points of a space as rows of numbers from 0 to 1, on the scales of their ranges; a column for each option of a choice."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._ranges = [(name, range_) for name, range_ in space.walk() if range_.count() != 1]

    def row(self, params: Params) -> list[float]:
        """The row of a trial."""
        return [number for name, range_ in self._ranges for number in _encoded(range_, params.get(name, range_.default))]

    def points(self, best: npt.NDArray[np.float64], seed: int, trials: int) -> npt.NDArray[np.float64]:
        """Rows of points all over the space, and of neighbours of the best: two of their ranges are drawn anew."""
        rng = generator(Purpose.TUNER, seed, trials, 4)
        over = np.array([self.row(self._space.sample(lambda name, range_: range_.at(rng.random()))) for _ in range(POINTS)])
        widths = [len(range_.options) if isinstance(range_, Choice) else 1 for _, range_ in self._ranges]
        owner = np.repeat(np.arange(len(widths)), widths)
        near = best[rng.integers(len(best), size=POINTS)]
        moved = rng.integers(len(widths), size=(POINTS, 2))
        anew = (owner == moved[:, :1]) | (owner == moved[:, 1:])
        return np.vstack([over, np.where(anew, over, near)])


def _encoded(range_: Range, value: Scalar) -> list[float]:
    if isinstance(range_, Choice):
        return [float(type(name) is type(value) and name == value) for name in range_.names()]
    assert isinstance(value, (int, float))
    low, high, value = float(range_.low), float(range_.high), float(value)
    if range_.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return [(value - low) / (high - low)]
