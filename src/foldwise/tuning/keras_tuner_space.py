"""Ranges and points in KerasTuner's types.

Options are given by position, as text, because the values of a KerasTuner choice must have one type. Steps are given by
number, because KerasTuner divides floats by their step and loses the last value of 0.0, 0.1, ... 0.5.
"""

from __future__ import annotations

from keras_tuner import HyperParameters

from foldwise.spec.space import Choice, FloatRange, IntRange, Params, Range, Scalar, Space

Values = dict[str, str | int | float]


def hyperparameters(space: Space) -> HyperParameters:
    """The space; ranges inside options are in conditional scopes."""
    found = HyperParameters()
    _register(found, space)
    return found


def values_of(space: Space, params: Params) -> Values:
    """A point as KerasTuner's values."""
    values: Values = {}

    def note(name: str, range_: Range) -> Scalar:
        values[name] = _value(range_, params[name])
        return params[name]

    space.sample(note)
    return values


def params_of(space: Space, values: Values) -> Params:
    """The point of KerasTuner's values; its logarithmic ranges may overshoot by one, or by rounding."""
    return space.sample(lambda name, range_: _param(range_, values[name]))


def _register(found: HyperParameters, space: Space) -> None:
    for name, range_ in space.ranges.items():
        default = _value(range_, range_.default)
        match range_:
            case Choice():
                found.Choice(name, [str(index) for index in range(len(range_.options))], default=default)
                for index, option in enumerate(range_.options):
                    with found.conditional_scope(name, [str(index)]):
                        _register(found, option.space)
            case FloatRange(step=None):
                found.Float(name, range_.low, range_.high, sampling="log" if range_.log else "linear", default=default)
            case IntRange(log=True):
                found.Int(name, range_.low, range_.high, sampling="log", default=default)
            case _:
                found.Int(name, 0, (range_.count() or 1) - 1, default=default)


def _value(range_: Range, param: Scalar) -> str | int | float:
    if isinstance(range_, Choice):
        return str([option is range_.option(param) for option in range_.options].index(True))
    assert isinstance(param, (int, float))
    return param if range_.step is None or range_.log else round((param - range_.low) / range_.step)


def _param(range_: Range, value: str | int | float) -> Scalar:
    if isinstance(range_, Choice):
        return range_.options[int(value)].name
    kind = float if isinstance(range_, FloatRange) else int  # the Gaussian process returns numpy's types
    assert not isinstance(value, str)
    param = value if range_.step is None or range_.log else range_.low + value * range_.step
    return kind(min(max(param, range_.low), range_.high))
