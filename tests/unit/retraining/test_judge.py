"""The decision to promote a challenger, in a sentence; and a challenger that fails when served."""

import math

import pandas as pd
import pytest

from foldwise.errors import Unfit
from foldwise.evaluation.permutation import PairedTest
from foldwise.retraining.judge import check_answers, decide
from foldwise.spec.goal import Goal
from foldwise.spec.study import PromotionSpec

pytestmark = pytest.mark.slow  # challenge imports Keras

ACCURACY = Goal("accuracy", "maximize")


@pytest.mark.parametrize(
    ("gain", "p_value", "rule", "promoted", "sentence"),
    [
        (0.05, 0.01, PromotionSpec(), True, "gain +0.0500, p = 0.01, significant (alpha 0.05) and at least the margin of 0"),
        (0.05, 0.06, PromotionSpec(), False, "not significant (alpha 0.05)"),
        (0.05, 0.01, PromotionSpec(alpha=0.005), False, "not significant (alpha 0.005)"),
        (0.05, 0.01, PromotionSpec(margin=0.06), False, "below the margin of 0.06"),
        (math.nan, math.nan, PromotionSpec(), False, "cannot be compared"),
    ],
)
def test_a_gain_must_be_significant_and_at_least_the_margin(gain, p_value, rule, promoted, sentence):
    found, why = decide(ACCURACY, PairedTest(0.8, 0.8 + gain, gain, p_value, 100), rule)
    assert found is promoted
    assert sentence in why
    assert "on 100 rows" in why


def test_one_row_is_no_rows():
    assert "on 1 row:" in decide(ACCURACY, PairedTest(0.0, 1.0, 1.0, 1.0, 1), PromotionSpec())[1]


def _fails(rows):
    raise ValueError("no such column")


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (_fails, "fails when served: ValueError: no such column"),
        (
            lambda rows: pd.DataFrame({"prediction": ["a"] * len(rows)}),
            "gives different answers to its own sample rows when served",
        ),
    ],
)
def test_a_model_that_answers_differently_when_served_is_unfit(tmp_path, ask, sentence):
    from tests.contract.bundles import make_bundle

    bundle, _, _ = make_bundle(tmp_path, "binary")
    check_answers(bundle, bundle.predict)
    with pytest.raises(Unfit, match=sentence):
        check_answers(bundle, ask)
    shifted = bundle.predict(bundle.sample_rows())
    shifted["p_yes"] += 1e-6
    with pytest.raises(Unfit, match="gives different answers"):
        check_answers(bundle, lambda rows: shifted)
