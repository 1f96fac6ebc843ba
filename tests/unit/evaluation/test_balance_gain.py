import json
import math

import numpy as np
import pytest
from scipy.stats import ttest_rel

from foldwise.evaluation.balance_gain import balance_gain
from foldwise.spec.goal import Goal
from foldwise.trial.result import FoldScore, TrialResult, mean_and_sd

PR_AUC, LOG_LOSS = Goal("pr_auc", "maximize"), Goal("log_loss", "minimize")
PLAIN = [0.50, 0.60, 0.55, 0.58, 0.52]


def _trial(number, kind, scores, state="COMPLETE"):
    folds = tuple(FoldScore(fold, score, {}, {}, 1, 0.1) for fold, score in enumerate(scores))
    mean, sd = mean_and_sd(list(scores)) if state == "COMPLETE" else (math.nan, math.nan)
    return TrialResult(number, {"balance": kind}, state, folds, mean, sd)


def _gain(*trials, goal=PR_AUC):
    return balance_gain(trials, lambda trial: str(trial.params["balance"]), goal)


def _shifted(by):
    return [score + by + 0.001 * (-1) ** fold for fold, score in enumerate(PLAIN)]


def test_a_steady_lead_over_the_folds_is_better_and_where_less_is_better_worse():
    trials = _trial(0, "none", PLAIN), _trial(1, "smote", _shifted(0.05)), _trial(2, "oversample", _shifted(0.01))
    gain = _gain(*trials)
    assert (gain.balanced.number, gain.balanced.kind, gain.plain.number) == (1, "smote", 0)
    assert (gain.better, gain.worse) == (True, False)
    assert "balancing is better: pr_auc over the folds 0.600 ± " in gain.sentence("pr_auc")
    rising = _gain(trials[0], trials[1], goal=LOG_LOSS)
    assert (rising.better, rising.worse) == (False, True)


def test_a_lead_that_is_smaller_than_its_noise_is_no_better():
    gain = _gain(_trial(0, "none", PLAIN), _trial(1, "smote", [0.60, 0.55, 0.60, 0.50, 0.55]))
    assert gain.difference > 0
    assert not gain.better
    assert "balancing is not better" in gain.sentence("pr_auc")


def test_the_interval_is_the_paired_t_interval_widened_for_shared_training_rows():
    other = [0.60, 0.55, 0.60, 0.50, 0.55]
    gain = _gain(_trial(0, "none", PLAIN), _trial(1, "smote", other))
    paired = ttest_rel(other, PLAIN).confidence_interval(0.95)
    assert gain.high - gain.low == pytest.approx((paired.high - paired.low) * np.sqrt((1 / 5 + 1 / 4) * 5))
    assert gain.high + gain.low == pytest.approx(paired.high + paired.low)


def test_only_complete_trials_count_and_both_sides_are_needed():
    assert _gain(_trial(0, "none", PLAIN)) is None
    assert _gain(_trial(0, "none", PLAIN), _trial(1, "smote", PLAIN[:2], "FAILED")) is None
    assert _gain(_trial(1, "smote", PLAIN)) is None


def test_a_single_fold_has_no_interval_and_decides_nothing():
    gain = _gain(_trial(0, "none", [0.5]), _trial(1, "smote", [0.9]))
    assert not gain.better
    assert "interval" not in gain.sentence("pr_auc")
    assert "±" not in gain.sentence("pr_auc")


def test_the_record_is_plain():
    gain = _gain(_trial(0, "none", PLAIN), _trial(1, "smote", _shifted(0.05)))
    assert json.loads(json.dumps(gain.record))["balanced"]["kind"] == "smote"
