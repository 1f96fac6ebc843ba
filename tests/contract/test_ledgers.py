"""The contract of the ledger on every database."""

from __future__ import annotations

import math
from dataclasses import astuple, replace

import pytest

from foldwise.errors import JobError
from foldwise.ledger.ledger import open_ledger
from foldwise.trial.result import same
from foldwise.trial.summary import HoldoutScore
from tests.contract.ledgers import PARAMS, RECIPE, failed, finish, new_study, result, summary


@pytest.fixture
def ledger(url):
    opened = open_ledger(url)
    yield opened
    opened.close()


class TestStudies:
    def test_a_study_comes_back_as_it_was_written(self, ledger):
        written = new_study(ledger)
        assert ledger.study("iris-1") == written
        assert written.recipe == RECIPE
        assert written.summary is None
        assert written.created.tzinfo is not None

    def test_an_unknown_study_is_none(self, ledger):
        assert ledger.study("ghost") is None

    def test_a_name_is_taken_once(self, ledger):
        new_study(ledger)
        with pytest.raises(JobError, match="study iris-1 exists already"):
            new_study(ledger)

    def test_an_extended_study_can_be_finished_again(self, ledger):
        new_study(ledger)
        ledger.finish_study("iris-1", summary(holdout=HoldoutScore(30, {"accuracy": math.inf}, 1)))
        assert ledger.study("iris-1").summary.holdout.metrics == {"accuracy": math.inf}
        ledger.finish_study("iris-1", summary(verdict="extended"))
        assert ledger.study("iris-1").summary == summary(verdict="extended")
        assert ledger.study("iris-1").finished is not None
        with pytest.raises(JobError, match="ghost is unknown"):
            ledger.finish_study("ghost", summary())

    def test_reads_of_a_holdout_are_counted_per_data_not_per_study(self, ledger):
        new_study(ledger)
        new_study(ledger, "iris-2")
        assert ledger.record_holdout_read("a" * 64, "iris-1", 30) == 1
        assert ledger.record_holdout_read("a" * 64, "iris-2", 30) == 2
        assert ledger.record_holdout_read("b" * 64, "iris-1", 30) == 1


class TestTrials:
    def test_a_running_trial_has_its_parameters_and_no_result(self, ledger):
        new_study(ledger)
        assert ledger.begin_trial("iris-1", 0, PARAMS) == 1
        (row,) = ledger.trials("iris-1")
        assert row.result is None
        assert row.ended is None
        assert [(k, type(v), v) for k, v in row.params.items()] == [(k, type(v), v) for k, v in PARAMS.items()]

    def test_a_trial_left_running_is_begun_again_under_its_number(self, ledger):
        new_study(ledger)
        ledger.begin_trial("iris-1", 4, PARAMS)
        assert ledger.begin_trial("iris-1", 4, PARAMS) == 2
        assert [(row.number, row.attempt) for row in ledger.trials("iris-1")] == [(4, 2)]

    def test_the_crashes_of_a_running_trial_are_counted_over_its_attempts(self, ledger):
        new_study(ledger)
        ledger.begin_trial("iris-1", 4, PARAMS)
        assert ledger.note_crash("iris-1", 4) == 1
        assert ledger.begin_trial("iris-1", 4, PARAMS) == 2
        assert ledger.note_crash("iris-1", 4) == 2
        ledger.finish_trial("iris-1", failed(4))
        with pytest.raises(JobError, match="cannot have crashed"):
            ledger.note_crash("iris-1", 4)

    def test_a_withdrawn_trial_leaves_no_row(self, ledger):
        new_study(ledger)
        ledger.begin_trial("iris-1", 4, PARAMS)
        ledger.withdraw_trial("iris-1", 4)
        assert ledger.trials("iris-1") == []
        assert ledger.begin_trial("iris-1", 4, PARAMS) == 1
        ledger.finish_trial("iris-1", failed(4))
        with pytest.raises(JobError, match="cannot be withdrawn"):
            ledger.withdraw_trial("iris-1", 4)

    def test_a_finished_trial_comes_back_with_its_folds_and_curves(self, ledger):
        new_study(ledger)
        outcome = result(0)
        written = finish(ledger, "iris-1", outcome)
        (row,) = ledger.trials("iris-1")
        assert repr(row) == repr(written)  # nan is not equal to itself
        assert same(row.result, outcome)
        assert math.isnan(row.result.folds[0].curves["val_loss"][0])
        assert row.started <= row.ended

    def test_a_trial_that_raced_keeps_its_rungs_and_where_it_was_lost(self, ledger):
        new_study(ledger)
        folds = tuple(replace(fold, rungs={3: 0.5, 9: 0.75}) for fold in result(0).folds)
        outcome = result(0, folds=folds, lost_at="lost in epoch 3")
        finish(ledger, "iris-1", outcome)
        assert same(ledger.trials("iris-1")[0].result, outcome)

    def test_numbers_that_are_not_finite_survive(self, ledger):
        new_study(ledger)
        finish(
            ledger,
            "iris-1",
            result(0, mean=-math.inf, sd=math.nan, metrics={"rmse": math.inf, "r2": -math.inf, "mae": math.nan}),
        )
        got = ledger.trials("iris-1")[0].result
        assert got.mean == -math.inf
        assert math.isnan(got.sd)
        assert got.metrics["rmse"] == math.inf
        assert got.metrics["r2"] == -math.inf
        assert math.isnan(got.metrics["mae"])

    def test_a_failed_trial_keeps_its_reason(self, ledger):
        new_study(ledger)
        finish(ledger, "iris-1", failed(0))
        got = ledger.trials("iris-1")[0].result
        assert (got.state, got.reason, got.folds) == ("FAILED", failed(0).reason, ())
        assert math.isnan(got.mean)

    def test_a_result_counts_once(self, ledger):
        new_study(ledger)
        finish(ledger, "iris-1", result(0))
        with pytest.raises(JobError, match="trial 0 of study iris-1 is not running"):
            ledger.finish_trial("iris-1", result(0, mean=0.99))
        with pytest.raises(JobError, match="trial 0 of study iris-1 is COMPLETE already"):
            ledger.begin_trial("iris-1", 0, PARAMS)
        assert ledger.trials("iris-1")[0].result.mean == 0.91

    def test_a_trial_that_was_never_begun_cannot_finish(self, ledger):
        new_study(ledger)
        with pytest.raises(JobError, match="is not running"):
            ledger.finish_trial("iris-1", result(0))
        assert ledger.trials("iris-1") == []

    def test_a_trial_of_an_unknown_study_is_refused(self, ledger):
        with pytest.raises(JobError, match="study ghost is unknown"):
            ledger.begin_trial("ghost", 0, PARAMS)

    def test_a_row_whose_folds_cannot_be_written_is_not_finished(self, ledger):
        new_study(ledger)
        ledger.begin_trial("iris-1", 0, PARAMS)
        twice = result(0).folds[:1] * 2
        with pytest.raises(JobError):
            ledger.finish_trial("iris-1", result(0, folds=twice))
        assert ledger.trials("iris-1")[0].result is None

    def test_rows_come_by_number_and_of_their_own_study(self, ledger):
        new_study(ledger)
        new_study(ledger, "other")
        for number in (2, 0, 1):
            finish(ledger, "iris-1", result(number))
        finish(ledger, "other", result(7))
        assert [row.number for row in ledger.trials("iris-1")] == [0, 1, 2]
        assert [row.number for row in ledger.trials("other")] == [7]

    def test_shipped_trials_are_marked(self, ledger):
        new_study(ledger)
        finish(ledger, "iris-1", result(0))
        finish(ledger, "iris-1", result(1))
        ledger.mark_shipped("iris-1", 1, "abc")
        ledger.mark_shipped("iris-1", None, "parent")
        assert [row.shipped for row in ledger.trials("iris-1")] == [None, "abc"]
        assert ledger.study("iris-1").run_id == "parent"

    def test_numpy_s_numbers_are_stored_as_numbers(self, ledger):
        import numpy as np

        new_study(ledger)
        finish(ledger, "iris-1", result(0, mean=np.float64(0.5), metrics={"accuracy": np.float32(0.5)}, seconds=np.float64(2)))
        got = ledger.trials("iris-1")[0].result
        assert (got.mean, got.metrics["accuracy"], got.seconds) == (0.5, 0.5, 2.0)


def test_another_opener_sees_what_was_committed(url):
    first = open_ledger(url)
    new_study(first)
    finish(first, "iris-1", result(0))
    second = open_ledger(url)
    assert astuple(second.study("iris-1")) == astuple(first.study("iris-1"))
    first.close()
    second.lead("iris-1")
    assert second.begin_trial("iris-1", 1, PARAMS) == 1
    assert [row.number for row in second.trials("iris-1")] == [0, 1]
    second.close()
