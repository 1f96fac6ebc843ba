import resource
from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from foldwise.config.read import read_study
from foldwise.errors import DiskFull
from foldwise.study.figures import Answers, draw_figures, steps_of
from foldwise.study.plan import plan_study
from foldwise.trial.result import FoldScore, TrialResult


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


@pytest.mark.slow
def test_no_room_for_a_figure_ends_the_start_with_its_folder_named(tmp_path):
    plan = plan_study(read_study({"data": {"kind": "sklearn", "name": "iris"}, "paths": {"runs": str(tmp_path)}}))
    curves = {"loss": (3.0, 2.0), "val_loss": (3.1, 2.1), "learning_rate": (0.1, 0.1)}
    folds = tuple(FoldScore(fold, 0.9, {}, curves, 2, 0.1) for fold in range(len(plan.splits)))
    results = [replace(TrialResult(number, {}, "COMPLETE"), folds=folds, mean=0.9, sd=0.0) for number in range(3)]
    answers = Answers(plan.holdout.target, np.zeros((len(plan.holdout), 3)), 0.5)
    notes, before = [], resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DiskFull, match=f"{plan.folder / 'figures'}.* cannot be written"):
            draw_figures(plan, None, results, [], answers, notes.append)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert notes == []
