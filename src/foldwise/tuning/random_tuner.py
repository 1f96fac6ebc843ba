"""Random search: independent draws."""

from __future__ import annotations

from collections.abc import Sequence

from foldwise.seeds import Purpose, generator
from foldwise.spec.space import Params, Space
from foldwise.trial.result import TrialResult


class RandomTuner:
    """Draws each range independently. The parameters of trial n depend on (seed, n) alone."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed

    def ask(self, number: int, pending: Sequence[Params] = ()) -> Params:
        """The parameters of trial `number`."""
        rng = generator(Purpose.TUNER, self._seed, number)
        return self._space.sample(lambda name, range_: range_.at(rng.random()))

    def tell(self, result: TrialResult) -> None:
        """Do nothing: the draws are independent."""
