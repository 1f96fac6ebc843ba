"""A bounded sample of the finished trials: of a study of some hundred trials all, of a longer one the best and a draw."""

from __future__ import annotations

import math
from bisect import insort

from optuna.trial import FrozenTrial, TrialState

from foldwise.seeds import Purpose, derive

# TPE fits one density to its best trials, 25 of them from 241 trials on, and another one to the rest. That of the rest is
# hardly sharper with more trials than these: from 100 on its kernels have the least width that Optuna allows.
MOST = 400
BEST = 25

# Trials by what TPE ranks: complete ones by score, then pruned ones by how long they were trained.
Rank = tuple[int, float, float, int]


class TrialSample:
    """At most MOST finished trials: the BEST ones, and of the others those with the smallest draws.

    A trial's draw follows from the seed and its number. So the sample depends on the trials alone, in whatever order they came,
    and changes little from one trial to the next. Failed trials are left out: TPE does not look at them.

    Args:
        sign: 1 if small scores are good, otherwise -1.
        seed: of the study.
    """

    def __init__(self, sign: float, seed: int) -> None:
        self._sign = sign
        self._seed = seed
        self._trials: dict[int, FrozenTrial] = {}
        self._ranks: list[Rank] = []
        self._draws: list[tuple[int, int]] = []

    def add(self, number: int, trial: FrozenTrial) -> None:
        """Add a finished trial, or replace the one of that number."""
        self._remove(number)
        if trial.state == TrialState.FAIL:
            return
        self._trials[number] = trial
        insort(self._ranks, self._rank(number))
        insort(self._draws, self._draw(number))

    def trials(self) -> list[FrozenTrial]:
        """The sample, by number."""
        if len(self._trials) <= MOST:
            return [self._trials[number] for number in sorted(self._trials)]
        kept = {rank[-1] for rank in self._ranks[:BEST]}
        for _, number in self._draws:
            if len(kept) == MOST:
                break
            kept.add(number)
        return [self._trials[number] for number in sorted(kept)]

    def _remove(self, number: int) -> None:
        if number in self._trials:
            self._ranks.remove(self._rank(number))
            self._draws.remove(self._draw(number))
            del self._trials[number]

    def _draw(self, number: int) -> tuple[int, int]:
        return derive(Purpose.TUNER, self._seed, number % 2**32, 2), number  # earlier studies have numbers below 0

    def _rank(self, number: int) -> Rank:
        """As Optuna ranks; of equals the first is better."""
        trial = self._trials[number]
        if trial.state == TrialState.COMPLETE:
            assert trial.value is not None
            return 0, self._sign * trial.value, 0.0, number
        step, score = max(trial.intermediate_values.items(), default=(-1, 0.0))
        return 1, -step, math.inf if math.isnan(score) else self._sign * score, number
