"""The coordinator on a real ledger, with trainings that do nothing."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from threading import Timer

import pandas as pd
import pytest

from foldwise.config.read import read_study
from foldwise.errors import ConfigError, Interrupted, JobError, Replaced, WorkerDied
from foldwise.execution.local import HereExecutor
from foldwise.ledger.ledger import open_ledger
from foldwise.study.deadline import Deadline
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import plan_study
from foldwise.study.progress import Progress
from foldwise.study.search import Parts, search
from foldwise.tracking.in_memory import InMemoryTracker
from foldwise.trial.result import FoldScore, TrialResult
from foldwise.tuning.random_tuner import RandomTuner
from tests.contract.ledgers import summary


class Quiet:
    def __init__(self):
        self.notes = []

    def note(self, sentence):
        self.notes.append(sentence)

    def search_starts(self, goal, asked, folds, finished): ...
    def trial_starts(self, number, params): ...
    def trial_ends(self, result): ...
    def search_ends(self): ...
    def judged(self, summary): ...


def done(job):
    fold = FoldScore(0, 0.5, {"accuracy": 0.5}, {}, 1, 0.0)
    return TrialResult(job.number, job.params, "COMPLETE", (fold,), mean=0.5, sd=0.0)


@pytest.fixture
def run(tmp_path):
    def run(
        train=done,
        trials=6,
        executor=HereExecutor,
        deadline=Deadline,
        check=lambda: None,
        runs=tmp_path,
        progress=None,
        **asked,
    ):
        config = {"data": {"kind": "sklearn", "name": "iris"}, "budget": {"trials": trials}, "paths": {"runs": str(runs)}}
        plan = plan_study(read_study({**config, **asked}))
        with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
            record = open_or_resume(plan, ledger, {})
            tracker = InMemoryTracker(ledger)
            tracker.open(record, [])
            tuner, shown = RandomTuner(plan.spec.space, 0), progress or Progress()
            parts = Parts(tuner, executor(train), ledger, tracker, Quiet(), check, deadline(), shown)
            return search(plan, parts, ledger.trials(plan.spec.name)).results, ledger.trials(plan.spec.name)

    return run


def test_the_budget_of_trials_is_used_and_the_first_takes_the_defaults(run):
    results, rows = run(model={"kind": "mlp", "units": ["int", 4, 64, {"default": 9}]})
    assert [result.number for result in results] == list(range(6))
    assert results[0].params == {"model.units": 9}
    assert [row.result.state for row in rows] == ["COMPLETE"] * 6


def test_values_that_contradict_each_other_fail_their_trial_only(run):
    model = {"kind": "mlp", "batch_norm": ["choice", False, True], "layer_norm": ["choice", False, True]}
    results, rows = run(model=model, trials=20)
    failed = [result for result in results if result.state == "FAILED"]
    assert 0 < len(failed) < 20
    for result in failed:
        assert result.params == {"model.batch_norm": True, "model.layer_norm": True}
        assert "batch_norm and layer_norm exclude each other" in result.reason
    assert {row.result.state for row in rows} == {"COMPLETE", "FAILED"}


def test_a_study_whose_first_trials_fail_in_the_same_way_ends(run):
    def fail(job):
        return TrialResult(job.number, job.params, "FAILED", reason="undefined metric: f1 cannot be computed")

    with pytest.raises(JobError, match="first 3 trials failed in the same way"):
        run(fail, trials=9, model={"kind": "mlp", "units": ["int", 4, 64]})


@pytest.mark.parametrize(
    "reason", ["nan: loss is not finite", "oom: it does not fit", "timeout: not within 3 s", "crash: twice"]
)
def test_a_study_goes_on_if_the_parameters_decide_the_failure(run, reason):
    def fail_at_first(job):
        return TrialResult(job.number, job.params, "FAILED", reason=reason) if job.number < 4 else done(job)

    for _ in range(2):  # also when it is started again
        results, _ = run(fail_at_first, trials=6, study="mine", model={"kind": "mlp", "units": ["int", 4, 64]})
        assert [result.state for result in results] == ["FAILED"] * 4 + ["COMPLETE"] * 2


def test_a_study_that_stopped_after_three_failures_goes_on(run):
    def fail(job):
        return TrialResult(job.number, job.params, "FAILED", reason="nan: loss is not finite")

    model = {"kind": "mlp", "units": ["int", 4, 64]}
    run(fail, trials=3, study="mine", model=model)
    results, _ = run(trials=5, study="mine", model=model)
    assert [result.state for result in results] == ["FAILED"] * 3 + ["COMPLETE"] * 2


def test_a_name_belongs_to_one_configuration(run):
    run(study="mine", trials=1)
    with pytest.raises(ConfigError, match="exists with another configuration"):
        run(study="mine", trials=1, seed=5)


def test_an_equal_configuration_is_not_trained_twice_and_a_finite_space_ends_the_study(run):
    trained = []

    def train(job):
        trained.append(job.params["model.units"])
        return done(job)

    results, rows = run(train, model={"kind": "mlp", "units": ["int", 4, 8]}, trials=200)
    assert sorted(trained) == [4, 5, 6, 7, 8]
    assert 5 <= len(results) < 200
    first = {result.params["model.units"]: result.number for result in reversed(results)}
    for row in rows:
        own = first[row.params["model.units"]]
        assert row.result.state == "COMPLETE"
        assert row.result.reused == (None if own == row.number else own)


class Pool:
    """Jobs in parallel threads; the later ones end first."""

    slots = 3

    def __init__(self, train):
        self.pool, self.train = ThreadPoolExecutor(3), train

    def submit(self, job):
        def late(job):
            time.sleep(0.03 * (3 - job.number % 3))
            return self.train(job)

        return self.pool.submit(late, job)

    def close(self):
        self.pool.shutdown()


def test_parallel_trials_give_the_same_table_as_sequential_ones(run, tmp_path):
    asked = {"model": {"kind": "mlp", "units": ["int", 4, 9], "dropout": ["choice", 0.0, 0.1]}, "trials": 11}

    def train(job):
        state = "FAILED" if job.number == 1 else "COMPLETE"
        return TrialResult(job.number, job.params, state, mean=job.number / 7, reason=None if state == "COMPLETE" else "nan: x")

    alone, _ = run(train, study="alone", **asked)
    together, rows = run(train, study="together", executor=Pool, **asked)
    assert together == alone
    assert [row.number for row in rows] == list(range(11))
    assert all(row.result is not None for row in rows)


class Sleeper:
    """Two trials at a time; those of the given numbers never end."""

    slots = 2

    def __init__(self, asleep):
        self.asleep = asleep

    def __call__(self, train):
        self.train = train
        return self

    def submit(self, job):
        future = Future()
        if job.number not in self.asleep:
            future.set_result(self.train(job))
        return future


def test_trials_that_run_when_the_time_is_over_are_withdrawn_and_asked_for_again_later(run):
    asked = {"study": "mine", "trials": 9, "model": {"kind": "mlp", "units": ["int", 4, 64]}}
    results, rows = run(executor=Sleeper({1, 4}), deadline=lambda: Deadline(7.0, time.monotonic()), **asked)
    assert [result.number for result in results] == [0, 2, 3]
    assert [row.number for row in rows] == [0, 2, 3]
    alone, _ = run(**{**asked, "study": "alone"})
    more, _ = run(**asked)
    assert more == alone


def test_without_a_complete_trial_in_time_the_job_fails(run):
    with pytest.raises(JobError, match=r"budget\.seconds: .* before a trial was complete"):
        run(executor=Sleeper({0, 1}), deadline=lambda: Deadline(6.0, time.monotonic()), study="mine", **UNITS)
    _, rows = run(study="mine", trials=2, **UNITS)
    assert [row.attempt for row in rows] == [1, 1]


@pytest.mark.long
def test_a_trial_that_ends_soon_after_the_user_asked_to_stop_is_kept(run, tmp_path):
    looked = []  # the user asks to stop a moment after the first trials began, however long the data took

    def check():
        looked.append(time.monotonic())
        if looked[-1] > looked[0] + 0.5:
            raise Interrupted("stopped")

    class Late(Sleeper):
        def submit(self, job):
            future = super().submit(job)
            if job.number == 1:
                Timer(1.0, lambda: future.set_result(done(job))).start()
            return future

    with pytest.raises(Interrupted, match="stopped after 2 of 9 trials"):
        run(executor=Late({1, 2}), check=check, study="mine", trials=9, **UNITS)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        assert [row.result is None for row in ledger.trials("mine")] == [False, False, True]


def asked_while_it_trains(progress):
    """A training during which a page asks the study to end."""

    def train(job):
        if job.number == 1:
            progress.ask_to_end()
        return done(job)

    return train


def test_a_study_that_a_page_asked_to_stop_ends_after_its_running_trial(run, tmp_path):
    progress = Progress()
    with pytest.raises(Interrupted, match="stopped after 2 of 9 trials; the same command goes on"):
        run(train=asked_while_it_trains(progress), progress=progress, study="mine", trials=9, **UNITS)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        assert [row.result.state for row in ledger.trials("mine")] == ["COMPLETE"] * 2
    results, _ = run(study="mine", trials=3, **UNITS)
    assert len(results) == 3


def test_so_does_one_whose_trials_run_in_other_processes_with_all_that_run(run, tmp_path):
    progress = Progress()

    class Late(Sleeper):
        def submit(self, job):
            future = super().submit(job)
            if job.number == 1:
                progress.ask_to_end()
            if job.number in (1, 2):
                Timer(0.5 * job.number, lambda: future.set_result(done(job))).start()
            return future

    with pytest.raises(Interrupted, match="stopped after 2 of 9 trials"):
        run(executor=Late({1, 2}), progress=progress, study="mine", trials=9, **UNITS)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        assert all(row.result is not None for row in ledger.trials("mine"))


class Mortal:
    """Trials in processes, some of which die: number -> how often."""

    slots = 2

    def __init__(self, deaths):
        self.deaths, self.ran = dict(deaths), []

    def __call__(self, train):
        return self

    def submit(self, job):
        self.ran.append(job.number)
        future = Future()
        if self.deaths.get(job.number, 0):
            self.deaths[job.number] -= 1
            future.set_exception(WorkerDied("its process ended by SIGKILL"))
        else:
            future.set_result(done(job))
        return future


UNITS = {"model": {"kind": "mlp", "units": ["int", 4, 64]}}


def test_a_trial_whose_process_died_is_run_again_under_its_number(run):
    mortal = Mortal({1: 1})
    results, rows = run(executor=mortal, trials=4, **UNITS)
    assert sorted(mortal.ran) == [0, 1, 1, 2, 3]
    assert [result.state for result in results] == ["COMPLETE"] * 4
    assert [row.attempt for row in rows] == [1, 2, 1, 1]


def test_a_trial_that_kills_two_processes_fails_and_the_others_go_on(run):
    results, rows = run(executor=Mortal({1: 9}), trials=4, **UNITS)
    assert [row.result.state for row in rows] == ["COMPLETE", "FAILED", "COMPLETE", "COMPLETE"]
    assert results[1].reason.startswith("crash: its process ended by SIGKILL")


def test_finished_trials_are_kept_if_a_process_dies_while_the_user_asks_to_stop(run, tmp_path):
    looked = []

    def check():
        looked.append(True)
        if len(looked) > 1:  # here the death of trial 0 is handled
            raise Interrupted("stopped")

    with pytest.raises(Interrupted, match="stopped after 1 of 9 trials"):
        run(executor=Mortal({0: 1}), check=check, study="mine", trials=9, **UNITS)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        assert [row.result is None for row in ledger.trials("mine")] == [True, False]


def test_crashes_are_counted_over_restarts(run, tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        run(executor=Mortal({}), trials=1, study="mine", **UNITS)
        ledger.lead("mine")
        ledger.begin_trial("mine", 1, {"model.units": 7})
        ledger.note_crash("mine", 1)
    mortal = Mortal({1: 9})
    results, _ = run(executor=mortal, trials=3, study="mine", **UNITS)
    assert results[1].reason.startswith("crash: ")
    assert mortal.ran.count(1) == 1


def test_an_extended_study_goes_on_with_the_trials_that_still_fit(run):
    before, _ = run(study="mine", trials=6, model={"kind": "mlp", "units": ["int", 4, 64, {"default": 9}]})
    narrow = {"kind": "mlp", "units": ["int", 4, 30, {"default": 9}]}
    with pytest.raises(ConfigError, match="or set extend=true"):
        run(study="mine", trials=8, model=narrow)
    results, rows = run(study="mine", trials=8, model=narrow, extend=True)
    fitting = {result.number for result in before if result.params["model.units"] <= 30}
    assert 0 < len(fitting) < 6
    assert len(results) == 8
    assert fitting == {result.number for result in results if result.number < 6}
    assert [row.number for row in rows if row.dropped] == [n for n in range(6) if n not in fitting]
    again, _ = run(study="mine", trials=8, model=narrow)
    assert again == results


def test_trials_that_an_interrupted_study_left_are_run_again_only_if_they_fit(run):
    def stop(job):
        if job.number == 2:
            raise Interrupted("stopped")
        return done(job)

    wide, narrow = ({"kind": "mlp", "units": ["int", 4, high, {"default": 4}]} for high in (64, 5))
    with pytest.raises(Interrupted):
        run(stop, study="mine", trials=4, model=wide)
    results, rows = run(study="mine", trials=2, model=narrow, extend=True)
    assert len(results) == 2
    assert all(row.result is not None for row in rows)


def test_known_configurations_come_first_then_the_defaults(run):
    model = {"kind": "mlp", "units": ["int", 4, 64, {"default": 9}], "dropout": ["float", 0.0, 0.5]}
    known = [{"model.units": 40}, {"model.units": 50, "model.dropout": 0.5}]
    results, _ = run(model=model, tuner={"kind": "random", "first": known}, trials=4)
    assert [result.params for result in results[:3]] == [
        {"model.units": 40, "model.dropout": 0.25},
        {"model.units": 50, "model.dropout": 0.5},
        {"model.units": 9, "model.dropout": 0.25},
    ]


class Pupil:
    """A tuner that keeps the results it is told."""

    told = ()

    def tell(self, result):
        self.told = (*self.told, result)

    def ask(self, number, pending=()):
        return {"model.units": 4 + number}


@pytest.mark.long
def test_a_tuner_is_told_the_results_of_an_earlier_study_up_to_the_creation_of_its_own(tmp_path):
    def plan_of(name, trials, units, **tuner):
        config = {"data": {"kind": "sklearn", "name": "iris"}, "budget": {"trials": trials}, "paths": {"runs": str(tmp_path)}}
        model = {"kind": "mlp", "units": ["int", 4, units]}
        return plan_study(read_study({**config, "study": name, "model": model, "tuner": {"kind": "random", **tuner}}))

    def search_with(ledger, plan):
        pupil, watcher = Pupil(), Quiet()
        record = open_or_resume(plan, ledger, {})
        tracker = InMemoryTracker(ledger)
        tracker.open(record, [])
        parts = Parts(pupil, HereExecutor(done), ledger, tracker, watcher)
        results = search(plan, parts, ledger.trials(plan.spec.name)).results
        return pupil.told, results, watcher.notes

    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        with pytest.raises(ConfigError, match=r"tuner\.warm_start: the ledger holds no study 'one'"):
            open_or_resume(plan_of("two", 3, 30, warm_start="one"), ledger, {})
        search_with(ledger, plan_of("one", 3, 64))
        with pytest.raises(ConfigError, match="has not finished"):
            open_or_resume(plan_of("two", 3, 30, warm_start="one"), ledger, {})
        ledger.finish_study("one", summary(study="one"))
        told, results, notes = search_with(ledger, plan_of("two", 2, 30, warm_start="one"))
        assert [(result.number, result.params["model.units"]) for result in told[:2]] == [(-9_999_999, 5), (-9_999_998, 6)]
        assert [result.number for result in told[2:]] == [0, 1]
        assert notes == ["the tuner begins with 2 trials of one"]
        search_with(ledger, plan_of("one", 9, 64))
        again, _, _ = search_with(ledger, plan_of("two", 3, 30, warm_start="one"))
        assert again[:2] == told[:2]
        assert len(again) == 5
        assert len(results) == 2


def test_results_are_written_beside_a_ledger_that_was_deleted(run, tmp_path):
    def train(job):
        if job.number == 2:
            (tmp_path / "ledger.db").unlink()
        return done(job)

    with pytest.raises(Replaced, match=r"ledger\.db was deleted .* the results of 3 trials are in .*rescued$"):
        run(train, trials=6, study="mine", model={"kind": "mlp", "units": ["int", 4, 64]})
    assert not (tmp_path / "ledger.db").exists()
    trials = pd.read_parquet(tmp_path / "studies" / "mine" / "rescued" / "trials.parquet")
    assert trials["number"].tolist() == [0, 1, 2]
    assert (trials["state"] == "COMPLETE").all()


def test_results_of_parallel_trials_are_written_beside_a_runs_folder_that_was_replaced(run, tmp_path):
    runs = tmp_path / "runs"

    def train(job):
        if job.number == 5:
            runs.rename(tmp_path / "elsewhere")
            runs.mkdir()
        return done(job)

    with pytest.raises(Replaced, match=r"was deleted .* the results of \d trials are in"):
        run(train, trials=9, study="mine", executor=Pool, model={"kind": "mlp", "units": ["int", 4, 64]}, runs=runs)
    trials = pd.read_parquet(runs / "studies" / "mine" / "rescued" / "trials.parquet")
    assert set(trials["number"]) >= {0, 1, 2, 5}
    assert not (runs / "ledger.db").exists()


def test_a_ledger_that_is_put_back_gets_the_result_that_was_kept(run, tmp_path):
    trained = []

    def train(job):
        trained.append(job.number)
        if job.number == 1 and len(trained) == 2:
            (tmp_path / "ledger.db").rename(tmp_path / "aside")
        return done(job)

    asked = {"trials": 3, "study": "mine", "model": {"kind": "mlp", "units": ["int", 4, 64]}}
    with pytest.raises(Replaced):
        run(train, **asked)
    (tmp_path / "aside").rename(tmp_path / "ledger.db")
    results, _ = run(train, **asked)
    assert [result.number for result in results] == trained == [0, 1, 2]
