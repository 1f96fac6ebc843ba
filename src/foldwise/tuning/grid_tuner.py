"""Tries every point of a finite space once.

Optuna's GridSampler does not support ranges inside options, and its BruteForceSampler compares every trial for every range.
Here points are numbered: `place` and `point` are inverse, and an ask looks up a set of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from foldwise.seeds import Purpose, generator
from foldwise.spec.space import Choice, Params, Range, Scalar, Space
from foldwise.trial.result import TrialResult


class GridTuner:
    """Visits each point once, also if its trial fails, in an order that depends on the seed."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._points = _finite(space)
        self._told: dict[int, int] = {}

    def ask(self, number: int, pending: Sequence[Params] = ()) -> Params | None:
        """The first point after a random one that was not visited; None if all were."""
        visited = {*self._told.values(), *(place(self._space, params) for params in pending if self._space.holds(params))}
        if len(visited) >= self._points:
            return None
        drawn = int(generator(Purpose.TUNER, self._seed, number).random() * self._points)
        while drawn in visited:
            drawn = (drawn + 1) % self._points
        return point(self._space, drawn)

    def tell(self, result: TrialResult) -> None:
        """Mark a point as visited."""
        if self._space.holds(result.params):
            self._told[result.number] = place(self._space, result.params)


def point(space: Space, place: int) -> Params:
    """The point of a finite space at a place from 0 to space.count() - 1."""
    params: Params = {}
    for name, range_ in space.ranges.items():
        place, digit = divmod(place, _finite(range_))
        params.update(_at(name, range_, digit))
    return params


def place(space: Space, params: Params) -> int:
    """The place of a point: the inverse of `point`."""
    found, weight = 0, 1
    for name, range_ in space.ranges.items():
        found += weight * _digit(range_, params[name], params)
        weight *= _finite(range_)
    return found


def _at(name: str, range_: Range, digit: int) -> Params:
    if not isinstance(range_, Choice):
        return {name: min(range_.low + digit * (range_.step or 0), range_.high)}
    for option in range_.options:
        if digit < _finite(option.space):
            return {name: option.name, **point(option.space, digit)}
        digit -= _finite(option.space)
    raise AssertionError("a digit is smaller than the range's count")


def _digit(range_: Range, value: Scalar, params: Params) -> int:
    if not isinstance(range_, Choice):
        assert isinstance(value, (int, float))
        return round((value - range_.low) / range_.step) if range_.step else 0
    chosen, before = range_.option(value), 0
    for option in range_.options:
        if option is chosen:
            break
        before += _finite(option.space)
    return before + place(chosen.space, params)


def _finite(ranges: Space | Range) -> int:
    points = ranges.count()
    assert points is not None  # infinite grids are refused with the configuration
    return points
