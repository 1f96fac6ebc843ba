"""Trials that race: ended early if they are lost, and the same to the last bit if not."""

import math
from dataclasses import replace

import pytest

from foldwise.spec.fit import FitSpec
from foldwise.spec.goal import Goal
from foldwise.spec.model import MlpSpec
from foldwise.trial.race import Bar, Incumbent, Race

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
GOAL = Goal("accuracy", "maximize")
ENGINES = pytest.mark.parametrize("engine", ["fused", "keras"])
NEVER = {(epoch, folds): Bar(0.0, 1, 4) for epoch in (2, 4, 8) for folds in (1, 3)}
UNREACHABLE = Bar(1.1, 1, 4)


def run(job, data, splits, race):
    from foldwise.training.cross_validate import cross_validate

    return cross_validate(replace(job, race=race), data, splits(data))


def scores(result):
    folds = [(fold.score, dict(fold.metrics), dict(fold.curves), fold.best_epoch) for fold in result.folds]
    return folds, result.mean, result.sd, dict(result.metrics)


@pytest.fixture
def trial(job):
    def make(engine, number=0, task="multiclass", metric="auto", model=None, **fit):
        model = model or MlpSpec(units=8, hidden=2, dropout=0.3, noise=0.1, batch_norm=True)
        asked = {"epochs": 12, "batch_size": 8, **fit}
        return replace(job(task, metric=metric, number=number, model=model, fit=FitSpec(**asked)), engine=engine)

    return make


@pytest.mark.long
@ENGINES
@pytest.mark.parametrize("stop", [{}, {"patience": 3}])
def test_a_trial_that_is_not_stopped_is_the_same_to_the_last_bit(engine, stop, trial, table, splits):
    data, asked = table(), trial(engine, early_stop=stop)
    alone = run(asked, data, splits, None)
    raced = run(asked, data, splits, Race(GOAL, 2, bars=NEVER, incumbent=Incumbent(0, (0.0,) * 3, 0.01)))
    checked = run(asked, data, splits, Race(GOAL, 2, bars={(2, 1): UNREACHABLE, (2, 3): UNREACHABLE}, finish=True))
    assert scores(alone) == scores(raced) == scores(checked)
    assert (alone.state, raced.state, checked.state) == ("COMPLETE",) * 3
    assert alone.lost_at is None
    assert raced.lost_at is None
    assert checked.lost_at.startswith("lost in epoch 2")
    assert [dict(fold.rungs) for fold in alone.folds] == [{}] * 3
    assert all(set(fold.rungs) == {2, 4, 8} for fold in raced.folds)


def test_a_compiled_program_is_shared_with_trials_that_do_not_race(trial, table, splits, monkeypatch):
    from foldwise.training.fused import program as fused_program
    from foldwise.training.fused import traced

    made, register = [], traced._registered
    monkeypatch.setattr(traced, "_registered", lambda *about: made.append(about[3]) or register(*about))
    fused_program._programs.clear()
    data, asked = table(), trial("fused", epochs=40, batch_size=1, model=MlpSpec(units=8, dropout=0.2))  # 2,400 steps
    alone = run(asked, data, splits, None)
    programs = list(fused_program._programs.values())
    assert run(asked, data, splits, Race(GOAL, 3)).mean == alone.mean
    assert list(fused_program._programs.values()) == programs
    assert sorted(made) == [False, True]  # to answer, and to run, compiled


@pytest.mark.parametrize("stop", [{}, {"patience": 2}])
def test_a_score_at_a_rung_is_what_training_would_have_ended_with_there(stop, trial, table, splits):
    data = table()
    longer = run(trial("fused", early_stop=stop), data, splits, Race(GOAL, 4))
    shorter = run(trial("fused", epochs=4, early_stop=stop), data, splits, None)
    assert [fold.rungs[4] for fold in longer.folds] == [fold.score for fold in shorter.folds]
    by_fold = run(trial("keras", early_stop=stop), data, splits, Race(GOAL, 4))
    assert [fold.rungs[4] for fold in by_fold.folds] == [fold.rungs[4] for fold in longer.folds]


def test_all_folds_in_step_end_at_the_rung_where_the_trial_is_lost(trial, table, splits):
    result = run(trial("fused"), table(), splits, Race(GOAL, 2, bars={**NEVER, (4, 3): UNREACHABLE}))
    assert result.state == "STOPPED"
    assert result.reason.startswith("lost in epoch 4: accuracy 0.")
    assert [len(fold.curves["val_loss"]) for fold in result.folds] == [4, 4, 4]
    assert all(set(fold.rungs) == {2, 4} and fold.rungs[4] == fold.score for fold in result.folds)
    assert math.isnan(result.mean)
    assert (result.lost_at, dict(result.metrics)) == (None, {})


def test_fold_by_fold_a_trial_ends_within_its_first_fold(trial, table, splits):
    result = run(trial("keras"), table(), splits, Race(GOAL, 2, bars={**NEVER, (4, 1): UNREACHABLE}))
    assert (result.state, len(result.folds)) == ("STOPPED", 1)
    assert result.reason.startswith("lost in epoch 4 of fold 0: ")
    assert len(result.folds[0].curves["loss"]) == 4
    assert result.folds[0].rungs[4] == result.folds[0].score


def test_fold_by_fold_a_trial_ends_after_a_fold(trial, table, splits):
    data = table()
    alone = run(trial("keras"), data, splits, None)
    ahead = (alone.folds[0].score, alone.folds[1].score + 0.5, 1.0)  # level in the first fold
    result = run(trial("keras"), data, splits, Race(GOAL, 2, incumbent=Incumbent(4, ahead, 0.001)))
    assert (result.state, len(result.folds)) == ("STOPPED", 2)
    assert result.reason.startswith("lost after 2 of 3 folds: accuracy is 0.2500 worse there than that of trial 4")
    assert [fold.score for fold in result.folds] == [fold.score for fold in alone.folds[:2]]
    assert all(set(fold.rungs) == {2, 4, 8} for fold in result.folds)
    at_once = run(trial("fused"), data, splits, Race(GOAL, incumbent=Incumbent(4, ahead, 0.001)))
    assert (at_once.state, at_once.lost_at) == ("COMPLETE", None)


def test_a_fold_whose_patience_is_over_keeps_its_score_at_later_rungs(trial, table, splits):
    result = run(trial("fused", epochs=40, early_stop={"patience": 1, "min_delta": 0.05}), table(), splits, Race(GOAL, 1))
    ended = [len(fold.curves["loss"]) for fold in result.folds]
    assert max(ended) < 32
    for fold, epochs in zip(result.folds, ended, strict=True):
        assert set(fold.rungs) == {1, 2, 4, 8, 16, 32}
        assert {score for rung, score in fold.rungs.items() if rung >= epochs} == {fold.score}


@ENGINES
def test_a_tuned_threshold_needs_another_fold_to_be_raced_with(engine, trial, table, splits):
    data = table("binary")
    asked = trial(engine, task="binary", metric="f1", threshold="auto")
    goal = Goal("f1", "maximize")
    race = Race(goal, 4, bars={(4, 1): UNREACHABLE, (4, 3): UNREACHABLE}, incumbent=Incumbent(0, (1.5,) * 3, 1e-6))
    result = run(asked, data, splits, race)
    assert result.state == "STOPPED"
    reasons = {"fused": "lost in epoch 4: f1", "keras": "lost after 2 of 3 folds: f1"}
    assert result.reason.startswith(reasons[engine])


def test_a_plateau_schedule_races_too(job, table, splits):
    from foldwise.spec.lr_schedule import PlateauDrop

    data = table()
    asked = job(
        model=MlpSpec(units=8), fit=FitSpec(epochs=12, batch_size=8), lr_schedule=PlateauDrop(kind="plateau", patience=1)
    )
    alone = run(asked, data, splits, None)
    assert scores(run(asked, data, splits, Race(GOAL, 2, bars=NEVER))) == scores(alone)
    assert run(asked, data, splits, Race(GOAL, 2, bars={(4, 3): UNREACHABLE})).state == "STOPPED"


@ENGINES
def test_a_loss_that_is_not_finite_fails_the_trial_before_it_is_judged(engine, trial, table, splits):
    from foldwise.spec.optimizer import OptimizerSpec

    data = table("regression")
    fit = {"batch_size": "full", "epochs": 50, "optimizer": OptimizerSpec(kind="sgd", learning_rate=1e20)}
    asked = trial(engine, task="regression", model=MlpSpec(units=8), **fit)
    goal = Goal("rmse", "minimize")
    race = Race(goal, 1, bars={(epoch, n): Bar(0.0, 1, 4) for epoch in (8, 16, 32) for n in (1, 3)})
    assert run(asked, data, splits, race).reason.startswith("nan: ")
