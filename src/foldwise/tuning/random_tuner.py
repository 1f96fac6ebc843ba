"""Independent draws: the simplest search, and the yardstick for every other."""

from __future__ import annotations

from collections.abc import Sequence

from foldwise.seeds import Purpose, generator
from foldwise.spec.space import Params, Space
from foldwise.trial.result import TrialResult


class RandomTuner:
    """Draws each range on its own. The parameters of trial n follow from (seed, n) alone."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed

    def ask(self, number: int, pending: Sequence[Params] = ()) -> Params:
        """The parameters of trial `number`, whatever else was tried."""
        rng = generator(Purpose.TUNER, self._seed, number)
        return self._space.sample(lambda name, range_: range_.at(rng.random()))

    def tell(self, result: TrialResult) -> None:
        """Learns nothing: the draws are independent."""
