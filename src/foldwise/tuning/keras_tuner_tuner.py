"""KerasTuner's oracles behind `ask` and `tell`.

Source: Li et al. 2018 (Hyperband); KerasTuner 1.4.8.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keras_tuner import HyperParameters, Objective, oracles
from keras_tuner.engine.oracle import Oracle
from keras_tuner.engine.trial import Trial

from foldwise.seeds import Purpose, derive
from foldwise.spec.goal import Goal
from foldwise.spec.space import EPOCHS, Params, Space
from foldwise.spec.tuner import KerasTunerSpec, KtBayesianTuner, KtGridTuner, KtHyperbandTuner, KtRandomTuner
from foldwise.trial.result import TrialResult
from foldwise.tuning.keras_tuner_space import Values, hyperparameters, params_of, values_of
from foldwise.tuning.stopped_scores import stopped_scores

Trials = Mapping[str, Trial]
# KerasTuner's own name for the epochs that Hyperband gives a trial.
_EPOCHS = "tuner/epochs"
# With this many draws per point, the last point is missed once in e ** 40.
DRAWS_A_POINT = 40


class KerasTunerTuner:
    """One of KerasTuner's oracles over a space.

    Every ask makes a new oracle for its number, gives it the results in the order of their numbers, and lets it populate the
    space. So nothing depends on when trials ended or how often the search was resumed, and KerasTuner writes no file. Results
    outside the space are ignored.
    """

    def __init__(self, space: Space, goal: Goal, seed: int, spec: KerasTunerSpec, epochs: int = 1) -> None:
        """epochs: the maximum of a trial, for Hyperband."""
        self._space = space
        self._goal = goal
        self._seed = seed
        self._spec = spec
        self._epochs = epochs
        self._hyperparameters = hyperparameters(space)
        self._walk = _Walk(self._hyperparameters)
        self._told: dict[int, tuple[TrialResult, Values]] = {}

    def ask(self, number: int, pending: Sequence[Params] = ()) -> Params | None:
        """The parameters of trial `number`; None if KerasTuner waits, or has no new point left."""
        running = [values for values in map(self._values, pending) if values is not None]
        if not len(self._space):  # KerasTuner would treat a space without ranges as not yet defined
            return None if self._told or running else {}
        finished = self._finished()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # from scikit-learn, about kernels that did not converge
            found = self._asked(max(1, derive(Purpose.TUNER, self._seed, number)), finished, running)
        if found is None:
            return None
        epochs = {EPOCHS: int(found[_EPOCHS])} if _EPOCHS in found else {}
        return {**params_of(self._space, found), **epochs}

    def tell(self, result: TrialResult) -> None:
        """Keep the result of a finished trial."""
        values = self._values(result.params)
        if values is not None:
            self._told[result.number] = (result, values)

    def _asked(self, seed: int, finished: Trials, running: Sequence[Values]) -> Values | None:
        """The point of an oracle with that seed; not 0, which KerasTuner treats as no seed."""
        trials = (_trial(f"pending{place}", values, "RUNNING") for place, values in enumerate(running))
        pending = {trial.trial_id: trial for trial in trials}
        options = {
            "hyperparameters": self._hyperparameters,
            "objective": Objective("score", self._goal.direction[:3]),
            "seed": seed,
        }
        points = self._space.count()
        match self._spec:
            case KtGridTuner():
                return self._walk.next({**finished, **pending}.values())
            case KtRandomTuner():
                oracle = oracles.RandomSearchOracle(**options)
                _enter(oracle, finished, pending, points)
            case KtBayesianTuner(startup=startup, alpha=alpha, beta=beta):
                initial = startup or max(3, 3 * len(self._hyperparameters.space))
                oracle = oracles.BayesianOptimizationOracle(**options, num_initial_points=initial, alpha=alpha, beta=beta)
                _enter(oracle, finished, {}, points)
                if pending and sum(trial.status == "COMPLETED" for trial in finished.values()) >= initial:
                    oracle.gpr.fit(*oracle._vectorize_trials())  # it estimates the scores of running trials
                _enter(oracle, finished, pending, points)
            case KtHyperbandTuner(factor=factor, iterations=iterations):
                oracle = oracles.HyperbandOracle(
                    **options, max_epochs=self._epochs, factor=factor, hyperband_iterations=iterations
                )
                _enter(oracle, finished, pending, points)
                _fill_rounds(oracle)
        answer = oracle.populate_space("asked")
        return answer["values"] if answer["status"] == "RUNNING" else None

    def _values(self, params: Params) -> Values | None:
        """A point as KerasTuner's values, with Hyperband's epochs; None if it is outside this search."""
        own = dict(params)
        epochs = own.pop(EPOCHS, None) if isinstance(self._spec, KtHyperbandTuner) else None
        if not self._space.holds(own):
            return None
        values = values_of(self._space, own)
        return {**values, _EPOCHS: epochs} if isinstance(epochs, int) else values

    def _finished(self) -> Trials:
        """The results by number. Trials that failed or were stopped in their first fold only count as tried."""
        told = sorted(self._told.items())
        scores = stopped_scores([result for _, (result, _) in told])
        return {
            str(number): _trial(str(number), values, "COMPLETED" if number in scores else "FAILED", scores.get(number))
            for number, (_, values) in told
        }


def _trial(name: str, values: Values, status: str, score: float | None = None) -> Trial:
    point = HyperParameters()
    point.values = dict(values)
    trial = Trial(hyperparameters=point, trial_id=name, status=status)
    trial.score = score
    return trial


def _enter(oracle: Oracle, finished: Trials, pending: Trials, points: int | None) -> None:
    """Give an oracle these trials as if it had created them. points: how many the space has, None if it is infinite."""
    oracle.trials = {**finished, **pending}
    oracle.ongoing_trials = dict(pending)
    oracle._tried_so_far = {oracle._compute_values_hash(trial.hyperparameters.values) for trial in oracle.trials.values()}
    if points is not None:  # KerasTuner gives up after 20 draws of tried points, although others may be left
        oracle._max_collisions = DRAWS_A_POINT * points if len(oracle._tried_so_far) < points else 0


def _fill_rounds(oracle: Any) -> None:
    """Open all of Hyperband's brackets and put each trial into its round.

    A trial with more epochs than an earlier one of the same values was promoted from it; any other belongs to the first round
    of a bracket with its epochs. Trials without epochs, such as that of the defaults, are outside the schedule.
    """
    while (oracle._current_iteration, oracle._current_bracket) != (oracle.hyperband_iterations - 1, 0):
        oracle._increment_bracket_num()
        oracle._start_new_bracket()
    last: dict[object, tuple[Any, int, str]] = {}  # values -> the bracket, round and name of their latest trial
    for name, trial in oracle.trials.items():
        values = _key({own: value for own, value in trial.hyperparameters.values.items() if own != _EPOCHS})
        epochs = trial.hyperparameters.values.get(_EPOCHS)
        bracket, before, past = last.get(values, (_with_room(oracle, epochs), -1, None))
        if bracket is not None and epochs == _epochs_after(oracle, bracket, before):
            bracket["rounds"][before + 1].append({"past_id": past, "id": name})
            last[values] = (bracket, before + 1, name)


def _epochs_after(oracle: Any, bracket: Any, before: int) -> int | None:
    """The epochs of the next round; None after the last."""
    following = before + 1
    return oracle._get_epochs(bracket["bracket_num"], following) if following < len(bracket["rounds"]) else None


def _with_room(oracle: Any, epochs: object) -> Any:
    """The first bracket whose first round has these epochs and is not full."""
    for bracket in oracle._brackets:
        number = bracket["bracket_num"]
        if oracle._get_epochs(number, 0) == epochs and len(bracket["rounds"][0]) < oracle._get_size(number, 0):
            return bracket
    return None


class _Walk:
    """The points of KerasTuner's grid in its order, generated as needed.

    Its oracle uses a queue of ended trials for this, whose order is lost when a search is resumed.
    """

    def __init__(self, space: HyperParameters) -> None:
        self._oracle = oracles.GridSearchOracle(objective=Objective("score", "min"), hyperparameters=space, seed=1)
        self._points: list[Values] = [{hp.name: hp.default for hp in space.space if space.is_active(hp)}]
        self._ended = False

    def next(self, trials: Iterable[Trial]) -> Values | None:
        """The first point that no trial has; None if all were visited."""
        visited = {_key(trial.hyperparameters.values) for trial in trials}
        place = 0
        while place < len(self._points) or self._further():
            if _key(self._points[place]) not in visited:
                return self._points[place]
            place += 1
        return None

    def _further(self) -> bool:
        following = None if self._ended else self._oracle._get_next_combination(self._points[-1])
        self._ended = following is None
        if following is not None:
            self._points.append(following)
        return not self._ended


def _key(values: Values) -> tuple[tuple[str, str | int | float], ...]:
    return tuple(sorted(values.items()))
