"""When a search has to end."""

import math
import time

import pytest

from foldwise.deadline import SECONDS_TO_CONCLUDE, SECONDS_TO_START_TENSORFLOW, Deadline
from foldwise.errors import OutOfTime
from foldwise.goal import Goal
from foldwise.results import FoldScore, TrialResult

GOAL = Goal("accuracy", "maximize")


def trial(number, mean, seconds, engine="keras", folds=5, state="COMPLETE"):
    each = tuple(FoldScore(fold, mean, {}, {}, 1, seconds / folds) for fold in range(folds))
    return TrialResult(number, {}, state, each, mean=mean, engine=engine, seconds=seconds)


def left(deadline, least=0.0, most=1000.0):
    """How many seconds before the end of the time the search has to end: found by moving the beginning."""
    for _ in range(40):
        middle = (least + most) / 2
        least, most = (middle, most) if deadline(middle).is_over else (least, middle)
    return least


def after(*results, **more):
    def made(remaining):
        deadline = Deadline(1000.0, time.monotonic() - 1000.0 + remaining, **more)
        for result in results:
            deadline.note(result, GOAL, 1.25)
        return deadline

    return left(made)


def test_without_a_limit_there_is_always_time():
    deadline = Deadline()
    deadline.note(trial(0, 0.9, math.inf), GOAL, 2.0)
    deadline.check()


def test_a_search_whose_time_is_over_ends():
    deadline = Deadline(10.0, time.monotonic() - 20)
    with pytest.raises(OutOfTime):
        deadline.check()


def test_time_is_kept_for_what_comes_after_the_search():
    assert after() == pytest.approx(SECONDS_TO_CONCLUDE, abs=0.5)
    assert after(elsewhere=True) == pytest.approx(SECONDS_TO_CONCLUDE + SECONDS_TO_START_TENSORFLOW, abs=0.5)


def test_a_refit_takes_a_fold_of_the_best_trial_and_more_rows():
    slow, quick = trial(0, 0.9, 100.0), trial(1, 0.8, 10.0)
    assert after(slow, quick) == pytest.approx(SECONDS_TO_CONCLUDE + 100 / 5 * 1.25, abs=0.5)
    assert after(quick, slow) == pytest.approx(after(slow, quick), abs=0.5)
    failed = trial(2, 0.99, 900.0, state="FAILED")
    assert after(quick, failed) == pytest.approx(SECONDS_TO_CONCLUDE + 10 / 5 * 1.25, abs=0.5)


def test_a_refit_of_one_program_may_take_all_of_its_time():
    assert after(trial(0, 0.9, 40.0, engine="fused")) == pytest.approx(SECONDS_TO_CONCLUDE + 40 * 1.25, abs=0.5)
