"""Races made from finished trials, and their outcome."""

import random
from dataclasses import asdict, replace

import pytest
from pydantic import TypeAdapter

from foldwise.spec.goal import Goal
from foldwise.spec.race import RaceSpec
from foldwise.study.racing import race_for, race_outcome, wilson
from foldwise.trial.race import Bar, Incumbent
from foldwise.trial.result import FoldScore, TrialResult, mean_and_sd

GOAL = Goal("accuracy", "maximize")


def spec(kind, **values):
    return TypeAdapter(RaceSpec).validate_python({"kind": kind, **values})


def trial(number, scores, state="COMPLETE", epochs=12, rungs=(), **others):
    """A trial whose score at a rung is its final score minus 0.1."""
    folds = tuple(
        FoldScore(fold, score, {}, {"loss": (0.0,) * epochs}, epochs, 0.1, dict.fromkeys(rungs, 0.9 * score))
        for fold, score in enumerate(scores)
    )
    mean, sd = mean_and_sd(list(scores)) if state == "COMPLETE" else (float("nan"), float("nan"))
    return TrialResult(number, {"x": number}, state, folds, mean, sd, **others)


def some(count, **others):
    return [trial(number, (0.5 + number / 100, 0.6 + number / 100, 0.7 - number / 100), **others) for number in range(count)]


def test_without_racing_there_is_no_race():
    assert race_for(spec("none"), GOAL, some(9), 9, 0) is None
    assert race_outcome(spec("none"), GOAL, some(9), 3, {}) is None


def test_no_trial_can_lose_before_enough_are_finished():
    race = race_for(spec("both", startup=5), GOAL, some(4, rungs=(3, 6)), 4, 0)
    assert (race.bars, race.incumbent) == ({}, None)
    assert race.rungs(12) == (3, 6)
    later = race_for(spec("both", startup=5), GOAL, some(5, rungs=(3, 6)), 5, 0)
    assert set(later.bars) == {(3, 1), (6, 1), (3, 3), (6, 3)}
    assert later.incumbent is not None


def test_there_are_bars_for_the_first_fold_and_for_all():
    race = race_for(spec("epochs", startup=4), GOAL, some(4, rungs=(3,)), 4, 0)
    assert race.bars[3, 1] == Bar(pytest.approx(0.9 * 0.52), 2, 4)
    assert race.bars[3, 3] == Bar(pytest.approx(0.9 * (0.52 + 0.62 + 0.68) / 3), 2, 4)
    assert race.incumbent is None


def test_a_stopped_trial_counts_at_the_rungs_that_it_reached():
    stopped = trial(4, (0.9, 0.9, 0.9), "STOPPED", rungs=(3,))
    race = race_for(spec("epochs"), GOAL, [*some(4, rungs=(3, 6)), stopped], 5, 0)
    assert (race.bars[3, 3].trials, race.bars[6, 3].trials) == (5, 4)


def test_the_incumbent_is_the_best_with_the_median_variance_of_differences():
    near = [trial(0, (0.8, 0.9, 0.7)), trial(1, (0.8, 0.8, 0.7)), trial(2, (0.7, 0.9, 0.7)), trial(3, (0.1, 0.8, 0.0))]
    race = race_for(spec("folds"), GOAL, near, 4, 0)
    assert race.incumbent == Incumbent(0, (0.8, 0.9, 0.7), pytest.approx(0.01 / 3))
    assert race.first is None


def test_failed_and_reused_trials_do_not_count_and_the_order_does_not_matter():
    known = some(6, rungs=(3, 6))
    others = [TrialResult(6, {}, "FAILED", reason="nan"), replace(known[2], number=7, reused=2)]
    mixed = [*known, *others]
    random.Random(1).shuffle(mixed)
    assert race_for(spec("both"), GOAL, mixed, 8, 0) == race_for(spec("both"), GOAL, known, 8, 0)


def test_a_share_of_trials_chosen_by_the_seed_is_always_finished():
    drawn = [race_for(spec("both", check_share=0.25), GOAL, [], number, 3).finish for number in range(400)]
    assert 60 < sum(drawn) < 140
    assert drawn == [race_for(spec("both", check_share=0.25), GOAL, some(5), number, 3).finish for number in range(400)]
    assert drawn != [race_for(spec("both", check_share=0.25), GOAL, [], number, 4).finish for number in range(400)]
    assert not any(race_for(spec("folds", check_share=0), GOAL, [], number, 0).finish for number in range(50))
    assert all(race_for(spec("folds", check_share=1), GOAL, [], number, 0).finish for number in range(50))


def test_the_outcome_counts_work_in_fold_epochs_and_errors_among_checked_trials():
    results = [
        trial(0, (0.5, 0.5)),
        trial(1, (0.6, 0.6)),
        trial(2, (0.4, 0.4), "STOPPED", epochs=3),
        trial(3, (0.7, 0.7), lost_at="lost in epoch 3"),  # would have won
        trial(4, (0.6, 0.6), lost_at="lost in epoch 3"),
        trial(5, (0.4,), "STOPPED", epochs=12),  # one fold of two
        replace(trial(1, (0.6, 0.6)), number=6, reused=1),  # it was not trained
        TrialResult(7, {}, "STOPPED", reason="constraint: too large"),  # nor was this
    ]
    outcome = race_outcome(spec("both"), GOAL, results, 2, dict.fromkeys(range(8), 12))
    assert (outcome.stopped, outcome.checked, outcome.wrong, outcome.error_rate) == (2, 2, 1, 0.5)
    assert outcome.work_saved == pytest.approx((18 + 12) / (6 * 24))
    assert set(asdict(outcome)) == {"kind", "stopped", "checked", "wrong", "error_rate", "interval", "work_saved"}
    said = outcome.sentence
    assert said.startswith("race: 2 trials stopped early, 21% of the training saved; of 2 that lost")
    assert "wrong in 50%, 95 % interval 9% to 91%" in said


def test_with_early_stopping_a_stopped_trial_is_assumed_to_need_as_many_epochs_as_others():
    results = [trial(0, (0.5, 0.5), epochs=6), trial(1, (0.4, 0.4), "STOPPED", epochs=3)]
    assert race_outcome(spec("epochs"), GOAL, results, 2, {0: 12, 1: 12}).work_saved == pytest.approx(6 / 24)


def test_without_checked_trials_the_error_rate_is_none():
    outcome = race_outcome(spec("epochs"), GOAL, some(3), 3, dict.fromkeys(range(3), 12))
    assert (outcome.error_rate, outcome.interval, outcome.work_saved) == (None, (0.0, 1.0), 0.0)
    assert "not known" in outcome.sentence


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (1, 20, 0.0089, 0.2361)],
)
def test_wilson_s_interval(hits, count, low, high):
    assert wilson(hits, count) == pytest.approx((low, high), abs=1e-4)
