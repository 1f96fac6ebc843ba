"""Ranges and trials in Optuna's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from optuna import Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from foldwise.spec.space import Choice, FloatRange, Params, Range, Scalar, Space


def distribution(range_: Range) -> BaseDistribution:
    """The range as Optuna's distribution."""
    if isinstance(range_, Choice):
        return CategoricalDistribution(_labels(range_))
    if isinstance(range_, FloatRange):
        return FloatDistribution(range_.low, _high(range_), log=range_.log, step=range_.step)
    return IntDistribution(range_.low, range_.high, log=range_.log, step=range_.step)


def suggest(trial: Trial, name: str, range_: Range) -> Scalar:
    """The value that Optuna suggests for a range."""
    if isinstance(range_, Choice):
        labels = _labels(range_)
        return range_.names()[labels.index(trial.suggest_categorical(name, labels))]
    if isinstance(range_, FloatRange):
        return trial.suggest_float(name, range_.low, _high(range_), log=range_.log, step=range_.step)
    return trial.suggest_int(name, range_.low, range_.high, log=range_.log, step=range_.step)


def frozen(
    space: Space,
    params: Params,
    state: TrialState,
    values: Sequence[float] | None = None,
    scores: Mapping[int, float] | None = None,
) -> FrozenTrial:
    """A trial at a point of the space. scores: intermediate values by step."""
    distributions: dict[str, BaseDistribution] = {}
    labels: dict[str, Scalar] = {}

    def note(name: str, range_: Range) -> Scalar:
        distributions[name] = distribution(range_)
        labels[name] = _inside(range_, params[name])
        return params[name]

    space.sample(note)
    steps = None if scores is None else dict(scores)
    return create_trial(state=state, values=values, params=labels, distributions=distributions, intermediate_values=steps)


def is_conditional(space: Space) -> bool:
    """Whether some ranges exist only with certain options."""
    return any(isinstance(range_, Choice) and any(len(option.space) for option in range_.options) for _, range_ in space.walk())


def _labels(choice: Choice) -> tuple[Scalar, ...]:
    """The options for Optuna: their names, or their reprs if two names are equal in Python, such as 1 and True."""
    names = choice.names()
    return names if len(set(names)) == len(names) else tuple(repr(name) for name in names)


def _inside(range_: Range, value: Scalar) -> Scalar:
    if isinstance(range_, Choice):
        return _label(range_, value)
    return min(value, _high(range_)) if isinstance(range_, FloatRange) and not isinstance(value, str | None) else value


def _high(range_: FloatRange) -> float:
    """The last step as Optuna counts it, in exact decimals: three steps of 0.333333333333 do not make 1."""
    if range_.step is None:
        return range_.high
    last = Decimal(str(range_.low)) + round((range_.high - range_.low) / range_.step) * Decimal(str(range_.step))
    return float(last)


def _label(choice: Choice, name: Scalar) -> Scalar:
    same = [option is choice.option(name) for option in choice.options]
    return _labels(choice)[same.index(True)]
