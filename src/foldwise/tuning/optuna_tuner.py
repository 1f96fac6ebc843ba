"""Optuna's samplers behind `ask` and `tell`."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate

import optuna
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from foldwise.config.option_names import Readable
from foldwise.spec.goal import Goal
from foldwise.spec.space import Params, Space
from foldwise.spec.tuner import OptunaRandomTuner, OptunaSpec, QmcTuner, TpeTuner
from foldwise.system.process_state import undo_later
from foldwise.trial.result import TrialResult
from foldwise.tuning.optuna_sample import TrialSample
from foldwise.tuning.optuna_samplers import sampler_for
from foldwise.tuning.optuna_space import frozen, suggest
from foldwise.tuning.stopped_scores import stopped_scores

Values = Callable[[TrialResult], tuple[float, ...]]


class OptunaTuner:
    """One of Optuna's samplers over a space, for one goal or two.

    Every ask makes a new study with the results in the order of their numbers, and a new sampler for its number. So nothing
    depends on when trials ended or how often the search was resumed. Results outside the space are ignored. TPE with one goal
    is shown a bounded sample of the results, so that an ask of a long search takes no longer than one of some hundred trials.
    """

    def __init__(
        self, space: Space, goals: Sequence[Goal], seed: int, spec: OptunaSpec, values: Values = lambda result: (result.mean,)
    ) -> None:
        self._space = space
        self._goals = goals
        self._seed = seed
        self._spec = spec
        self._values = values
        self._learns = not isinstance(spec, (QmcTuner, OptunaRandomTuner))
        self._results: dict[int, TrialResult] = {}
        self._trials: dict[int, FrozenTrial] = {}
        samples = isinstance(spec, TpeTuner) and len(goals) == 1
        self._sample = TrialSample(-goals[0].sign, seed) if samples else None

    def ask(self, number: int, pending: Sequence[Params] = ()) -> Params:
        """The parameters of trial `number`; samplers that support pending trials keep away from them."""
        others = self._others(pending) if self._learns else []
        _quiet()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about experimental options, which are chosen on purpose
            sampler = sampler_for(self._spec, self._space, self._goals[0], self._seed, number)
            study = optuna.create_study(
                storage=_Beside(others), sampler=sampler, directions=[goal.direction for goal in self._goals]
            )
            trial = study.ask()
            return self._space.sample(lambda name, range_: suggest(trial, name, range_))

    def tell(self, result: TrialResult) -> None:
        """Keep the result of a finished trial; samplers learn nothing from failed ones."""
        if self._learns and self._space.holds(result.params):
            self._results[result.number] = result
            self._trials[result.number] = _finished(self._space, result, self._values(result))
            if self._sample is not None:
                self._sample.add(result.number, self._trials[result.number])

    def _others(self, pending: Sequence[Params]) -> list[FrozenTrial]:
        """The other trials of the study in which number 0 is asked: results by number, then pending ones."""
        known = sorted(self._trials)
        if self._sample is not None:
            others = self._sample.trials()
        elif len(self._goals) > 1:
            others = [self._trials[number] for number in known]
        else:
            scores = stopped_scores([self._results[number] for number in known])
            others = [_scored(self._trials[number], scores[number]) for number in known if number in scores]
        others += [frozen(self._space, params, TrialState.RUNNING) for params in pending if self._space.holds(params)]
        return [_numbered(place, trial) for place, trial in enumerate(others, 1)]


class _Beside(InMemoryStorage):
    """A storage for the trial that is asked, number 0. The sampler sees the others besides it.

    Optuna copies trials that are added to a study; for thousands this takes longer than the ask. Here they are shared.
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
    """An Optuna study of these results, for Optuna's own plots; options have their readable names."""
    _quiet()
    study, readable = optuna.create_study(direction=goal.direction), Readable(space)
    shown = readable.readable_space
    for result in results:
        params = {readable.name(name): readable.value(name, value) for name, value in result.params.items()}
        study.add_trial(_finished(shown, replace(result, params=params), (result.mean,), steps=True))
    return study


def _quiet() -> None:
    undo_later("optuna", partial(optuna.logging.set_verbosity, optuna.logging.get_verbosity()))
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def _numbered(number: int, trial: FrozenTrial) -> FrozenTrial:
    trial.number = trial._trial_id = number
    return trial


def _scored(trial: FrozenTrial, score: float) -> FrozenTrial:
    """Make the trial complete, for a sampler that uses complete trials only."""
    trial.state, trial.values = TrialState.COMPLETE, [score]
    return trial


def _finished(space: Space, result: TrialResult, values: tuple[float, ...], steps: bool = False) -> FrozenTrial:
    """A finished trial. A stopped one is pruned; samplers rank pruned trials first by how long they were trained.

    steps: whether to add intermediate values to a complete one too; samplers do not use them.
    """
    if result.state == "COMPLETE" and all(map(math.isfinite, values)):
        return frozen(space, result.params, TrialState.COMPLETE, values, _means_so_far(result) if steps else None)
    if result.state == "STOPPED" and len(values) == 1:
        return frozen(space, result.params, TrialState.PRUNED, None, _means_so_far(result))
    return frozen(space, result.params, TrialState.FAIL)


def _means_so_far(result: TrialResult) -> dict[int, float]:
    """After each fold: the total of epochs so far -> the mean of the scores so far."""
    folds = sorted(result.folds, key=lambda fold: fold.fold)
    epochs = accumulate(len(fold.curves.get("loss", ())) for fold in folds)
    scores = accumulate(fold.score for fold in folds)
    return {until: total / place for place, (until, total) in enumerate(zip(epochs, scores, strict=True), 1)}
