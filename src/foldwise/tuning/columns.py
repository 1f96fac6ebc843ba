"""Parameters of all trials as columns of numbers: quantities and categories, some of which only some trials have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldwise.config.option_names import Readable
from foldwise.spec.space import Choice, Params, Range, Scalar, Space
from foldwise.system.numbers import shown


@dataclass(frozen=True)
class Column:
    """One parameter of all trials, with its readable name.

    values: shape (trials,); the number, or the position in `levels`; nan if a trial does not have the parameter.
    levels: the categories as text, in the order of their range; None if the values are quantities.
    log: whether the range is logarithmic.
    """

    name: str
    values: npt.NDArray[np.float64]
    levels: tuple[str, ...] | None = None
    log: bool = False

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Shape (trials,): which trials have the parameter."""
        return ~np.isnan(self.values)

    @property
    def spread(self) -> npt.NDArray[np.float64]:
        """The values along an axis: the decimal logarithm if the range is logarithmic."""
        return np.log10(self.values) if self.log else self.values

    def shown(self, place: int) -> str | None:
        """The value of a trial as text, None if it does not have the parameter."""
        value = self.values[place]
        if math.isnan(value):
            return None
        return shown(value, digits=5) if self.levels is None else self.levels[int(value)]


def columns_of(names: Sequence[str], trials: Sequence[Params], space: Space) -> list[Column]:
    """The parameters of these names as columns. A choice whose options differ in one number is a quantity.

    Args:
        names: of the parameters.
        trials: the parameters of each trial.
        space: their ranges; the kind of a parameter without a range follows from its values.
    """
    ranges, readable = dict(space.walk()), Readable(space)
    return [_numbered(name, trials, readable) or _column(name, trials, ranges.get(name), readable) for name in names]


def _numbered(name: str, trials: Sequence[Params], readable: Readable) -> Column | None:
    """The column of a choice by the number that tells its options apart; None without one, or if a trial has another value."""
    found = [readable.column(name, params) if name in params else None for params in trials]
    titles = {entry[0] for entry in found if entry is not None}
    if len(titles) != 1 or titles == {readable.name(name)}:
        return None
    return Column(titles.pop(), np.array([math.nan if entry is None else entry[1] for entry in found], float))


def _column(name: str, trials: Sequence[Params], range_: Range | None, readable: Readable) -> Column:
    values = [(type(params[name]), params[name]) if name in params else None for params in trials]
    known = list(dict.fromkeys(value for value in values if value is not None))
    numbers = [value for kind, value in known if kind in (int, float)]
    if len(numbers) == len(known) and not isinstance(range_, Choice):
        quantities = np.array([math.nan if value is None else value[1] for value in values], float)
        log = range_ is not None and range_.log and bool(np.nanmin(quantities, initial=math.inf) > 0)
        return Column(readable.name(name), quantities, log=log)
    options = [(type(option), option) for option in range_.names()] if isinstance(range_, Choice) else []
    order = list(dict.fromkeys([option for option in options if option in known] + known))
    places = {value: float(place) for place, value in enumerate(order)}
    levels = np.array([math.nan if value is None else places[value] for value in values], float)
    return Column(readable.name(name), levels, _labels([readable.value(name, value) for _, value in order]))


def _labels(options: Sequence[Scalar]) -> tuple[str, ...]:
    """Options as a configuration writes them; a text that looks like another value is quoted."""
    plain = [{None: "null", True: "true", False: "false"}[v] if v is None or isinstance(v, bool) else str(v) for v in options]
    return tuple(
        repr(option) if isinstance(option, str) and plain.count(text) > 1 else text
        for option, text in zip(options, plain, strict=True)
    )
