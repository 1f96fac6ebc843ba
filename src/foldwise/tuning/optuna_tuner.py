"""Optuna's tree-structured Parzen estimator behind `ask` and `tell`; the only file that knows Optuna.

Source: Bergstra et al. 2011 (TPE); Falkner et al. 2018 (the multivariate kernel); Optuna 5.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Container, Iterable, Sequence

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import TPESampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from foldwise.goal import Goal
from foldwise.results import TrialResult
from foldwise.seeds import Purpose, derive
from foldwise.space import Choice, FloatRange, Params, Range, Scalar, Space


class OptunaTuner:
    """TPE over a space. The first `startup` finished trials are random draws.

    Every ask stands on a study of its own, in which the results told stand in the order of their numbers, and on a sampler
    seeded for that number. So nothing depends on when trials ended or on how often the search was resumed.
    """

    def __init__(self, space: Space, goal: Goal, seed: int, startup: int = 10) -> None:
        self._space = space
        self._goal = goal
        self._seed = seed
        self._startup = startup
        self._told: dict[int, FrozenTrial] = {}

    def ask(self, number: int, pending: Sequence[Params] = ()) -> Params:
        """The parameters of trial `number`; pending trials count as bad for now, so that the search keeps away from them."""
        others = [self._told[told] for told in sorted(self._told)]
        free = others[-1].number + 1 if others else 1
        for place, params in enumerate(pending, free):
            others.append(_numbered(place, _frozen(self._space, params, TrialState.RUNNING)))
        _quiet()
        study = optuna.create_study(storage=_Beside(others), sampler=self._sampler(number), direction=self._goal.direction)
        trial = study.ask()
        return self._space.sample(lambda name, range_: _suggest(trial, name, range_))

    def tell(self, result: TrialResult) -> None:
        """Takes note of a finished trial; failed ones say nothing to the estimator."""
        self._told[result.number] = _numbered(result.number + 1, _finished(self._space, result))

    def _sampler(self, number: int) -> TPESampler:
        conditional = _conditional(self._space)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # groups are chosen on purpose
            return (TPESampler if conditional else _FlatSampler)(
                n_startup_trials=self._startup,
                seed=derive(Purpose.TUNER, self._seed, number),
                multivariate=True,
                group=conditional,
                constant_liar=True,
            )


class _FlatSampler(TPESampler):
    """TPE where no range depends on a choice, so that any trial's ranges are those of all; Optuna would compare them all."""

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The ranges that are drawn together."""
        informative = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        ranges = sorted(informative[0].distributions.items()) if informative else ()
        return {name: range_ for name, range_ in ranges if not range_.single()}


class _Beside(InMemoryStorage):
    """A storage for the one trial that is asked, its number 0. To the sampler, others stand beside it.

    Optuna copies what is added to a study, which for thousands of trials takes longer than the asking. These are shared.
    """

    def __init__(self, others: Sequence[FrozenTrial]) -> None:
        super().__init__()
        self._others = others

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Every trial that the sampler may see."""
        others = [trial for trial in self._others if states is None or trial.state in states]
        return super().get_all_trials(study_id, deepcopy, states) + (copy.deepcopy(others) if deepcopy else others)


def to_optuna(space: Space, goal: Goal, results: Iterable[TrialResult]) -> optuna.Study:
    """An Optuna study of these results, for Optuna's own plots."""
    _quiet()
    study = optuna.create_study(direction=goal.direction)
    study.add_trials(_finished(space, result) for result in results)
    return study


def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _numbered(number: int, trial: FrozenTrial) -> FrozenTrial:
    trial.number = number
    return trial


def _finished(space: Space, result: TrialResult) -> FrozenTrial:
    scores = {fold.fold: fold.score for fold in result.folds}
    if result.state == "COMPLETE" and math.isfinite(result.mean):
        return _frozen(space, result.params, TrialState.COMPLETE, result.mean, scores)
    state = TrialState.PRUNED if result.state == "STOPPED" else TrialState.FAIL
    return _frozen(space, result.params, state, None, scores)


def _frozen(
    space: Space, params: Params, state: TrialState, value: float | None = None, scores: dict[int, float] | None = None
) -> FrozenTrial:
    distributions: dict[str, BaseDistribution] = {}
    values: dict[str, Scalar] = {}

    def note(name: str, range_: Range) -> Scalar:
        distributions[name] = _distribution(range_)
        values[name] = _label(range_, params[name]) if isinstance(range_, Choice) else params[name]
        return params[name]

    space.sample(note)
    return create_trial(state=state, value=value, params=values, distributions=distributions, intermediate_values=scores)


def _suggest(trial: optuna.Trial, name: str, range_: Range) -> Scalar:
    if isinstance(range_, Choice):
        labels = _labels(range_)
        return range_.names()[labels.index(trial.suggest_categorical(name, labels))]
    if isinstance(range_, FloatRange):
        return trial.suggest_float(name, range_.low, range_.high, log=range_.log, step=range_.step)
    return trial.suggest_int(name, range_.low, range_.high, log=range_.log, step=range_.step)


def _distribution(range_: Range) -> BaseDistribution:
    if isinstance(range_, Choice):
        return CategoricalDistribution(_labels(range_))
    if isinstance(range_, FloatRange):
        return FloatDistribution(range_.low, range_.high, log=range_.log, step=range_.step)
    return IntDistribution(range_.low, range_.high, log=range_.log, step=range_.step)


def _labels(choice: Choice) -> tuple[Scalar, ...]:
    """The options as Optuna sees them: their names, or how they are written where Python takes two for equal (1 and true)."""
    names = choice.names()
    return names if len(set(names)) == len(names) else tuple(repr(name) for name in names)


def _label(choice: Choice, name: Scalar) -> Scalar:
    same = [option is choice.option(name) for option in choice.options]
    return _labels(choice)[same.index(True)]


def _conditional(space: Space) -> bool:
    """Whether some ranges exist only under some options."""
    return any(isinstance(range_, Choice) and any(len(option.space) for option in range_.options) for _, range_ in space.walk())
