"""When a challenger is promoted, in a sentence; and one that does not answer where it is served."""

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
        (0.05, 0.01, PromotionSpec(), True, "gain +0.0500, p = 0.01, not chance (alpha 0.05) and at least the margin of 0"),
        (0.05, 0.06, PromotionSpec(), False, "which may be chance (alpha 0.05)"),
        (0.05, 0.01, PromotionSpec(alpha=0.005), False, "which may be chance (alpha 0.005)"),
        (0.05, 0.01, PromotionSpec(margin=0.06), False, "less than the margin of 0.06"),
        (math.nan, math.nan, PromotionSpec(), False, "cannot be compared"),
    ],
)
def test_a_gain_has_to_be_large_enough_and_no_chance(gain, p_value, rule, promoted, sentence):
    found, why = decide(ACCURACY, PairedTest(0.8, 0.8 + gain, gain, p_value, 100), rule)
    assert found is promoted
    assert sentence in why
    assert "on 100 rows" in why


def _fails(rows):
    raise ValueError("no such column")


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (_fails, "does not answer where it is served: ValueError: no such column"),
        (
            lambda rows: pd.DataFrame({"prediction": ["a"] * len(rows)}),
            "answers its own sample rows otherwise where it is served",
        ),
    ],
)
def test_a_model_that_is_not_served_as_it_was_saved_is_unfit(tmp_path, ask, sentence):
    from tests.contract.bundles import make_bundle

    bundle, _, _ = make_bundle(tmp_path, "binary")
    check_answers(bundle, bundle.predict)
    with pytest.raises(Unfit, match=sentence):
        check_answers(bundle, ask)
    shifted = bundle.predict(bundle.sample_rows())
    shifted["p_yes"] += 1e-6
    with pytest.raises(Unfit, match="otherwise"):
        check_answers(bundle, lambda rows: shifted)
