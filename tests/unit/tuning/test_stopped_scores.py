import math

import pytest

from foldwise.trial.result import FoldScore, TrialResult
from foldwise.tuning.stopped_scores import stopped_scores


def _trial(number, state, *scores):
    folds = tuple(FoldScore(fold, score, {}, {}, 1, 0.1) for fold, score in enumerate(scores))
    mean = sum(scores) / len(scores) if state == "COMPLETE" else math.nan
    return TrialResult(number, {}, state, folds, mean=mean)


def test_complete_trials_have_their_means():
    assert stopped_scores([_trial(4, "COMPLETE", 1.0, 2.0), _trial(7, "COMPLETE", 3.0, 3.0)]) == {4: 1.5, 7: 3.0}


def test_a_trial_that_was_stopped_on_an_easy_fold_does_not_look_better_than_it_is():
    scores = stopped_scores([_trial(0, "COMPLETE", 0.9, 0.7), _trial(1, "COMPLETE", 0.8, 0.6), _trial(2, "STOPPED", 0.75)])
    assert scores[2] == pytest.approx(0.65)


def test_without_complete_trials_it_is_the_mean_of_the_folds():
    assert stopped_scores([_trial(0, "STOPPED", 0.5, 0.7)]) == {0: pytest.approx(0.6)}


def test_trials_that_failed_or_reached_no_fold_have_no_score():
    told = [_trial(0, "FAILED", 0.9), _trial(1, "STOPPED"), _trial(2, "COMPLETE", math.inf), _trial(3, "STOPPED", math.nan)]
    assert stopped_scores(told) == {}


def test_the_order_does_not_matter_to_the_last_bit():
    told = [_trial(n, "STOPPED" if n % 3 == 2 else "COMPLETE", 0.1 * n, 0.3 / (n + 1), 0.7) for n in range(12)]
    assert stopped_scores(told) == stopped_scores(told[::-1])
