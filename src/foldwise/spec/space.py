"""Ranges, and the search space that they form."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Scalar = str | int | float | bool | None
Tree = Any  # a scalar, or a list or mapping of trees; a template has a template.Hole in place of each range
Params = dict[str, Scalar]

# A parameter without a range: the epochs that a tuner with a schedule of its own gives a trial, instead of fit.epochs.
EPOCHS = "tuner.epochs"


@dataclass(frozen=True)
class FloatRange:
    """Real numbers from `low` to `high`, both included; with `log`, drawn evenly on a logarithmic scale."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    default: float | None = None

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log)
        if self.step is not None:
            if self.log:
                raise ValueError("step and log exclude each other")
            if not self.step > 0:
                raise ValueError(f"step > 0 must hold, got {self.step}")
            if not _divides(self.step, self.high - self.low):
                raise ValueError(f"step {self.step} must divide high - low = {self.high - self.low}")
        if self.default is None:
            object.__setattr__(self, "default", self.at(0.5))
        elif not self.low <= self.default <= self.high:
            raise ValueError(f"default {self.default} must be between low {self.low} and high {self.high}")
        elif self.step is not None and not _divides(self.step, self.default - self.low):
            raise ValueError(f"default {self.default} must be low {self.low} plus a whole number of steps of {self.step}")

    def at(self, share: float) -> float:
        """The value at a share of the way from low to high, share in [0, 1]."""
        if self.log:
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        elif self.step is not None:
            count = round((self.high - self.low) / self.step)
            value = self.low + min(count, math.floor(share * (count + 1))) * self.step
        else:
            value = self.low + share * (self.high - self.low)
        return min(max(value, self.low), self.high)

    def ends(self) -> tuple[Scalar, ...]:
        """The lowest and the highest value."""
        return (self.low, self.high)

    def holds(self, value: Any) -> bool:
        """Whether `value` is in the range."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and self.low <= value <= self.high and (self.step is None or _divides(self.step, value - self.low))

    def count(self) -> int | None:
        """The number of values; None if they are not countable."""
        if self.low == self.high:
            return 1
        return None if self.step is None else round((self.high - self.low) / self.step) + 1


@dataclass(frozen=True)
class IntRange:
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int
    log: bool = False
    step: int = 1
    default: int | None = None

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log)
        if self.step < 1:
            raise ValueError(f"step >= 1 must hold, got {self.step}")
        if self.step > 1 and self.log:
            raise ValueError("step and log exclude each other")
        if (self.high - self.low) % self.step:
            raise ValueError(f"step {self.step} must divide high - low = {self.high - self.low}")
        if self.default is None:
            object.__setattr__(self, "default", round(math.sqrt(self.low * self.high)) if self.log else self.at(0.5))
        elif not self.low <= self.default <= self.high or (self.default - self.low) % self.step:
            raise ValueError(f"default {self.default} must be one of low {self.low}, low + {self.step}, ... high {self.high}")

    def at(self, share: float) -> int:
        """The value at a share of the way from low to high, share in [0, 1]; all values have equal parts."""
        if self.log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            value = round(math.exp(low + share * (high - low)))
        else:
            count = (self.high - self.low) // self.step
            value = self.low + min(count, math.floor(share * (count + 1))) * self.step
        return min(max(value, self.low), self.high)

    def ends(self) -> tuple[Scalar, ...]:
        """The lowest and the highest value."""
        return (self.low, self.high)

    def holds(self, value: Any) -> bool:
        """Whether `value` is in the range."""
        return type(value) is int and self.low <= value <= self.high and (value - self.low) % self.step == 0

    def count(self) -> int:
        """The number of values."""
        return (self.high - self.low) // self.step + 1


@dataclass(frozen=True)
class Option:
    """One option of a choice: its name, its value, and the ranges that exist only inside it."""

    name: Scalar
    template: Tree
    space: Space


@dataclass(frozen=True)
class Choice:
    """One of several options, in no order."""

    options: tuple[Option, ...]
    default: Scalar = None

    def __post_init__(self) -> None:
        if not self.options:
            raise ValueError("a choice needs at least one option")
        names = self.names()
        for index, name in enumerate(names):
            if any(name == other and type(name) is type(other) for other in names[:index]):
                raise ValueError(f"option {name!r} is listed twice")

    def names(self) -> tuple[Scalar, ...]:
        """The names of the options; the name of a plain option is its value."""
        return tuple(option.name for option in self.options)

    def option(self, name: Scalar) -> Option:
        """The option with this name; 1, 1.0 and true are different names.

        Raises:
            KeyError: no option has the name.
        """
        for option in self.options:
            if option.name == name and type(option.name) is type(name):
                return option
        raise KeyError(name)

    def at(self, share: float) -> Scalar:
        """The name of the option at a share of the way through the list, share in [0, 1]."""
        return self.options[min(len(self.options) - 1, math.floor(share * len(self.options)))].name

    def ends(self) -> tuple[Scalar, ...]:
        """All names: a choice has no order."""
        return self.names()

    def holds(self, value: Any) -> bool:
        """Whether `value` is the name of an option."""
        return any(name == value and type(name) is type(value) for name in self.names())

    def count(self) -> int | None:
        """The number of options, each counted once for every point of the ranges inside it; None if one is not countable."""
        inside = [option.space.count() for option in self.options]
        return None if None in inside else sum(points or 0 for points in inside)


Range = FloatRange | IntRange | Choice


@dataclass(frozen=True)
class Space:
    """Ranges by dotted name. `sample` visits only those that exist under the options chosen."""

    ranges: Mapping[str, Range] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ranges)

    def sample(self, suggest: Callable[[str, Range], Scalar]) -> Params:
        """One point of the space, with the value of each range from `suggest(name, range)`."""
        params: Params = {}
        for name, range_ in self.ranges.items():
            value = suggest(name, range_)
            params[name] = value
            if isinstance(range_, Choice):
                params.update(range_.option(value).space.sample(suggest))
        return params

    def defaults(self) -> Params:
        """The point where every range takes its default."""
        return self.sample(lambda name, range_: range_.default)

    def holds(self, params: Params) -> bool:
        """Whether the parameters are a point of the space: one value of each range that exists there, and no others."""

        def known(name: str, range_: Range) -> Scalar:
            if name not in params or not range_.holds(params[name]):
                raise KeyError(name)
            return params[name]

        try:
            return self.sample(known).keys() == params.keys()
        except KeyError:
            return False

    def count(self) -> int | None:
        """The number of points; None if a range is not countable."""
        counts = [range_.count() for range_ in self.ranges.values()]
        return None if None in counts else math.prod(count or 0 for count in counts)

    def walk(self) -> Iterator[tuple[str, Range]]:
        """All ranges with their dotted names, including those inside options."""
        for name, range_ in self.ranges.items():
            yield name, range_
            if isinstance(range_, Choice):
                for option in range_.options:
                    yield from option.space.walk()

    def corners(self) -> Iterator[tuple[str, Params]]:
        """Points that cover every end of every range, with the others at their defaults; each with the name of its range."""
        yield from self._corners({})

    def _corners(self, forced: Params, root: Space | None = None) -> Iterator[tuple[str, Params]]:
        whole = root or self
        for name, range_ in self.ranges.items():
            for value in range_.ends():
                here = {**forced, name: value}
                yield name, whole.sample(lambda n, r, here=here: here.get(n, r.default))  # type: ignore[misc]
                if isinstance(range_, Choice):
                    yield from range_.option(value).space._corners(here, whole)


def _divides(step: float, width: float) -> bool:
    """Whether a width is a whole number of steps, up to rounding."""
    return abs(round(width / step) * step - width) <= 1e-9 * step


def _check_bounds(low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"low and high must be finite, got {low} and {high}")
    if low > high:
        raise ValueError(f"low <= high must hold, got {low} and {high}")
    if log and low <= 0:
        raise ValueError(f"low > 0 must hold for log, got {low}")
