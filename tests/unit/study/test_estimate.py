import re
import time
from contextlib import closing
from dataclasses import replace

import pytest

from foldwise.config.read import read_study
from foldwise.ledger.ledger import open_ledger
from foldwise.study.earlier import Earlier, earlier_like
from foldwise.study.estimate import TRIALS, Estimate, before_training, line, pace
from foldwise.study.memory import GB, MB
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import plan_study
from foldwise.study.trial_queue import TrialQueue
from foldwise.trial.result import TrialResult
from foldwise.trial.summary import TrialCounts
from tests.contract.ledgers import summary

TIMES = {"total": 64.0, "data": 2.0, "search": 50.0, "refit": 4.0}


def _plan(runs, **options):
    config = {"data": {"kind": "sklearn", "name": "iris"}, "budget": {"trials": 40}, "paths": {"runs": str(runs)}}
    return plan_study(read_study({**config, "study": "mine", **options}))


def _ledger(runs):
    return closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}"))


def _finish(plan, ledger, trials=25, **changes):
    open_or_resume(plan, ledger, {})
    counts = TrialCounts(trials, trials, 0, 0)
    ledger.finish_study(plan.spec.name, summary(trials=counts, ended="trials", seconds=TIMES, **changes))


def test_the_line_names_time_memory_and_disk():
    assert line(40.2, 1.1 * GB, 12 * MB, 40) == "about 40 s, 1.1 GB of memory and 12 MB of disk for 40 trials"
    assert line(700, GB, MB / 9, 1) == "about 12 min, 1.0 GB of memory and 1 MB of disk for 1 trial"
    assert line(None, GB, MB, 2) == "about 1.0 GB of memory and 1 MB of disk for 2 trials"


def test_the_pace_leaves_out_the_first_trial_and_slow_exceptions():
    ends = [9.0, 10.0, 11.0, 16.0, 17.0, 18.0]
    assert pace(ends, searches_shapes=False) == 1.0
    assert pace(ends, searches_shapes=True) < 1.0  # later trials find their programs compiled
    assert pace([9.0], searches_shapes=False) == 9.0


def test_trials_that_end_together_share_their_time():
    ends = [8.0, 8.01, 8.01, 8.02, 12.0, 12.01, 12.01, 12.02]
    assert pace(ends, searches_shapes=False) == pytest.approx(1.0, rel=0.01)


def test_two_trials_at_a_time_are_not_taken_for_faster_ones():
    ends = [9.0, *(10.0 + 2 * pair + late for pair in range(8) for late in (0.0, 0.4))]
    assert pace(ends, searches_shapes=False, slots=2) == pytest.approx(1.0, rel=0.01)
    assert pace(ends, searches_shapes=True, slots=2) == pytest.approx(0.8, rel=0.01)
    assert pace([9.0, 10.0], searches_shapes=False, slots=3) == 1.0


def test_one_sentence_comes_after_the_first_trials(tmp_path):
    estimate, queue, said = Estimate(_plan(tmp_path), None, 3.0, time.monotonic()), TrialQueue(), []
    for number in range(40):
        queue.begin(number, {"model.units": number})
        queue.finish(TrialResult(number, {"model.units": number}, "COMPLETE", mean=0.5, sd=0.0))
        said.append(estimate.sentence(queue, refit=1.0))
    found = [(place, sentence) for place, sentence in enumerate(said) if sentence]
    assert len(found) == 1
    assert TRIALS <= found[0][0] <= 5 * TRIALS
    assert re.fullmatch(r"estimate: about \d+ s, \d\.\d GB of memory and \d+ MB of disk for 40 trials", found[0][1])


def test_an_earlier_study_of_the_same_shape_tells_at_once(tmp_path):
    plan, queue = _plan(tmp_path), TrialQueue()
    estimate = Estimate(plan, Earlier("other", pace=2.0, after=12.0), 3.0, time.monotonic())
    queue.begin(0, {})
    queue.finish(TrialResult(0, {}, "COMPLETE", mean=0.5, sd=0.0))
    assert estimate.sentence(queue, refit=1.0).startswith("estimate: about 2 min, ")
    assert estimate.sentence(queue, refit=1.0) is None


def test_it_is_of_the_whole_job_and_what_is_left_is_not(tmp_path):
    plan, queue = _plan(tmp_path), TrialQueue()
    estimate = Estimate(plan, Earlier("other", pace=2.0, after=12.0), 3.0, time.monotonic() - 600.0)
    queue.begin(0, {})
    queue.finish(TrialResult(0, {}, "COMPLETE", mean=0.5, sd=0.0))
    assert estimate.sentence(queue, refit=1.0).startswith("estimate: about 12 min, ")  # 600 s, 39 trials of 2 s, and 12 s
    assert estimate.left(queue, refit=1.0) < 60.0


def test_what_is_left_is_within_the_time_limit(tmp_path):
    plan, queue = _plan(tmp_path, budget={"trials": 40, "seconds": 30.0}), TrialQueue()
    estimate = Estimate(plan, None, 3.0, time.monotonic() - 25.0)
    queue.begin(0, {})
    queue.finish(TrialResult(0, {}, "COMPLETE", mean=0.5, sd=0.0))
    estimate.sentence(queue, refit=60.0)
    assert 4.0 < estimate.left(queue, refit=60.0) <= 5.0


def test_no_estimate_is_longer_than_the_time_limit(tmp_path):
    plan, queue = _plan(tmp_path, budget={"trials": 40, "seconds": 30.0}), TrialQueue()
    queue.begin(0, {})
    queue.finish(TrialResult(0, {}, "COMPLETE", mean=0.5, sd=0.0))
    assert "about 30 s, " in Estimate(plan, Earlier("other", 9.0, 9.0), 3.0, time.monotonic()).sentence(queue, refit=1.0)


def test_fresh_runs_count_as_trials(tmp_path):
    plan, earlier = _plan(tmp_path, certify={"kind": "seeds", "top": 9, "seeds": 5}), Earlier("other", pace=2.0, after=10.0)
    assert re.search(r"about 3 min, ", before_training(plan, earlier))  # 40 trials, and 9 with the defaults five times
    assert re.search(r"about 90 s, |about 2 min, ", before_training(_plan(tmp_path), earlier))


def test_before_training_only_an_earlier_study_tells_the_time(tmp_path):
    plan = _plan(tmp_path)
    assert re.fullmatch(
        r"estimate: about \d\.\d GB of memory and \d+ MB of disk for 40 trials; how long shows after the first trials",
        before_training(plan, None),
    )
    assert re.search(r"about 60 s, .* for 40 trials; as study other took$", before_training(plan, Earlier("other", 1.0, 20.0)))


@pytest.mark.long
def test_an_earlier_study_is_one_with_the_same_rows_folds_and_network(tmp_path):
    with _ledger(tmp_path) as ledger:
        _finish(_plan(tmp_path, study="first"), ledger)
        assert earlier_like(_plan(tmp_path), ledger) == Earlier("first", 2.0, 12.0)
        assert earlier_like(_plan(tmp_path, study="first"), ledger) is None
        for other in (
            {"data": {"kind": "sklearn", "name": "wine"}},
            {"folds": {"kind": "stratified", "count": 3}},
            {"model": {"kind": "tabular"}},
            {"fit": {"epochs": 7}},
        ):
            assert earlier_like(_plan(tmp_path, **other), ledger) is None


@pytest.mark.long
def test_a_study_that_ended_early_or_has_no_times_tells_nothing(tmp_path):
    plan = _plan(tmp_path, study="first")
    with _ledger(tmp_path) as ledger:
        _finish(plan, ledger)
        ledger.finish_study("first", replace(ledger.study("first").summary, ended="seconds"))
        assert earlier_like(_plan(tmp_path), ledger) is None
        ledger.finish_study("first", replace(ledger.study("first").summary, ended="trials", seconds={}))
        assert earlier_like(_plan(tmp_path), ledger) is None
