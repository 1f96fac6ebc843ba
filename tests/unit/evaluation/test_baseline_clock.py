"""The time of baselines."""

import pytest

from foldwise.evaluation import baseline_clock
from foldwise.evaluation.baseline_clock import BaselineClock, OutOfBaselineTime


@pytest.fixture
def now(monkeypatch):
    """A clock that only the test moves."""

    class Now:
        seconds = 100.0

        def monotonic(self):
            return self.seconds

    found = Now()
    monkeypatch.setattr(baseline_clock, "time", found)
    return found


def test_progress_is_told_now_and_then(now):
    notes = []
    clock = BaselineClock(30, notes.append)
    clock.starts("logistic", 3)
    clock.fit_ends()
    now.seconds += 6
    clock.fit_ends()
    clock.fit_ends()
    assert notes == ["baseline logistic: 2 of 3 fits done, 6 s"]
    assert clock.seconds == 6


def test_a_baseline_is_cut_off_when_the_time_of_all_is_over(now):
    clock = BaselineClock(30)
    clock.starts("logistic", 3)
    now.seconds += 20
    clock.fit_ends()
    now.seconds += 20
    with pytest.raises(OutOfBaselineTime, match=r"^cut off after the 30 s of budget\.baseline_seconds, with 1 of 3 fits done$"):
        clock.passes()
    with pytest.raises(OutOfBaselineTime, match=r"^left out: the 30 s of budget\.baseline_seconds were over$"):
        clock.starts("logistic_balanced", 3)
    clock.starts("majority", 3, limited=False)
    clock.fit_ends()


def test_a_baseline_that_is_done_when_the_time_is_over_counts(now):
    clock = BaselineClock(30)
    clock.starts("logistic", 1)
    now.seconds += 40
    clock.fit_ends()


def test_without_a_limit_nothing_is_cut_off(now):
    clock = BaselineClock()
    clock.starts("logistic", 2)
    now.seconds += 10_000
    clock.fit_ends()


def test_a_study_can_be_stopped_between_fits(now):
    def stop():
        raise KeyboardInterrupt

    clock = BaselineClock(30, raise_if_stopped=stop)
    clock.starts("logistic", 2)
    with pytest.raises(KeyboardInterrupt):
        clock.fit_ends()
