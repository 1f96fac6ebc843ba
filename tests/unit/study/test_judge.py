"""The rival of the verdict, and what the verdict says of it."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from foldwise.spec.goal import goal_for
from foldwise.trial.summary import BaselineScore

pytestmark = pytest.mark.slow  # it imports TensorFlow

IRIS = {"kind": "sklearn", "name": "iris"}


def test_the_rival_is_the_best_in_cross_validation_and_never_by_the_holdout():
    from foldwise.study.judge import best_baseline

    scores = [
        BaselineScore("majority", math.nan, 0.0, 0.99),
        BaselineScore("logistic", 0.8, 0.0, 0.7),
        BaselineScore("boosting", 0.79, 0.0, 0.95),
    ]
    assert best_baseline(scores, lambda left, right: left > right).name == "logistic"
    assert best_baseline(scores, lambda left, right: left < right).name == "boosting"
    assert best_baseline([], lambda left, right: left > right) is None


@pytest.mark.parametrize(
    ("cross_validated", "ours", "word", "end"),
    [
        ({"logistic": 0.7, "boosting": 0.9}, 0.6, "worse", "gradient boosting is better by 0.250 ("),
        ({"logistic": 0.7, "boosting": 0.9}, 0.95, "better", ": the model is better"),
        (
            {"logistic": 0.9, "boosting": 0.8},
            0.8,
            None,
            ": the model is better than logistic, but not than gradient boosting, ",
        ),
        ({"logistic": 0.9, "boosting": 0.8}, 0.5, "worse", ": the baseline is better"),
    ],
)
def test_where_boosting_is_better_the_verdict_never_names_the_network(cross_validated, ours, word, end):
    """On 400 rows logistic is right in 65 %, boosting in 85 %."""
    from foldwise.study.figures import Answers
    from foldwise.study.judge import Baselines, _verdict

    truth, right = np.arange(400) % 2, {"logistic": 0.65, "boosting": 0.85}
    plan = SimpleNamespace(
        table=SimpleNamespace(task="binary", labels=("a", "b"), class_names=("a", "b")),
        goal=goal_for("accuracy", "auto", "binary"),
        holdout=SimpleNamespace(rows=truth, target=truth, classes=()),
        spec=SimpleNamespace(fixed=SimpleNamespace(seed=0)),
    )
    scores = tuple(BaselineScore(name, mean, 0.01, right[name], 0.5) for name, mean in cross_validated.items())
    rivals = Baselines(scores, {name: _shares(truth, share) for name, share in right.items()}, (), 1.0)
    sentence, answer = _verdict(plan, Answers(truth, _shares(truth, ours), 0.5), ours, rivals)
    assert answer == word
    assert end in sentence


def _shares(truth, right):
    """Probabilities whose labels are right in this share of rows, spread over both classes."""
    wrong = np.arange(len(truth)) % 20 >= 20 * right
    return np.where(np.eye(2)[np.where(wrong, 1 - truth, truth)] > 0, 0.9, 0.1)


def test_a_study_without_baselines_is_compared_with_nothing(tmp_path):
    from foldwise.api import train

    words = ["data=iris", "baselines=[]", "tracking=in_memory", f"paths.runs={tmp_path}", "fit.epochs=2", "folds.count=2"]
    done = train(*words)
    assert done.verdict.endswith("; compared with no baseline: baselines=[] asks for none")
    assert done.summary["baselines"] == []
    assert "answer" not in done.summary
    assert 0 <= done.summary["seconds"]["baselines"] <= done.summary["seconds"]["total"]
    assert "compared with no baseline" in (done.folder / "compare.html").read_text()
