"""What every tuner must do; a new one is covered by being listed in TUNERS."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from foldwise.goal import Goal
from foldwise.results import TrialResult
from foldwise.space import Choice, IntRange, Params, Space
from foldwise.template import split
from foldwise.tuning.optuna_tuner import OptunaTuner
from foldwise.tuning.random_tuner import RandomTuner
from foldwise.tuning.tuner import Tuner

GOAL = Goal("rmse", "minimize")
TUNERS: dict[str, Callable[[Space, int], Tuner]] = {
    "random": RandomTuner,
    "tpe": lambda space, seed: OptunaTuner(space, GOAL, seed, startup=5),
}
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


def _space(tree: object) -> Space:
    return split(tree)[1]


def _result(number: int, params: Params) -> TrialResult:
    """A trial whose score is best where its last number is near 0.3; every seventh fails, every fifth is stopped."""
    if number % 7 == 3:
        return TrialResult(number, params, "FAILED", reason="nan: made so")
    if number % 5 == 4:
        return TrialResult(number, params, "STOPPED", reason="race: made so")
    numbers = [0, *(v for v in params.values() if isinstance(v, (int, float)))]
    return TrialResult(number, params, "COMPLETE", mean=abs(numbers[-1] - 0.3), sd=0.0)


def _run(tuner: Tuner, numbers: range) -> list[TrialResult]:
    results = []
    for number in numbers:
        results.append(_result(number, tuner.ask(number)))
        tuner.tell(results[-1])
    return results


def _typed(params: Params) -> list[tuple[str, str, object]]:
    return [(name, type(value).__name__, value) for name, value in params.items()]


@pytest.mark.parametrize("tree", [FLAT, TREE], ids=["flat", "conditional"])
@pytest.mark.parametrize("make", TUNERS.values(), ids=TUNERS)
class TestTuner:
    def test_the_same_seed_asks_for_the_same_trials(self, make, tree):
        first = _run(make(_space(tree), 11), range(16))
        second = _run(make(_space(tree), 11), range(16))
        assert [_typed(r.params) for r in first] == [_typed(r.params) for r in second]

    def test_another_seed_asks_for_other_trials(self, make, tree):
        assert make(_space(tree), 1).ask(0) != make(_space(tree), 2).ask(0)

    @pytest.mark.parametrize("done", [1, 4, 9])
    def test_a_resumed_search_goes_on_as_if_nothing_had_happened(self, make, tree, done):
        whole = _run(make(_space(tree), 5), range(16))
        resumed = make(_space(tree), 5)
        for result in reversed(whole[:done]):  # the order of the telling does not matter
            resumed.tell(result)
        rest = _run(resumed, range(done, 16))
        assert [_typed(r.params) for r in rest] == [_typed(r.params) for r in whole[done:]]

    def test_asking_twice_gives_the_same(self, make, tree):
        tuner = make(_space(tree), 5)
        results = _run(tuner, range(12))
        pending = [results[0].params, results[1].params]
        assert tuner.ask(12, pending) == tuner.ask(12, pending)
        assert tuner.ask(12) != tuner.ask(13)

    def test_every_value_lies_in_its_range_and_is_of_its_type(self, make, tree):
        space = _space(tree)
        for result in _run(make(space, 3), range(30)):
            seen: list[str] = []
            space.sample(lambda name, range_, seen=seen, p=result.params: _checked(name, range_, p, seen))
            assert seen == list(result.params)


def _checked(name, range_, params, seen):
    value = params[name]
    seen.append(name)
    if isinstance(range_, Choice):
        range_.option(value)
    elif isinstance(range_, IntRange):
        assert type(value) is int
        assert range_.low <= value <= range_.high
        assert (value - range_.low) % range_.step == 0
    else:
        assert type(value) is float
        assert range_.low <= value <= range_.high
        if range_.step:
            steps = (value - range_.low) / range_.step
            assert math.isclose(steps, round(steps), abs_tol=1e-9)
    return value


@pytest.mark.parametrize("make", TUNERS.values(), ids=TUNERS)
def test_options_that_python_takes_for_equal_stay_apart(make):
    space = _space({"mixed": FLAT["mixed"]})
    results = _run(make(space, 1), range(60))
    seen = {(type(r.params["mixed"]), r.params["mixed"]) for r in results}
    assert len(seen) == 8


@pytest.mark.parametrize("make", TUNERS.values(), ids=TUNERS)
def test_a_space_without_ranges_has_one_point(make):
    assert make(Space(), 0).ask(0) == {}
