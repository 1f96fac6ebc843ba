"""Which trials are trained again, on which folds, and what is kept of it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from foldwise.config.read import read_study
from foldwise.errors import Interrupted
from foldwise.study import fresh_runs
from foldwise.study.deadline import Deadline
from foldwise.study.fresh_choice import fresh_outcome
from foldwise.study.fresh_runs import FreshRuns, fresh_splits, trained_again
from foldwise.study.plan import plan_study
from foldwise.trial.result import FoldScore, TrialResult, mean_and_sd


def plan_of(tmp_path, data=None, folds="auto", **options):
    config = {
        "data": data or {"kind": "sklearn", "name": "iris"},
        "folds": folds,
        "model": {"kind": "mlp", "units": ["int", 4, 16, {"default": 8}]},
        "certify": {"kind": "seeds", "top": 2, "seeds": 3},
        "budget": {"trials": 10},
        "paths": {"runs": str(tmp_path / "runs")},
        **options,
    }
    return plan_study(read_study(config))


def table_of(tmp_path, **data):
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(draw.normal(size=(60, 2)), columns=["a", "b"])
    rows["y"], rows["who"], rows["when"] = draw.choice(["no", "yes"], 60), np.repeat(np.arange(20), 3), range(60)
    rows["side"] = ["train"] * 40 + ["validation"] * 20
    rows.to_csv(tmp_path / "rows.csv", index=False)
    return {"kind": "csv", "path": str(tmp_path / "rows.csv"), "target": "y", **data}


def trial(number, units, scores=(0.9,) * 10, **values):
    mean, sd = mean_and_sd(list(scores))
    folds = tuple(FoldScore(fold, score, {}, {}, 1, 0.0) for fold, score in enumerate(scores))
    return TrialResult(number, {"model.units": units}, "COMPLETE", folds, mean, sd, **values)


def positions(splits):
    return [row for split in splits for row in split.valid]


@pytest.mark.parametrize("folds", ["auto", {"kind": "stratified", "count": 4}, {"kind": "split", "share": 0.25}])
def test_fresh_folds_are_as_many_and_as_large_and_hold_other_rows(tmp_path, folds):
    plan = plan_of(tmp_path, folds=folds)
    first, second = fresh_splits(plan, 0), fresh_splits(plan, 1)
    for own in (first, second):
        assert sorted(len(split.valid) for split in own) == sorted(len(split.valid) for split in plan.splits)
        assert np.isin(np.concatenate([own[0].train, own[0].valid]), plan.development).all()
    assert positions(first) != positions(second) != positions(plan.splits)
    assert positions(first) == positions(fresh_splits(plan, 0))


def test_groups_stay_whole(tmp_path):
    plan = plan_of(tmp_path, table_of(tmp_path, group="who", drop=["when", "side"]), {"kind": "grouped", "count": 3})
    own = fresh_splits(plan, 0)
    assert positions(own) != positions(plan.splits)
    for split in own:
        assert not {*plan.table.groups[split.train]} & {*plan.table.groups[split.valid]}


@pytest.mark.parametrize(
    ("data", "folds"),
    [
        ({"time": "when", "drop": ["who", "side"]}, {"kind": "forward", "count": 4}),
        ({"drop": ["who", "when"]}, {"kind": "given", "column": "side"}),
    ],
)
def test_folds_that_the_rows_decide_stay(tmp_path, data, folds):
    plan = plan_of(tmp_path, table_of(tmp_path, **data), folds)
    for number in range(3):
        assert positions(fresh_splits(plan, number)) == positions(plan.splits)


def test_the_best_of_different_configurations_and_the_defaults_are_trained_again(tmp_path):
    plan = plan_of(tmp_path)
    results = [
        trial(0, 8, [0.5] * 10),
        trial(1, 4, [0.8] * 10),
        trial(2, 5, [0.9] * 10),
        trial(3, 5, [0.9] * 10, reused=2),
        trial(4, 6, [0.7] * 10),
        replace(trial(5, 7, [0.99] * 10), state="STOPPED"),
    ]
    assert [one.number for one in trained_again(plan, results)] == [2, 1, 0]
    assert [one.number for one in trained_again(plan, results[1:])] == [2, 1]
    assert [one.number for one in trained_again(plan, [trial(0, 8, [0.95] * 10), *results[1:]])] == [0, 2]


def test_nothing_is_trained_again_unless_asked_for(tmp_path):
    for certify in ("none", "bbc"):
        assert fresh_runs.fresh_runs(plan_of(tmp_path, certify=certify), [trial(0, 8)], None) is None
    assert plan_of(tmp_path, folds="none").spec.fixed.fresh_trainings == 0


def test_a_file_of_another_study_is_not_read(tmp_path):
    plan, own = plan_of(tmp_path), trial(2, 5)
    row = {**fresh_runs._mark(plan, own), "scores": [0.5], "reason": None}
    path = plan.folder / "fresh" / "2-0.json"
    path.parent.mkdir(parents=True)
    for text, kept in [
        (json.dumps(row), True),
        (json.dumps({**row, "params": {"model.units": 6}}), False),
        (json.dumps({**row, "recipe": "other"}), False),
        (json.dumps(row)[:-9], False),
        ("3", False),
    ]:
        path.write_text(text)
        assert (fresh_runs._kept(plan, own, 0) is not None) == kept
    assert fresh_runs._kept(plan, own, 1) is None


def test_seeds_that_the_time_is_not_enough_for_are_left_out(tmp_path):
    plan, results = plan_of(tmp_path), [trial(0, 8), trial(1, 5, [0.95] * 10), trial(2, 4, [0.5] * 10)]
    folder = plan.folder / "fresh"
    folder.mkdir(parents=True)
    for number, one in [(0, results[0]), (0, results[1]), (1, results[1])]:
        row = {**fresh_runs._mark(plan, one), "scores": [one.mean + number] * 10, "reason": None}
        (folder / f"{one.number}-{number}.json").write_text(json.dumps(row))
    notes = []
    over = Deadline(1.0, time.monotonic() - 100)
    parts = SimpleNamespace(watcher=SimpleNamespace(note=notes.append), raise_if_asked_to_end=lambda: None, deadline=over)
    found = fresh_runs.fresh_runs(plan, results, parts)
    assert [one.number for one in found.trials] == [1, 0]
    assert found.seeds == 1
    np.testing.assert_allclose(found.scores.means, [0.95, 0.9])
    assert notes == [
        "training 2 trials again on 3 fresh seeds, each with fresh folds",
        "budget.seconds: the time was enough for 1 fresh seed of 3",
    ]


def test_a_user_who_stops_is_heard(tmp_path):
    def stop():
        raise Interrupted("stopped")

    plan = plan_of(tmp_path)
    parts = SimpleNamespace(watcher=SimpleNamespace(note=lambda _: None), raise_if_asked_to_end=stop, deadline=Deadline())
    with pytest.raises(Interrupted):
        fresh_runs.fresh_runs(plan, [trial(0, 8)], parts)


def test_a_trial_that_fails_on_a_seed_is_left_out(tmp_path):
    plan, results = plan_of(tmp_path), [trial(0, 8), trial(1, 5, [0.95] * 10)]
    (plan.folder / "fresh").mkdir(parents=True)
    for number in range(3):
        for one in results:
            reason = "nan: the loss" if (one.number, number) == (1, 1) else None
            row = {**fresh_runs._mark(plan, one), "scores": [0.5] * 10, "reason": reason}
            (plan.folder / "fresh" / f"{one.number}-{number}.json").write_text(json.dumps(row))
    notes = []
    parts = SimpleNamespace(watcher=SimpleNamespace(note=notes.append), raise_if_asked_to_end=lambda: None, deadline=Deadline())
    found = fresh_runs.fresh_runs(plan, results, parts)
    assert [one.number for one in found.trials] == [0]
    assert found.failed == {1: "nan: the loss"}
    assert notes[-1] == "trial 1 failed on a fresh seed, so it is left out: nan: the loss"


RESULTS = [trial(0, 8), trial(1, 5, [0.95] * 10)]


def test_without_fresh_scores_the_rule_keeps_the_defaults(tmp_path):
    plan = plan_of(tmp_path, select={"rule": "fresh"})
    assert fresh_outcome(plan, RESULTS, None) is None
    assert fresh_outcome(plan, RESULTS, FreshRuns((), None, 0, {})).taken == 0
    assert fresh_outcome(plan, RESULTS, FreshRuns((), None, 3, {0: "nan", 1: "nan"})).taken is None
    assert fresh_outcome(plan, RESULTS[1:], FreshRuns((), None, 0, {})).taken is None


def test_the_outcome_names_trials_and_not_places(tmp_path):
    plan = plan_of(tmp_path, select={"rule": "fresh"})
    numbers = [trial(7, 4, [0.95] * 10), trial(3, 8), trial(5, 6)]
    draw = np.random.default_rng(0).normal(size=(1, 3, 10)) * 0.01
    values = draw + np.array([0.8, 0.5, 0.7])[:, None, None] + np.random.default_rng(1).normal(size=(3, 3, 10)) * 0.001
    scores = fresh_runs.FreshScores(values, 108, 12, redrawn=True)
    found = fresh_outcome(plan, numbers, FreshRuns(tuple(numbers), scores, 3, {}))
    assert (found.best, found.taken, found.default) == (7, 7, 3)
    assert [one.trial for one in found.trials] == [7, 5, 3]
    assert [one.best_on for one in found.trials] == [3, 0, 0]
    assert found.score == pytest.approx(values[0].mean())
    assert found.low < found.score < found.high
    assert found.level == pytest.approx(0.1 / 3)
    failed = fresh_outcome(plan, numbers, FreshRuns(tuple(numbers[::2]), replace(scores, values=values[::2]), 3, {3: "nan"}))
    assert (failed.taken, failed.default, failed.failed) == (7, 3, (3,))
