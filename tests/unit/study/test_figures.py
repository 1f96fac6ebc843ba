from math import ceil

import numpy as np
import pytest

from foldwise.config.read import read_study
from foldwise.study.figures import steps_of
from foldwise.study.plan import plan_study
from foldwise.trial.result import TrialResult


def steps(params=(), **changes):
    plan = plan_study(read_study({"data": {"kind": "sklearn", "name": "iris"}, **changes}))
    counts = np.bincount(plan.table.target[plan.splits[0].train])
    return steps_of(plan, TrialResult(0, dict(params), "COMPLETE")), counts


@pytest.mark.parametrize(("batch", "rows_of_a_step"), [(None, 32), (7, 7), ("full", 10_000)])
def test_the_steps_of_an_epoch_follow_from_rows_and_batches(batch, rows_of_a_step):
    found, counts = steps(fit={"batch_size": batch}, balance="class_weight")
    assert found == ceil(counts.sum() / rows_of_a_step)


def test_a_searched_batch_size_is_that_of_the_trial_and_balancing_changes_the_rows():
    found, counts = steps({"fit.batch_size": 1}, fit={"batch_size": ["int", 1, 9]}, balance="oversample")
    assert found == 3 * counts.max()
