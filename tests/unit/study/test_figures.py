import pickle
import resource
from concurrent.futures import Future
from math import ceil

import numpy as np
import pytest

from foldwise.config.read import read_study
from foldwise.errors import DiskFull, JobError
from foldwise.report.figures.searched import UNMARKED
from foldwise.study.beside import at_once
from foldwise.study.figures import begin_search_figures, steps_of
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


def finished(folder):
    """A plan whose runs are in a folder, and three trials of it."""
    plan = plan_study(read_study({"data": {"kind": "sklearn", "name": "iris"}, "paths": {"runs": str(folder)}}))
    curves = {"loss": (3.0, 2.0), "val_loss": (3.1, 2.1), "learning_rate": (0.1, 0.1)}
    folds = tuple(FoldScore(fold, 0.9, {}, curves, 2, 0.1) for fold in range(len(plan.splits)))
    return plan, [TrialResult(number, {}, "COMPLETE", folds, mean=0.9, sd=0.0) for number in range(3)]


@pytest.mark.slow
def test_no_room_for_a_figure_ends_the_start_with_its_folder_named(tmp_path):
    plan, results = finished(tmp_path)
    notes, before = [], resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DiskFull, match=f"{plan.folder / 'figures'}.* cannot be written"):
            begin_search_figures(plan, results, [], UNMARKED, notes.append)()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert notes == []


def sent(work):
    """Draw what arrives at another process."""
    return at_once(pickle.loads(pickle.dumps(work)))  # noqa: S301 what was pickled here


def lost(work):
    drawn = Future()
    drawn.set_exception(JobError("that process has ended"))
    return drawn


def torn(work):
    drawn = Future()
    drawn.set_exception(ValueError("no such font\nat all"))
    return drawn


@pytest.mark.slow
@pytest.mark.parametrize("beside", [sent, lost])
def test_a_search_is_drawn_in_another_process_or_where_that_ended_here(tmp_path, beside):
    plan, results = finished(tmp_path)
    notes, folder = [], plan.folder / "figures"
    folder.mkdir(parents=True)
    (folder / "of_an_earlier_end.png").touch()
    begin_search_figures(plan, results, [], UNMARKED, notes.append, beside)()
    found = sorted(path.name for path in folder.iterdir())
    assert found == ["history.png", "learning_curves.png", "learning_rate.png", "search.html", "top_trials.png"]
    assert notes == []


def test_a_fault_of_the_drawing_is_told_when_its_end_is_waited_for(tmp_path):
    plan, results = finished(tmp_path)
    notes = []
    end = begin_search_figures(plan, results, [], UNMARKED, notes.append, torn)
    assert notes == []
    end()
    assert notes == ["figures of the search could not all be drawn: no such font"]
