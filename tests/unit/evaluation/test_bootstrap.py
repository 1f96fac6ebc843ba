import math
import time

import numpy as np
import pytest

from foldwise.evaluation.bootstrap import Comparison, alone, answer_of, compare, sentence, without_holdout
from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.seen import Telling, smallest_seen, telling
from foldwise.spec.goal import Goal
from foldwise.trial.summary import BaselineScore, BestTrial, UnfinishedBaseline

ACCURACY, RMSE, AUC = Goal("accuracy", "maximize"), Goal("rmse", "minimize"), Goal("roc_auc", "maximize")


def _labels(correct, truth):
    """Probabilities whose labels are right in the first `correct` rows."""
    labels = np.where(np.arange(len(truth)) < correct, truth, 1 - truth)
    return np.where(np.eye(2)[labels] > 0, 0.9, 0.1)


def _compare(goal, truth, ours, theirs, task="binary", **more):
    return compare(goal, scorer(task, 2, goal.metric), truth, ours, theirs, 0, **more)


def test_a_clear_lead_is_better_and_turned_round_worse():
    truth = np.arange(200) % 2
    ahead = _compare(ACCURACY, truth, _labels(190, truth), _labels(120, truth))
    assert ahead.difference == pytest.approx(0.35)
    assert (ahead.better, ahead.worse) == (True, False)
    assert 0 < ahead.low < 0.35 < ahead.high
    behind = _compare(ACCURACY, truth, _labels(120, truth), _labels(190, truth))
    assert (behind.better, behind.worse) == (False, True)


def test_one_more_right_row_is_no_lead():
    truth = np.arange(30) % 2
    comparison = _compare(ACCURACY, truth, _labels(29, truth), _labels(28, truth))
    assert not comparison.better
    assert not comparison.worse


def test_equal_predictions_differ_by_nothing():
    truth = np.arange(30) % 2
    same = _compare(ACCURACY, truth, _labels(20, truth), _labels(20, truth))
    assert (same.difference, same.low, same.high, same.answer) == (0.0, 0.0, 0.0, "no difference shown")


def test_where_less_is_better_a_lead_is_negative():
    truth = np.linspace(0, 1, 100)
    comparison = _compare(RMSE, truth, truth + 0.1, truth + 0.5, task="regression")
    assert comparison.better
    assert comparison.high < 0


def test_the_same_seed_gives_the_same_interval():
    truth = np.arange(60) % 2
    once, again = (_compare(ACCURACY, truth, _labels(50, truth), _labels(40, truth)) for _ in range(2))
    assert once == again


def test_the_interval_is_that_of_theory():
    """One row in ten is answered better: the difference is a share of 0.1 with sd sqrt(0.1 * 0.9 / 1000)."""
    truth = np.arange(1000) % 2
    comparison = _compare(ACCURACY, truth, _labels(1000, truth), _labels(900, truth))
    sd = np.sqrt(0.1 * 0.9 / 1000)
    assert comparison.low == pytest.approx(0.1 - 1.96 * sd, abs=0.003)
    assert comparison.high == pytest.approx(0.1 + 1.96 * sd, abs=0.003)


def test_resamples_without_a_class_are_left_out():
    truth = np.array([0] * 8 + [1])
    comparison = _compare(AUC, truth, _labels(9, truth), _labels(8, truth))
    assert np.isfinite([comparison.low, comparison.high]).all()


def test_each_side_is_labelled_by_its_own_threshold():
    truth = np.arange(100) % 2
    ours, theirs = _labels(100, truth), np.column_stack([1 - 0.1 * truth, 0.1 * truth])
    assert _compare(ACCURACY, truth, ours, theirs).difference == 0.5
    assert _compare(ACCURACY, truth, ours, theirs, their_score=scorer("binary", 2, "accuracy", 0.05)).difference == 0


def test_what_cannot_be_judged_is_neither_better_nor_worse():
    truth = np.zeros(5, dtype=int)
    comparison = _compare(AUC, truth, _labels(5, truth), _labels(2, truth))
    assert not comparison.better
    assert not comparison.worse
    assert "cannot be judged" in sentence(AUC, math.nan, BaselineScore("logistic", 0.9, 0.01, math.nan), comparison, 5)


@pytest.mark.parametrize("goal", [ACCURACY, AUC, Goal("log_loss", "minimize"), Goal("f1", "maximize")], ids=lambda g: g.metric)
def test_three_hundred_rows_are_judged_in_seconds(goal):
    truth = np.arange(300) % 2
    began = time.process_time()
    _compare(goal, truth, _labels(250, truth), _labels(200, truth))
    assert time.process_time() - began < 2


def test_large_holdouts_get_fewer_resamples():
    calls = []

    def count(truth, predictions):
        calls.append(len(truth))
        return 0.5

    truth = np.zeros(100_000)
    compare(ACCURACY, count, truth, truth, truth, 0)
    assert len(calls) == 2 * 100 + 2


def test_the_sentence_agrees_with_the_interval():
    rival = BaselineScore("logistic", 0.9, 0.01, 0.9333)
    text = sentence(ACCURACY, 0.9667, rival, Comparison(0.0333, -0.0333, 0.1, False, False, 0.1147), 80)
    assert text == (
        "holdout accuracy 0.967 (80 rows); the better baseline, logistic, has 0.933; difference +0.033, "
        "95 % interval -0.033 to +0.100: no difference shown on 80 rows (one of 0.11 would be seen in 4 of 5 such studies)"
    )
    assert sentence(ACCURACY, 1, rival, Comparison(0.07, 0.01, 0.1, True, False), 30).endswith(": the model is better")
    assert sentence(ACCURACY, 0, rival, Comparison(-0.9, -1, -0.8, False, True), 30).endswith(": the baseline is better")


@pytest.mark.parametrize(
    ("goal", "rival", "comparison", "end"),
    [
        (ACCURACY, "boosting", (-0.012, -0.02, -0.004), "gradient boosting is better by 0.012 (0.004 to 0.020)"),
        (RMSE, "boosting", (4830.0, 3900.2, 5611.0), "gradient boosting is better by 4,830 (3,900 to 5,611)"),
        (RMSE, "xgboost", (0.5, 0.25, 0.75), "XGBoost is better by 0.500 (0.250 to 0.750)"),
    ],
)
def test_where_boosting_is_better_the_sentence_says_by_how_much_and_what_follows(goal, rival, comparison, end):
    told = Comparison(*comparison, better=False, worse=True)
    text = sentence(goal, 1, BaselineScore(rival, 1, 0, 1), told, 5000, others=2)
    assert "; the best baseline, " in text
    assert text.rpartition(": ")[2] == f"{end}; use it unless you need a network"
    assert answer_of(told, []) == "worse"


def test_a_model_that_another_baseline_beats_on_the_holdout_is_not_called_better():
    """The rival is chosen by cross-validation; a baseline that is ahead of the model only here takes the word back."""
    rival, ahead = BaselineScore("logistic", 0.9, 0.01, 0.6), BaselineScore("boosting", 0.89, 0.01, 0.95)
    text = sentence(ACCURACY, 0.9, rival, AHEAD, 84, others=2, ahead=ahead)
    assert text.endswith(": the model is better than logistic, but not than gradient boosting, which has 0.950 on these rows")
    assert answer_of(AHEAD, [], ahead) is None
    behind = Comparison(-0.3, -0.4, -0.2, better=False, worse=True)
    assert answer_of(behind, [], ahead) == "worse"
    assert sentence(ACCURACY, 0.3, rival, behind, 84, others=2, ahead=ahead).endswith(": the baseline is better")


def test_scores_of_a_target_on_a_small_scale_are_not_shown_as_nothing():
    truth = np.linspace(0, 1e-3, 100)
    comparison = _compare(RMSE, truth, truth + 1e-5, truth + 5e-5, task="regression")
    text = sentence(RMSE, 1e-5, BaselineScore("linear", 5e-5, 0.0, 5e-5), comparison, 100)
    assert text.startswith(
        "holdout rmse 0.00001 (100 rows); the better baseline, linear, has 0.00005; difference -0.00004, 95 % "
    )


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("ahead", [0.0, 3.0])
def test_a_holdout_of_very_few_rows_never_has_a_winner(rows, ahead):
    truth = np.linspace(0, 1, rows)
    comparison = _compare(RMSE, truth, truth + 0.1, truth + 0.1 + ahead, task="regression")
    assert comparison.answer == "no difference shown"
    text = sentence(RMSE, 0.1, BaselineScore("linear", 0.1, 0.0, 0.1 + ahead), comparison, rows)
    assert "too few rows to tell them apart" in text
    assert "-0.000" not in text


def _told(truth, ours, theirs, goal=ACCURACY):
    """The comparison of two labelled answers, as the judge makes it, and the end of its sentence."""
    right = [answers.argmax(axis=1) == truth for answers in (ours, theirs)]
    comparison = _compare(goal, truth, ours, theirs, apart=telling(goal.metric, truth, *right))
    return comparison, sentence(goal, 1, BaselineScore("logistic", 1, 0, 1), comparison, len(truth)).rpartition(": ")[2]


@pytest.mark.parametrize(
    ("rows", "ours", "theirs", "end"),
    [
        (30, 30, 30, "too few rows to tell them apart (a difference of 0.26 would be seen in 4 of 5 such studies)"),
        (30, 30, 29, "too few rows to tell them apart (a difference of 0.26 would be seen in 4 of 5 such studies)"),
        (30, 12, 12, "too few rows to tell them apart (a difference of 0.26 would be seen in 4 of 5 such studies)"),
        (6, 6, 6, "too few rows to tell them apart"),
        (2, 2, 0, "too few rows to tell them apart"),
        (80, 60, 55, "too few rows to tell them apart (a difference of 0.099 would be seen in 4 of 5 such studies)"),
        (2000, 2000, 2000, "no difference shown on 2,000 rows (one of 0.004 would be seen in 4 of 5 such studies)"),
        (80, 80, 60, "the model is better"),
        (80, 60, 80, "the baseline is better"),
    ],
)
def test_where_hardly_a_row_tells_them_apart_there_are_too_few(rows, ours, theirs, end):
    truth = np.arange(rows) % 2
    assert _told(truth, _labels(ours, truth), _labels(theirs, truth))[1] == end


def test_five_rows_that_all_speak_for_one_side_happen_by_chance():
    """Two equal models are so far apart in 1 of 16 studies, which is more than 1 of 20; six rows in 1 of 32."""
    truth = np.arange(400) % 2
    assert _told(truth, _labels(400, truth), _labels(395, truth))[0].answer == "no difference shown"
    assert _told(truth, _labels(395, truth), _labels(400, truth))[0].answer == "no difference shown"
    assert _told(truth, _labels(400, truth), _labels(394, truth))[0].answer == "better"


def test_a_rare_class_needs_more_rows_than_there_seem_to_be():
    truth = np.array([1] * 10 + [0] * 990)
    right = np.ones(1000, dtype=bool)
    for metric, of in [("accuracy", 1000), ("recall", 10), ("f1", 10), ("balanced_accuracy", 20)]:
        assert telling(metric, truth, right, right) == Telling(0, of)
    assert telling("accuracy", truth, right, np.arange(1000) > 6) == Telling(7, 1000)
    assert telling("roc_auc", truth, right, right) is None


def test_metrics_of_other_answers_have_no_such_rows():
    truth = np.arange(30) % 2
    assert _told(truth, _labels(30, truth), _labels(30, truth), AUC)[1] == "too few rows to tell them apart"
    line = np.linspace(0, 1, 40)
    noise = np.random.default_rng(0).normal(size=40)
    comparison = _compare(RMSE, line, line + noise, line + noise[::-1], task="regression")
    assert (comparison.answer, comparison.few) == ("no difference shown", False)
    assert comparison.seen == pytest.approx((comparison.high - comparison.low) / 3.92 * 2.802, rel=0.1)
    few = _compare(RMSE, line[:3], line[:3], line[:3] + 1, task="regression")
    assert few.answer == "no difference shown", "three rows prove nothing"


@pytest.mark.parametrize(("rows", "both", "apart"), [(80, 0.7, 0.1), (200, 0.6, 0.3), (1000, 0.9, 0.02), (60, 0.95, 0.0)])
def test_the_difference_that_would_be_seen_is_seen_in_four_of_five_studies(rows, both, apart):
    """Studies are simulated whose models truly differ by what the sentence says; `both` and `apart` are shares of rows."""
    random = np.random.default_rng(1)
    error = np.sqrt(apart / rows)  # of two models that are truly equal
    lead = smallest_seen(error, Telling(round(apart * rows), rows))
    won = max(lead, (apart + lead) / 2)
    found = 0
    for _ in range(200):
        gains = random.choice([1.0, -1.0, 0.0], rows, p=[won, won - lead, 1 - 2 * won + lead])
        told = compare(
            ACCURACY,
            lambda truth, gained: float(gained.mean()),
            np.zeros(rows),
            gains,
            np.zeros(rows),
            0,
            apart=Telling(int((gains != 0).sum()), rows),
            resamples=200,
        )
        found += told.better
    assert 0.7 <= found / 200 <= 0.92


@pytest.mark.parametrize(
    ("scores", "trials", "rows", "said"),
    [
        (
            (0.9, 0.8),
            40,
            None,
            "no verdict, for there is no holdout: accuracy 0.850 in cross-validation over 2 folds, the best of 40",
        ),
        ((0.85,), 1, None, "no verdict, for there is no holdout: accuracy 0.850 on one split; the better baseline, logistic"),
        (
            (0.85,),
            1,
            4,
            "no verdict: trained and judged on the same 4 rows, with no holdout; accuracy 0.850 there, and the better",
        ),
    ],
)
def test_without_a_holdout_the_sentence_says_what_the_scores_are(scores, trials, rows, said):
    best = BestTrial(0, {}, 0.85, 0.0, scores)
    sentence_ = without_holdout(ACCURACY, best, BaselineScore("logistic", 0.5, 0.0, None), trials, rows)
    assert sentence_.startswith(said)
    assert sentence_.endswith("the better baseline, logistic, has 0.500")
    several = without_holdout(ACCURACY, best, BaselineScore("logistic", 0.5, 0.0, None), trials, rows, others=2)
    assert several.endswith("the best baseline, logistic, has 0.500")
    assert "valid" not in sentence_.replace("cross-validation", "") or rows is None


CUT = UnfinishedBaseline("logistic", "cut off after the 30 s of budget.baseline_seconds, with 4 of 11 fits done")
AHEAD = Comparison(0.3, 0.2, 0.4, better=True, worse=False)


def test_a_model_is_better_than_the_finished_baseline_only():
    rival = BaselineScore("majority", 0.6, 0.1, 0.6)
    text = sentence(ACCURACY, 0.9, rival, AHEAD, 84, others=0, unfinished=[CUT])
    assert text == (
        "holdout accuracy 0.900 (84 rows); the only finished baseline, majority, has 0.600; difference +0.300, "
        "95 % interval +0.200 to +0.400: the model is better than majority; "
        f"logistic was {CUT.reason}, so the model was not compared with it"
    )
    assert answer_of(AHEAD, [CUT]) is None
    assert answer_of(AHEAD, []) == "better"
    assert answer_of(Comparison(-0.3, -0.4, -0.2, better=False, worse=True), [CUT]) == "worse"


def test_a_single_baseline_is_not_the_better_one():
    rival = BaselineScore("logistic", 0.6, 0.1, 0.6, image=(14, 14, 1))
    assert "; the baseline, logistic (14 x 14 px), has 0.600; " in sentence(ACCURACY, 0.9, rival, AHEAD, 84, others=0)


def test_without_a_baseline_nothing_is_compared():
    assert alone(ACCURACY, 0.9, 84) == "holdout accuracy 0.900 (84 rows); compared with no baseline: baselines=[] asks for none"
    assert alone(ACCURACY, 0.9, 84, [CUT]).endswith(f"; compared with no baseline: logistic was {CUT.reason}")


def test_a_difference_that_every_resample_shows_is_no_lack_of_rows():
    goal = Goal("ap50", "maximize")
    rows = np.arange(24)
    found = compare(goal, lambda truth, own: float(own.mean()), rows, np.ones(24), np.zeros(24), 0)
    assert (found.low, found.high, found.answer) == (1.0, 1.0, "better")
    few = compare(goal, lambda truth, own: float(own.mean()), rows[:5], np.ones(5), np.zeros(5), 0)
    assert few.answer == "no difference shown"
