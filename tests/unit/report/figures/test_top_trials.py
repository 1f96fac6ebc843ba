import math

import pytest

from foldwise.report.figures import top_trials
from foldwise.trial.summary import BaselineScore
from tests.unit.report.figures.searches import complete, look, usual


def test_the_best_ten_are_in_order_with_their_folds_and_the_baselines():
    search = usual(40)
    axes = top_trials.draw(search).axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [*(f"trial {trial.number}" for trial in search.ranked[:10]), "majority", "logistic"]
    folds = axes.collections[0].get_offsets()
    assert len(folds) == 30
    assert sorted(folds[folds[:, 1] == 0][:, 0]) == pytest.approx(sorted(fold.score for fold in search.best.folds))
    bars = {bar.get_label(): bar for bar in axes.containers}
    assert bars["mean ± sd"].lines[0].get_xdata()[0] == search.best.mean
    assert bars["baseline, mean ± sd"].lines[0].get_xdata() == [0.9]


def test_a_baseline_that_is_far_away_is_written_at_the_edge():
    axes = top_trials.draw(usual(40)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["← 0.33 ± 0"]
    assert axes.get_xlim()[0] > 0.6


def test_one_trial_one_fold_no_baseline():
    axes = top_trials.draw(look([complete(0, {}, [0.7])], baselines=[])).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["trial 0"]


def test_a_baseline_without_a_score_is_left_out():
    rivals = [
        BaselineScore("a", math.nan, math.nan, 0.5),
        BaselineScore("b", math.inf, math.nan, 0.5),
        BaselineScore("c", 0.6, math.nan, 0.6),
    ]
    axes = top_trials.draw(look([complete(0, {}, [0.7, 0.6])], baselines=rivals)).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["trial 0", "c"]
