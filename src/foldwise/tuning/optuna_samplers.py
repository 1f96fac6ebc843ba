"""Optuna's samplers, made so that what they draw depends on the seed, the number and the given trials alone.

Source: Bergstra et al. 2011 (TPE), Falkner et al. 2018 (its multivariate kernel), Hansen 2016 (CMA-ES), Deb et al. 2002
(NSGA-II), Owen 1998 (scrambled sequences), Optuna 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from optuna import Study
from optuna._transform import _SearchSpaceTransform
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, QMCSampler, RandomSampler, TPESampler
from optuna.samplers._tpe import _truncnorm
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from foldwise.seeds import Purpose, derive
from foldwise.spec.goal import Goal
from foldwise.spec.space import Choice, Range, Space
from foldwise.spec.tuner import CmaesTuner, GpTuner, Nsga2Tuner, OptunaRandomTuner, OptunaSpec, QmcTuner, TpeTuner
from foldwise.tuning.optuna_space import distribution, is_conditional

Ranges = Mapping[str, BaseDistribution]

# Values of the logarithm of the normal distribution that are kept from one ask to the next, some 3 MB. One ask over ranges of
# whole numbers needs thousands, nearly the same as the ask before it. Optuna keeps 1,000, so it would compute all of them anew.
KEPT_LOGARITHMS = 20_000


def sampler_for(spec: OptunaSpec, space: Space, goal: Goal, seed: int, number: int) -> BaseSampler:
    """A sampler for the trial of that number."""
    _keep_logarithms()
    own, others = derive(Purpose.TUNER, seed, number), derive(Purpose.TUNER, seed, number, 1)
    always = _distributions(space.ranges.items())
    match spec:
        case OptunaRandomTuner():
            return RandomSampler(seed=own)
        case QmcTuner():
            every = _distributions(space.walk())
            return _Over(every, _Qmc(number, derive(Purpose.TUNER, seed), spec), RandomSampler(seed=others))
        case TpeTuner() if is_conditional(space):
            return _tpe(own, spec.startup, multivariate=True, group=True)
        case TpeTuner():
            tpe = _tpe(own, spec.startup, multivariate=True)
            return _Over(always, tpe, tpe)
        case GpTuner():
            gp = GPSampler(seed=own, n_startup_trials=spec.startup, deterministic_objective=spec.deterministic)
            return _Over(always, gp, _tpe(others, spec.startup))
        case Nsga2Tuner():
            return _Over(always, _Generations(own, spec), _tpe(others, spec.population))
        case CmaesTuner():
            numeric = _distributions((name, range_) for name, range_ in space.ranges.items() if not isinstance(range_, Choice))
            return _Over(numeric, _Replayed(numeric, goal, own, spec), _tpe(others))


@cache
def _keep_logarithms() -> None:
    """Widen Optuna's own cache; the values are the same."""
    single = _truncnorm._log_ndtr_single
    _truncnorm._log_ndtr_single = lru_cache(KEPT_LOGARITHMS)(single.__wrapped__)


def _tpe(seed: int, startup: int = 10, multivariate: bool = False, group: bool = False) -> TPESampler:
    return TPESampler(seed=seed, n_startup_trials=startup, multivariate=multivariate, group=group, constant_liar=True)


def _distributions(ranges: Iterable[tuple[str, Range]]) -> Ranges:
    """The ranges of more than one value, by name."""
    every = {name: distribution(range_) for name, range_ in sorted(ranges, key=lambda pair: pair[0])}
    return {name: range_ for name, range_ in every.items() if not range_.single()}


class _Over(BaseSampler):
    """A sampler for ranges that are drawn together, and another for the rest, one by one.

    Optuna itself would compare all trials to find their common ranges, and draw the rest at random.
    """

    def __init__(self, ranges: Ranges, together: BaseSampler, alone: BaseSampler) -> None:
        self._ranges = ranges
        self._together = together
        self._alone = alone

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The ranges that are drawn together."""
        return dict(self._ranges)

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        """Values of the ranges that are drawn together."""
        return self._together.sample_relative(study, trial, search_space) if search_space else {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The value of a range that was not drawn together with others."""
        sampler = self._together if param_name in self._ranges else self._alone
        return sampler.sample_independent(study, trial, param_name, param_distribution)


class _Qmc(QMCSampler):
    """The point of the sequence with the trial's number. Optuna counts asks, and a resumed search would start again."""

    def __init__(self, number: int, seed: int, spec: QmcTuner) -> None:
        super().__init__(qmc_type=spec.sequence, scramble=spec.scramble, seed=seed, warn_independent_sampling=False)
        self._number = number

    def _find_sample_id(self, study: Study, search_space: dict[str, BaseDistribution]) -> int:
        return self._number


class _Generations(NSGAIISampler):
    """Generations of complete trials in the order of their numbers. Optuna assigns a generation when a trial is asked."""

    def __init__(self, seed: int, spec: Nsga2Tuner) -> None:
        super().__init__(
            seed=seed,
            population_size=spec.population,
            crossover_prob=spec.crossover,
            swapping_prob=spec.swapping,
            mutation_prob=spec.mutation,
        )
        self._size = spec.population

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        """The generation of a trial that is asked now."""
        return len(_complete(study)) // self._size

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        """The trials of a generation."""
        return _complete(study)[generation * self._size : (generation + 1) * self._size]


class _Replayed(CmaEsSampler):
    """CMA-ES that learns from complete trials in the order of their numbers. Optuna pickles its state into trials."""

    def __init__(self, ranges: Ranges, goal: Goal, seed: int, spec: CmaesTuner) -> None:
        super().__init__(seed=seed, n_startup_trials=spec.startup, popsize=spec.population, warn_independent_sampling=False)
        self._ranges = ranges
        self._goal = goal

    def _restore_optimizer(self, completed_trials: list[FrozenTrial]) -> Any:
        unit_cube = _SearchSpaceTransform(dict(self._ranges), transform_0_1=True)
        optimizer = self._init_optimizer(unit_cube, StudyDirection[self._goal.direction.upper()])
        size = optimizer.population_size
        for first in range(0, len(completed_trials) - size + 1, size):
            generation = completed_trials[first : first + size]
            optimizer.tell([(unit_cube.transform(trial.params), -self._goal.sign * _value(trial)) for trial in generation])
        return optimizer


def _value(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value


def _complete(study: Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
