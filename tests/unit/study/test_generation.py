"""Generations: what the tuner and races see does not depend on how many workers there are, or where a search was killed."""

import hashlib
import json
import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import cache

import pytest

from foldwise.config.read import read_study
from foldwise.doors.assemble import make_tuner
from foldwise.errors import ConfigError, Interrupted, JobError
from foldwise.execution.local import HereExecutor
from foldwise.ledger.ledger import open_ledger
from foldwise.study.deadline import Deadline
from foldwise.study.generation import first_of, generation_of, note_of_size, results_before
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import plan_study
from foldwise.study.search import Parts, search
from foldwise.tracking.in_memory import InMemoryTracker
from foldwise.trial.result import FoldScore, TrialResult
from tests.unit.study.test_search import Quiet

SPACE = {"model": {"kind": "mlp", "units": ["int", 4, 64], "dropout": ["float", 0.0, 0.5], "hidden": ["int", 1, 2]}}
FEW = {"model": {"kind": "mlp", "units": ["int", 4, 9], "hidden": ["int", 1, 2]}}
RACE = {"kind": "epochs", "first": 1, "startup": 3}


def trained(job):
    """A result that depends on everything a job says: number, parameters and what it races against."""
    asked = json.dumps([job.number, job.params, repr(job.race)], sort_keys=True)
    mean = int(hashlib.sha256(asked.encode()).hexdigest()[:8], 16) / 2**32
    folds = tuple(FoldScore(fold, mean, {"accuracy": mean}, {"loss": (1.0,)}, 1, 0.0, {1: mean}) for fold in range(2))
    if job.number % 7 == 3:
        return TrialResult(job.number, job.params, "FAILED", reason="nan: loss is not finite")
    return TrialResult(job.number, job.params, "COMPLETE", folds, mean=mean, sd=0.0)


class Pupil:
    """A tuner that proposes at random, but by all that it has seen."""

    def __init__(self, space):
        self.space, self.told, self.asked = space, [], {}

    def tell(self, result):
        self.told.append((result.number, result.state, result.params, str(result.mean), result.reused))

    def ask(self, number, pending=()):
        seen = json.dumps([number, sorted(self.told, key=lambda row: row[0]), list(pending)], sort_keys=True)
        self.asked[number] = [row[0] for row in self.told], len(pending)
        draws = random.Random(seen)
        return self.space.sample(lambda name, range_: range_.at(draws.random()))


class Pool:
    """Jobs in parallel threads, which end in any order."""

    def __init__(self, slots):
        self.slots, self.threads, self.draws = slots, ThreadPoolExecutor(slots), random.Random(1)

    def __call__(self, train):
        self.train = train
        return self

    def submit(self, job):
        def late(seconds):
            time.sleep(seconds)
            return self.train(job)

        return self.threads.submit(late, 0.01 * self.draws.random())


class Killed(BaseException):
    """As SIGKILL: no handler commits anything."""


@cache
def data_half():
    """The plan of any such study: rows, holdout, folds and audit are the same."""
    return plan_study(read_study({"data": {"kind": "sklearn", "name": "iris"}, "folds": {"kind": "kfold", "count": 2}}))


@pytest.fixture
def run(tmp_path):
    def run(executor=HereExecutor, trials=21, train=trained, generation=4, check=lambda: None, deadline=Deadline, **asked):
        """asked: the configuration. Without a tuner in it a Pupil proposes."""
        config = {"data": {"kind": "sklearn", "name": "iris"}, "budget": {"trials": trials}, "paths": {"runs": str(tmp_path)}}
        config |= {"execute": {"kind": "here", "generation": generation}, "folds": {"kind": "kfold", "count": 2}}
        plan = replace(data_half(), spec=read_study({**config, **SPACE, **asked}))
        with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
            record = open_or_resume(plan, ledger, {})
            tracker, pupil = InMemoryTracker(ledger), Pupil(plan.spec.space)
            tracker.open(record, [])
            tuner = make_tuner(plan.spec, plan.goals) if "tuner" in asked else pupil
            parts = Parts(tuner, executor(train), ledger, tracker, Quiet(), check, deadline())
            run.pupil = pupil
            found = search(plan, parts, ledger.trials(plan.spec.name), record.generation)
            return [(row.number, row.params, str(row.mean), row.state, row.reused) for row in found.results]

    return run


def test_the_sizes_of_generations():
    assert [generation_of(asked, "tpe", small=False) for asked in ("auto", 1, 8)] == [None, None, 8]
    assert [generation_of(asked, "tpe", small=True) for asked in ("auto", 1, 4)] == [8, None, 4]
    assert [generation_of("auto", tuner, small=True) for tuner in ("random", "cmaes", "kt_random")] == [8, None, None]
    assert [first_of(number, 4) for number in (0, 3, 4, 11)] == [0, 0, 4, 8]
    assert note_of_size("auto", 8) is note_of_size(8, 8) is None
    assert "keeps its generations of 8" in note_of_size(4, 8)
    results = [TrialResult(number, {}, "COMPLETE") for number in (5, 0, 3, 4)]
    assert [result.number for result in results_before(results, 4)] == [0, 3]


@pytest.mark.parametrize("asked", [{}, {"race": RACE}, {**FEW}], ids=["plain", "race", "few"])
def test_any_number_of_workers_gives_the_same_table(run, asked):
    alone = run(study="alone", **asked)
    assert alone == run(Pool(2), study="two", **asked) == run(Pool(7), study="seven", **asked)


def test_tpe_too_proposes_the_same_for_any_number_of_workers(run):
    asked = {"tuner": {"kind": "tpe", "startup": 4}, "trials": 14}
    assert run(study="alone", **asked) == run(Pool(3), study="three", **asked)


def test_the_tuner_sees_earlier_generations_whole_and_its_own_as_pending(run):
    run(Pool(3), trials=8)
    assert run.pupil.asked[6] == ([0, 1, 2, 3], 2)


@pytest.mark.parametrize("asked", [{}, {"race": RACE}, {**FEW}], ids=["plain", "race", "few"])
def test_a_search_killed_anywhere_goes_on_to_the_same_table(run, asked):
    whole = run(study="whole", **asked)
    draws = random.Random(2)
    for workers in (None, 3):
        study, kills = f"killed-{workers}", 0
        while True:
            left = draws.randint(1, 6)

            def train(job, left=left, begun=[]):  # noqa: B006 kept from call to call on purpose
                begun.append(job.number)
                if len(begun) > left:
                    raise Killed
                return trained(job)

            executor = HereExecutor if workers is None else Pool(workers)
            try:
                found = run(executor, train=train if kills < 6 else trained, study=study, **asked)
                break
            except Killed:
                kills += 1
        assert kills
        assert found == whole


def test_a_raised_total_goes_on_as_if_it_had_been_asked_at_once(run):
    once = run(study="once", trials=21)
    run(study="raised", trials=10)
    assert run(study="raised", trials=21) == once


def test_trials_that_were_withdrawn_when_the_time_was_over_come_again_as_they_were(run):
    class Sleeper:
        slots = 3

        def __init__(self, train):
            self.train = train

        def submit(self, job):
            future = Future()
            if job.number not in (5, 7):
                future.set_result(self.train(job))
            return future

    once = run(study="once", **FEW)
    run(Sleeper, study="short", deadline=lambda: Deadline(7.0, time.monotonic()), **FEW)
    assert run(study="short", **FEW) == once


def test_a_stopped_search_goes_on_to_the_same_table(run):
    once = run(study="once")

    def check(left=[6]):  # noqa: B006 kept from call to call on purpose
        left[0] -= 1
        if left[0] < 0:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        run(Pool(2), check=check, study="stopped")
    assert run(Pool(2), study="stopped") == once


def test_a_study_keeps_its_first_size_and_its_name(run):
    once = run(study="mine", trials=9)
    assert run(study="mine", trials=9, generation=2) == once
    assert run(study="other", generation="auto") == run(study="another", generation=8)
    config = {"data": {"kind": "sklearn", "name": "iris"}, "execute": {"kind": "here"}}
    names = {read_study({**config, "execute": {"kind": "here", "generation": size}}).name for size in ("auto", 1, 8)}
    assert names == {read_study(config).name}


def test_first_trials_that_all_fail_end_the_study_when_their_generation_is_whole(run):
    def fail(job):
        return TrialResult(job.number, job.params, "FAILED", reason="undefined metric: f1 cannot be computed")

    with pytest.raises(JobError, match="first 3 trials failed in the same way"):
        run(train=fail, study="eight", generation=8)
    assert len(run.pupil.asked) == 7  # the first trial takes the defaults
    with pytest.raises(JobError, match="first 3 trials failed in the same way"):
        run(Pool(2), train=fail, study="two", generation=2)


@pytest.mark.parametrize("size", [0, 65, "many", 2.5])
def test_an_odd_size_is_refused(size):
    with pytest.raises(ConfigError, match=r"execute\.generation"):
        read_study({"data": {"kind": "sklearn", "name": "iris"}, "execute": {"kind": "here", "generation": size}})
