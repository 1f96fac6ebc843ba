"""How a replayed trial is held against what was recorded."""

import math
from contextlib import closing
from dataclasses import replace

import pytest

from foldwise.doors.replay import compare, recorded_trial
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from tests.contract.ledgers import PARAMS, finish, new_study, result


def with_fold(of, place, **changes):
    folds = [replace(fold, **changes) if number == place else fold for number, fold in enumerate(of.folds)]
    return replace(of, folds=tuple(folds))


def verdicts(recorded, replayed):
    return {line.name: line.equal for line in compare(recorded, replayed)}


def test_equal_trials_are_equal_in_every_line_however_long_they_took():
    other = replace(with_fold(result(3), 0, seconds=9.0), seconds=99.0)
    assert verdicts(result(3), other) == {"fold 0": True, "fold 1": True, "mean": True}


@pytest.mark.parametrize(
    "changes",
    [
        {"score": math.nextafter(0.92, 1)},
        {"metrics": {"accuracy": 0.92, "log_loss": 0.31}},
        {"curves": {"loss": (1.0, 0.5, math.nextafter(1 / 3, 1)), "val_loss": (math.nan,) * 3, "learning_rate": (0.01,) * 3}},
        {"best_epoch": 2},
    ],
    ids=["score", "metrics", "curves", "best_epoch"],
)
def test_one_bit_that_training_decides_makes_a_difference(changes):
    assert verdicts(result(3), with_fold(result(3), 1, **changes)) == {"fold 0": True, "fold 1": False, "mean": True}


def test_the_difference_is_shown_and_so_is_another_state():
    moved = replace(with_fold(result(3), 0, score=0.65), mean=0.785)
    lines = {line.name: line for line in compare(result(3), moved)}
    assert lines["fold 0"].difference == pytest.approx(-0.25)
    assert lines["mean"].difference == pytest.approx(-0.125)
    assert not lines["mean"].equal
    failed = replace(result(3, count=1), state="FAILED", reason="nan: x", mean=math.nan)
    assert verdicts(result(3), failed) == {"fold 0": True, "fold 1": False, "mean": False}


def test_a_trial_that_its_race_stopped_is_compared_up_to_there():
    stopped = replace(result(3, epochs=2, count=1), state="STOPPED", mean=math.nan, reason="race: x")
    assert verdicts(stopped, result(3, epochs=3)) == {"fold 0": True}
    assert verdicts(stopped, result(3, epochs=1)) == {"fold 0": False}


def test_a_reused_result_is_found_and_a_missing_trial_is_refused(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        new_study(ledger)
        with pytest.raises(ConfigError, match=r"^replay: iris-1 has no trial 0; it has none yet$"):
            recorded_trial(ledger, "iris-1", 0)
        finish(ledger, "iris-1", result(0))
        finish(ledger, "iris-1", result(1, reused=0))
        ledger.begin_trial("iris-1", 2, PARAMS)
        assert recorded_trial(ledger, "iris-1", 1).number == 0
        with pytest.raises(ConfigError, match="trial 2 of iris-1 has no result yet"):
            recorded_trial(ledger, "iris-1", 2)
        with pytest.raises(ConfigError, match="has no trial 9; it has 0 to 2"):
            recorded_trial(ledger, "iris-1", 9)
