"""What every tuner must do; a new one is covered by being listed in TUNERS."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec

import pytest

from foldwise.config.template import split
from foldwise.spec.goal import Goal
from foldwise.spec.space import EPOCHS, Choice, FloatRange, IntRange, Params, Space
from foldwise.spec.tuner import (
    CmaesTuner,
    GpTuner,
    KtBayesianTuner,
    KtGridTuner,
    KtHyperbandTuner,
    KtRandomTuner,
    Nsga2Tuner,
    OptunaRandomTuner,
    QmcTuner,
    TpeTuner,
)
from foldwise.trial.result import FoldScore, TrialResult
from foldwise.tuning.grid_tuner import GridTuner
from foldwise.tuning.optuna_tuner import OptunaTuner
from foldwise.tuning.random_tuner import RandomTuner
from foldwise.tuning.tuner import Tuner

GOAL = Goal("rmse", "minimize")
MOST_EPOCHS = 9
Make = Callable[[Space, int], Tuner]


def _optuna(spec) -> Make:
    return lambda space, seed: OptunaTuner(space, (GOAL,), seed, spec)


def _keras_tuner(spec) -> Make:
    def make(space: Space, seed: int) -> Tuner:
        from foldwise.tuning.keras_tuner_tuner import KerasTunerTuner  # it imports TensorFlow

        return KerasTunerTuner(space, GOAL, seed, spec, MOST_EPOCHS)

    return make


TUNERS: dict[str, Make] = {
    "random": RandomTuner,
    "grid": GridTuner,
    "tpe": _optuna(TpeTuner(kind="tpe", startup=5)),
    "cmaes": _optuna(CmaesTuner(kind="cmaes", population=4)),
    "nsga2": _optuna(Nsga2Tuner(kind="nsga2", population=4, mutation=0.5)),
    "qmc": _optuna(QmcTuner(kind="qmc")),
    "halton": _optuna(QmcTuner(kind="qmc", sequence="halton")),
    "optuna_random": _optuna(OptunaRandomTuner(kind="optuna_random")),
    "gp": _optuna(GpTuner(kind="gp", startup=8)),
    "kt_random": _keras_tuner(KtRandomTuner(kind="kt_random")),
    "kt_bayesian": _keras_tuner(KtBayesianTuner(kind="kt_bayesian", startup=10, beta=0.5)),
    "kt_grid": _keras_tuner(KtGridTuner(kind="kt_grid")),
    "kt_hyperband": _keras_tuner(KtHyperbandTuner(kind="kt_hyperband")),
}
EXHAUST = ("grid", "kt_random", "kt_grid")  # tuners that visit no point twice
IN_ORDER = ("kt_grid",)  # their proposals do not depend on the seed
FLAT = {
    "rate": ["float", 1e-4, 1e-1, {"log": True}],
    "dropout": ["float", 0.0, 0.5, {"step": 0.1}],
    "units": ["int", 1, 64, {"log": True}],
    "every": ["int", 5, 25, {"step": 5}],
    "fixed": ["int", 3, 3],
    "word": ["choice", "relu", "tanh"],
    "mixed": ["choice", True, 1, 1.0, "1", "True", None, False, 0],
}
TREE = {
    "model": [
        "choice",
        {"kind": "small", "units": ["int", 1, 8]},
        {"kind": "large", "units": ["int", 100, 200], "head": ["choice", {"kind": "a", "x": ["float", 0.0, 1.0]}, "b"]},
    ],
    "shift": ["float", -1.0, 1.0],
}


def _listed(names: Sequence[str] = tuple(TUNERS)):
    def marks(name: str):
        missing = pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra gp")
        patience = [pytest.mark.timeout(900)] * (name in ("gp", "kt_bayesian"))  # seconds per ask
        patience += [pytest.mark.long] * (name == "kt_bayesian")
        return patience + [pytest.mark.slow] * name.startswith("kt_") + [missing, pytest.mark.slow] * (name == "gp")

    return pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in names])


def _space(tree: object, name: str) -> Space:
    """The tree's space; a grid takes steps."""
    return split(_stepped(tree) if name == "grid" else tree)[1]


def _stepped(tree):
    if isinstance(tree, dict):
        return {key: _stepped(value) for key, value in tree.items()}
    if isinstance(tree, list) and tree[0] == "float" and tree[1] < tree[2] and "step" not in (tree[3:] or [{}])[0]:
        return [*tree[:3], {"step": (tree[2] - tree[1]) / 16}]
    return [_stepped(value) for value in tree] if isinstance(tree, list) else tree


def _result(number: int, params: Params) -> TrialResult:
    """A trial whose score is best where its last number is near 0.3; some fail, some are stopped with or without a fold."""
    numbers = [0, *(v for name, v in params.items() if isinstance(v, (int, float)) and name != EPOCHS)]
    score = abs(numbers[-1] - 0.3)
    folds = tuple(FoldScore(fold, score + fold / 10, {}, {}, 1, 0.1) for fold in range(3))
    if number % 7 == 3:
        return TrialResult(number, params, "FAILED", folds[:1], reason="nan: made so")
    if number % 5 == 4:
        return TrialResult(number, params, "STOPPED", folds[: number % 3], reason="race: made so")
    return TrialResult(number, params, "COMPLETE", folds, mean=score + 0.1, sd=0.1)


def _run(tuner: Tuner, numbers: Sequence[int]) -> list[TrialResult]:
    results = []
    for number in numbers:
        params = tuner.ask(number)
        if params is None:
            break
        results.append(_result(number, params))
        tuner.tell(results[-1])
    return results


def _typed(params: Params | None) -> object:
    return params if params is None else [(name, type(value).__name__, value) for name, value in params.items()]


def _check(space: Space, params: Params | None) -> None:
    """Every value lies in its range and is of its type; ranges exist under their options only."""
    assert params is not None
    seen = []

    def check(name, range_):
        value = params[name]
        seen.append(name)
        if isinstance(range_, Choice):
            range_.option(value)
        else:
            assert type(value) is (int if isinstance(range_, IntRange) else float)
            assert range_.low <= value <= range_.high
            if range_.step:
                steps = (value - range_.low) / range_.step
                assert math.isclose(steps, round(steps), abs_tol=1e-9)
        return value

    space.sample(check)
    assert [name for name in params if name != EPOCHS] == seen
    assert 1 <= params.get(EPOCHS, 1) <= MOST_EPOCHS


@pytest.mark.parametrize("tree", [FLAT, TREE], ids=["flat", "conditional"])
@_listed()
class TestTuner:
    def test_the_same_seed_asks_for_the_same_trials(self, name, tree):
        first, second = (_run(TUNERS[name](_space(tree, name), 11), range(14)) for _ in range(2))
        assert len(first) == 14
        assert [_typed(r.params) for r in first] == [_typed(r.params) for r in second]

    def test_another_seed_or_number_asks_for_another_trial(self, name, tree):
        one, other = (TUNERS[name](_space(tree, name), seed) for seed in (1, 2))
        assert (one.ask(0) == other.ask(0)) == (name in IN_ORDER)
        assert (one.ask(0) == one.ask(1)) == (name in IN_ORDER)

    @pytest.mark.parametrize("done", [1, 9])
    def test_a_resumed_search_goes_on_as_if_nothing_had_happened(self, name, tree, done):
        whole = _run(TUNERS[name](_space(tree, name), 5), range(14))
        resumed = TUNERS[name](_space(tree, name), 5)
        for result in reversed(whole[:done]):  # the order does not matter
            resumed.tell(result)
        rest = _run(resumed, range(done, 14))
        assert [_typed(r.params) for r in rest] == [_typed(r.params) for r in whole[done:]]

    def test_what_was_asked_in_between_does_not_matter(self, name, tree):
        space = _space(tree, name)
        results = _run(TUNERS[name](space, 5), range(12))
        tuner, pending = TUNERS[name](space, 5), [results[10].params, results[11].params]
        for number in (3, 9, 0, 1, 8, 2, 7, 4, 6, 5):
            tuner.tell(results[number])
            if number == 7:
                tuner.ask(30, pending)
        fresh = TUNERS[name](space, 5)
        for result in results[:10]:
            fresh.tell(result)
        assert _typed(tuner.ask(12, pending)) == _typed(fresh.ask(12, pending)) == _typed(tuner.ask(12, pending))

    def test_every_value_lies_in_its_range_and_is_of_its_type(self, name, tree):
        space = _space(tree, name)
        for result in _run(TUNERS[name](space, 3), range(12 if name in ("kt_bayesian", "gp") else 30)):
            _check(space, result.params)

    def test_trials_side_by_side_are_different(self, name, tree):
        space, pending = _space(tree, name), []
        tuner = TUNERS[name](space, 3)
        _run(tuner, range(10))
        for number in range(10, 14):
            pending.append(tuner.ask(number, pending))
            _check(space, pending[-1])
        assert all(one != other for place, one in enumerate(pending) for other in pending[:place])

    def test_a_number_need_not_be_the_count_of_results(self, name, tree):
        space = _space(tree, name)
        tuner = TUNERS[name](space, 3)
        _run(tuner, [4, 40, 17, 12, 31, 8, 22, 26, 50])
        _check(space, tuner.ask(5))
        _check(space, tuner.ask(1000))

    def test_results_of_an_earlier_study_have_numbers_below_zero(self, name, tree):
        space = _space(tree, name)
        results = _run(TUNERS[name](space, 8), range(9))
        first, second = TUNERS[name](space, 3), TUNERS[name](space, 3)
        for place, result in enumerate(results):
            first.tell(replace(result, number=result.number - 1000))
            second.tell(replace(result, number=place - 9))
        _check(space, first.ask(0))
        assert _typed(first.ask(0)) == _typed(second.ask(0))

    def test_it_goes_on_after_failures_alone(self, name, tree):
        space = _space(tree, name)
        tuner = TUNERS[name](space, 3)
        for number in range(9):
            params = tuner.ask(number)
            _check(space, params)
            tuner.tell(TrialResult(number, params, "FAILED" if number % 2 else "STOPPED", reason="nan: made so"))
        _check(space, tuner.ask(9))

    def test_rows_of_another_space_are_left_out(self, name, tree):
        space = _space(tree, name)
        results = _run(TUNERS[name](space, 3), range(9))
        tuner, clean = TUNERS[name](space, 3), TUNERS[name](space, 3)
        first = results[0].params
        for place, params in enumerate(
            [{}, {**first, "more": 1}, dict(list(first.items())[1:]), dict.fromkeys(first, 1e9), dict.fromkeys(first, "no")]
        ):
            tuner.tell(TrialResult(100 + place, params, "COMPLETE", mean=-1.0))
        for result in results:
            tuner.tell(result)
            clean.tell(result)
        assert _typed(tuner.ask(9, [{"other": 1}])) == _typed(clean.ask(9))

    def test_nothing_is_said(self, name, tree, capfd, recwarn):
        tuner = TUNERS[name](_space(tree, name), 3)  # TensorFlow's messages on import are not the tuner's
        capfd.readouterr()
        _run(tuner, range(11))
        tuner.ask(11, [tuner.ask(12)])
        said = capfd.readouterr()
        assert (said.out, said.err, list(recwarn)) == ("", "", [])


@_listed()
def test_options_that_are_equal_in_python_stay_different(name):
    space = _space({"mixed": FLAT["mixed"]}, name)
    tuner = TUNERS[name](space, 5)
    asked = [tuner.ask(number) for number in range(8 if name == "kt_hyperband" else 7)]
    seen = {(type(r.params["mixed"]), r.params["mixed"]) for r in _run(tuner, range(9 if name == "gp" else 60))}
    assert all(space.holds({key: value for key, value in params.items() if key != EPOCHS}) for params in asked)
    assert len(seen) >= (5 if name == "gp" else 8)


@_listed()
def test_a_space_without_ranges_has_one_point(name):
    tuner = TUNERS[name](Space(), 0)
    assert tuner.ask(0) == {}
    tuner.tell(TrialResult(0, {}, "COMPLETE", mean=1.0))
    exhausted = name in (*EXHAUST, "kt_bayesian", "kt_hyperband")
    assert tuner.ask(1) == (None if exhausted else {})


@_listed()
def test_a_space_of_single_values_has_one_point(name):
    tuner = TUNERS[name](_space({"n": ["int", 3, 3], "x": ["float", 0.5, 0.5], "word": ["choice", "a"]}, name), 0)
    params = tuner.ask(0)
    assert {key: value for key, value in params.items() if key != EPOCHS} == {"n": 3, "x": 0.5, "word": "a"}


@_listed(EXHAUST)
def test_each_point_once_and_then_none(name):
    space = _space({"n": ["int", 1, 3], "model": ["choice", {"kind": "a", "m": ["int", 5, 6]}, "b"]}, name)
    tuner = TUNERS[name](space, 2)
    results = _run(tuner, range(20))
    assert len(results) == len({tuple(sorted(r.params.items())) for r in results}) == space.count() == 9
    assert tuner.ask(9) is None
    again = TUNERS[name](space, 2)
    for result in results[:8]:
        again.tell(result)
    assert again.ask(9, [results[8].params]) is None
    assert again.ask(9) == results[8].params


# A score that is 0 at (0.7, -0.2, relu), and 0.97 on average over the space.
BOWL = {"x": ["float", 0.0, 1.0], "y": ["float", -1.0, 1.0], "word": ["choice", "tanh", "relu"]}


def _late_scores(make: Make, seed: int, trials: int) -> list[float]:
    """The scores of the last quarter of a search."""
    tuner, scores = make(split(BOWL)[1], seed), []
    for number in range(trials):
        params = tuner.ask(number)
        scores.append((params["x"] - 0.7) ** 2 + (params["y"] + 0.2) ** 2 + (params["word"] != "relu"))
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=scores[-1]))
    return scores[-(trials // 4) :]


@_listed(("tpe", "cmaes", "nsga2", "gp", "kt_bayesian"))
def test_tuners_that_learn_search_where_scores_are_good(name):
    seeds, trials = (1, 13) if name in ("gp", "kt_bayesian") else (5, 45)  # these take seconds per ask
    learnt = [score for seed in range(seeds) for score in _late_scores(TUNERS[name], seed, trials)]
    drawn = [score for seed in range(20) for score in _late_scores(RandomTuner, seed, 45)]
    assert sum(learnt) / len(learnt) < 0.6 * sum(drawn) / len(drawn)


def test_only_ranges_without_a_step_are_infinite():
    space = _space(FLAT, "random")
    assert [name for name, range_ in space.walk() if isinstance(range_, FloatRange) and range_.count() is None] == ["rate"]
