import random

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from foldwise.tuning.optuna_sample import BEST, MOST, TrialSample

LINE = {"x": FloatDistribution(0.0, 1.0)}


def _trial(number: int, value: float | None = None, steps: dict[int, float] | None = None) -> FrozenTrial:
    state = TrialState.COMPLETE if value is not None else TrialState.FAIL if steps is None else TrialState.PRUNED
    trial = create_trial(state=state, value=value, params={"x": 0.5}, distributions=LINE, intermediate_values=steps)
    trial.number = number
    return trial


def _numbers(trials: list[FrozenTrial], sign: float = 1, seed: int = 0) -> list[int]:
    sample = TrialSample(sign, seed)
    for trial in trials:
        sample.add(trial.number, trial)
    return [trial.number for trial in sample.trials()]


LONG = [_trial(number, value=(number * 37) % 1009) for number in range(1000)]


def test_a_study_of_some_hundred_trials_is_seen_as_a_whole():
    assert _numbers(LONG[:MOST]) == list(range(MOST))


@pytest.mark.parametrize(("sign", "best"), [(1, lambda t: t.value), (-1, lambda t: -t.value)], ids=["minimize", "maximize"])
def test_of_a_long_study_the_best_trials_are_seen_and_a_draw_of_the_others(sign, best):
    numbers = _numbers(LONG, sign)
    assert len(numbers) == MOST
    assert numbers == sorted(numbers)
    assert {trial.number for trial in sorted(LONG, key=best)[:BEST]} <= set(numbers)
    assert 0.4 < sum(number < 500 for number in numbers) / MOST < 0.6  # of all times alike


def test_the_draw_depends_on_seed_and_numbers_but_not_on_the_order_of_finishing():
    shuffled = random.Random(3).sample(LONG, len(LONG))
    assert _numbers(LONG) == _numbers(shuffled)
    assert _numbers(LONG) != _numbers(LONG, seed=1)
    assert len({*_numbers(LONG)} - {*_numbers(LONG[:-1])}) <= 2


def test_complete_trials_rank_before_stopped_ones_and_longer_training_before_shorter():
    stopped = [_trial(number, steps={number % 50: 1.0}) for number in range(MOST)]
    complete = [_trial(MOST + number, value=9.0) for number in range(10)]
    numbers = _numbers([*stopped, *complete])
    longest = sorted((trial.number for trial in stopped), key=lambda number: (-(number % 50), number))
    assert {*range(MOST, MOST + 10), *longest[: BEST - 10]} <= set(numbers)


def test_failed_trials_are_left_out_and_a_result_replaces_the_one_of_its_number():
    assert _numbers([_trial(0), _trial(1, value=1.0), _trial(2)]) == [1]
    sample = TrialSample(1, 0)
    for trial in [*LONG, _trial(7, value=-1.0), _trial(8)]:
        sample.add(trial.number, trial)
    kept = {trial.number: trial for trial in sample.trials()}
    assert kept[7].value == -1.0
    assert 8 not in kept


def test_trials_of_an_earlier_study_have_numbers_below_zero():
    assert _numbers([_trial(-5, value=1.0), _trial(-10_000_000, value=2.0)]) == [-10_000_000, -5]
