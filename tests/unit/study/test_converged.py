"""A search that ends once further trials cannot be told from noise, on a real ledger with trainings that do nothing."""

from contextlib import closing

import numpy as np
import pytest

from foldwise.config.read import read_study
from foldwise.doors.reopen import nothing_left
from foldwise.errors import ConfigError, Interrupted
from foldwise.execution.local import HereExecutor
from foldwise.ledger.ledger import open_ledger
from foldwise.spec.study import Budget
from foldwise.study.converged import EVERY
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import plan_study
from foldwise.study.search import Parts, search
from foldwise.tracking.in_memory import InMemoryTracker
from foldwise.trial.result import FoldScore, TrialResult, mean_and_sd
from foldwise.tuning.random_tuner import RandomTuner
from tests.contract.ledgers import summary
from tests.unit.study.test_search import Pool, Quiet

TRIALS = 60


def train(job, spread=0.03):
    """Folds that differ by more than the parameters do."""
    noise = np.random.default_rng(job.number).normal(size=10) * spread
    scores = [0.9 - 0.01 * abs(job.params["model.dropout"] - 0.2) + float(one) for one in noise]
    folds = tuple(FoldScore(place, one, {"accuracy": one}, {}, 1, 0.0) for place, one in enumerate(scores))
    mean, sd = mean_and_sd(scores)
    return TrialResult(job.number, job.params, "COMPLETE", folds, mean=mean, sd=sd)


def calm(job):
    return train(job, 1e-7)


@pytest.fixture
def run(tmp_path):
    def run(name, train=train, executor=HereExecutor, check=lambda: None, trials=TRIALS, converged=True, **asked):
        config = {
            "data": {"kind": "sklearn", "name": "iris"},
            "study": name,
            "budget": {"trials": trials, "converged": converged},
            "paths": {"runs": str(tmp_path)},
            "folds": {"kind": "stratified", "count": 10},
            "model": {"kind": "mlp", "dropout": ["float", 0.0, 0.5]},
        }
        plan, shown = plan_study(read_study({**config, **asked})), Quiet()
        with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
            record = open_or_resume(plan, ledger, {})
            tracker = InMemoryTracker(ledger)
            tracker.open(record, [])
            parts = Parts(RandomTuner(plan.spec.space, 0), executor(train), ledger, tracker, shown, check)
            return search(plan, parts, ledger.trials(name)), shown.notes

    return run


def test_a_search_in_noise_ends_with_a_sentence_and_one_whose_folds_agree_goes_on(run):
    searched, notes = run("noise")
    ended = len(searched.results)
    assert searched.ended == "converged"
    assert EVERY < ended < TRIALS
    assert ended % EVERY == 0
    assert f"the search ends after {ended} of {TRIALS} trials: further trials can gain at most 0.0" in notes[-1]
    assert "accuracy, less than the folds' noise of 0.0" in notes[-1]
    searched, _ = run("calm", calm, trials=32)
    assert (searched.ended, len(searched.results)) == ("trials", 32)


def test_it_is_off_unless_asked_for(run):
    assert run("off", converged=False)[0].ended == "trials"


@pytest.mark.long
def test_a_search_that_was_stopped_ends_where_an_uninterrupted_one_does(run):
    whole, _ = run("whole")
    left = iter([None] * 20)

    def check():
        try:
            next(left)
        except StopIteration:
            raise Interrupted("stop") from None

    with pytest.raises(Interrupted):
        run("halved", check=check)
    resumed, _ = run("halved")
    assert (resumed.ended, resumed.results) == (whole.ended, whole.results)
    assert run("halved", trials=2 * TRIALS)[0].results == whole.results  # more trials, and the same is found


@pytest.mark.long
def test_trials_side_by_side_that_had_begun_are_kept(run):
    alone, _ = run("alone")
    together, _ = run("together", executor=Pool)
    assert together.ended == "converged"
    assert together.results[: len(alone.results)] == alone.results
    assert len(together.results) < len(alone.results) + Pool.slots


def test_a_finished_search_that_converged_is_finished_while_it_may_end_so():
    found = summary(ended="converged")
    assert nothing_left(found, 24, Budget(trials=60, converged=True))
    assert not nothing_left(found, 24, Budget(trials=60))
    assert not nothing_left(summary(ended="trials"), 24, Budget(trials=60, converged=True))


@pytest.mark.parametrize("asked", [{"goals": ["accuracy", "parameters"]}, {"tuner": {"kind": "kt_hyperband"}}])
def test_it_is_refused_where_trials_are_not_compared_by_one_score(run, asked):
    with pytest.raises(ConfigError, match=r"^budget.converged: compares trials by one score"):
        run("refused", **asked)
