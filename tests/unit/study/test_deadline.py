"""When a search has to end."""

import math
import time

import pytest

from foldwise.errors import OutOfTime
from foldwise.spec.goal import Goal
from foldwise.study.deadline import CONCLUDING_TO_STARTING, SECONDS_TO_CONCLUDE, SECONDS_TO_START_TENSORFLOW, Deadline
from foldwise.trial.result import FoldScore, TrialResult

GOAL = Goal("accuracy", "maximize")


def trial(number, mean, seconds, engine="keras", folds=5, state="COMPLETE"):
    each = tuple(FoldScore(fold, mean, {}, {}, 1, seconds / folds) for fold in range(folds))
    return TrialResult(number, {}, state, each, mean=mean, engine=engine, seconds=seconds)


def left(deadline, least=0.0, most=1000.0):
    """How many seconds before the time limit the search has to end, found by moving the beginning."""
    for _ in range(40):
        middle = (least + most) / 2
        least, most = (middle, most) if deadline(middle).is_over else (least, middle)
    return least


def after(*results, seeds=1, members=1, **more):
    def made(remaining):
        deadline = Deadline(1000.0, time.monotonic() - 1000.0 + remaining, **more)
        for result in results:
            deadline.note(result, GOAL, 1.25, seeds, members=members)
        return deadline

    return left(made)


def test_without_a_limit_the_search_never_has_to_end():
    deadline = Deadline()
    deadline.note(trial(0, 0.9, math.inf), GOAL, 2.0)
    deadline.raise_if_over()


def test_a_search_whose_time_is_over_ends():
    deadline = Deadline(10.0, time.monotonic() - 20)
    with pytest.raises(OutOfTime):
        deadline.raise_if_over()


def test_time_is_reserved_for_the_rest_of_the_job():
    assert after() == pytest.approx(SECONDS_TO_CONCLUDE, abs=0.5)
    assert after(started=None) == pytest.approx(SECONDS_TO_CONCLUDE + SECONDS_TO_START_TENSORFLOW, abs=0.5)


@pytest.mark.parametrize(
    ("engine", "seeds", "refit"),
    [("keras", 1, 10.0), ("keras", 10, 100.0), ("fused", 1, 50.0), ("fused", 5, 50.0), ("fused", 10, 100.0)],
)
def test_time_is_reserved_for_every_network_of_the_refit(engine, seeds, refit):
    found = after(trial(0, 0.9, 40.0, engine), seeds=seeds)
    assert found == pytest.approx(SECONDS_TO_CONCLUDE + refit, abs=0.5)


def test_more_time_is_reserved_if_tensorflow_starts_slowly():
    assert after(started=SECONDS_TO_CONCLUDE) == pytest.approx(after(), abs=0.1)
    assert after(started=100.0) == pytest.approx(100 * CONCLUDING_TO_STARTING, abs=0.5)


def test_the_first_trial_shows_how_long_tensorflow_takes_in_other_processes(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    deadline = Deadline(500.0, 1000.0, started=None)
    clock[0] += 43
    deadline.note(trial(0, 0.9, 3.0), GOAL, 1.0)
    keeps = 40 + 40 * CONCLUDING_TO_STARTING + 3 / 5
    clock[0] = 1500 - keeps - 1
    assert not deadline.is_over
    clock[0] += 2
    assert deadline.is_over
    deadline.note(trial(1, 0.8, 3.0), GOAL, 1.0)  # later trials do not change the estimate
    clock[0] -= 2
    assert not deadline.is_over


def test_a_refit_takes_a_fold_of_the_best_trial_and_more_rows():
    slow, quick = trial(0, 0.9, 100.0), trial(1, 0.8, 10.0)
    assert after(slow, quick) == pytest.approx(SECONDS_TO_CONCLUDE + 100 / 5 * 1.25, abs=0.5)
    assert after(quick, slow) == pytest.approx(after(slow, quick), abs=0.5)
    failed = trial(2, 0.99, 900.0, state="FAILED")
    assert after(quick, failed) == pytest.approx(SECONDS_TO_CONCLUDE + 10 / 5 * 1.25, abs=0.5)


def test_a_refit_of_a_fused_trial_may_take_as_long_as_the_trial():
    assert after(trial(0, 0.9, 40.0, engine="fused")) == pytest.approx(SECONDS_TO_CONCLUDE + 40 * 1.25, abs=0.5)


def test_time_is_reserved_for_fresh_runs_until_they_begin():
    deadline = Deadline(1000.0, time.monotonic() - 900.0)
    deadline.note(trial(0, 0.9, 2.0), GOAL, 1.25, fresh=30)
    assert not deadline.is_over
    deadline.note(trial(1, 0.95, 4.0), GOAL, 1.25, fresh=30)
    assert deadline.is_over
    deadline.raise_if_refit_is_due()
    early = Deadline(1000.0, time.monotonic() - 400.0)
    early.note(trial(0, 0.9, 50.0), GOAL, 1.0, fresh=30)
    assert not early.is_over  # they get half of the time at most
    late = Deadline(1000.0, time.monotonic() - 999.0)
    with pytest.raises(OutOfTime):
        late.raise_if_refit_is_due()


@pytest.mark.parametrize(
    ("engine", "seeds", "refit"), [("keras", 1, 60.0), ("fused", 1, 300.0), ("keras", 10, 100.0), ("fused", 40, 400.0)]
)
def test_time_is_reserved_for_every_member_of_an_ensemble_or_for_the_seeds_of_one_trial(engine, seeds, refit):
    found = after(trial(0, 0.9, 40.0, engine), seeds=seeds, members=6)
    assert found == pytest.approx(SECONDS_TO_CONCLUDE + refit, abs=0.5)
