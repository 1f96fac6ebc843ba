"""Evidence: fair bets from earlier rows, the same in any portions, and an error rate that looking does not raise."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldwise.evaluation.evidence import LARGEST_BET, Evidence, add, bet

ROWS = st.lists(st.floats(-1.0, 1.0), max_size=60)
MARGINS = st.floats(0.0, 2.0)


@given(ROWS, MARGINS, st.lists(st.integers(0, 60), max_size=4))
@settings(max_examples=200, deadline=None)
def test_rows_in_any_portions_give_the_same_evidence(rows, margin, cuts):
    found, places = Evidence(), [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for low, high in itertools.pairwise(places):
        found = add(Evidence.from_json(json.loads(json.dumps(found.to_json()))), rows[low:high], margin)
    assert found == add(Evidence(), rows, margin)
    assert found.rows == len(rows)


@given(ROWS, MARGINS)
@settings(max_examples=200, deadline=None)
def test_a_bet_is_known_before_its_row_and_never_loses_everything(rows, margin):
    found = Evidence()
    for row in rows:
        stake = bet(found, margin)
        assert 0.0 <= stake <= min(LARGEST_BET, 1.0 / (1.0 + margin))
        after = add(found, [row], margin)
        assert after.log == pytest.approx(found.log + math.log1p(stake * (row - margin)), abs=1e-12)
        assert math.isfinite(after.log)
        found = after


@given(ROWS, st.floats(0.0, 1.0))
@settings(max_examples=100, deadline=None)
def test_the_expected_factor_of_a_row_without_gain_is_at_most_one(rows, margin):
    stake = bet(add(Evidence(), rows, margin), margin)
    for high in (0.1, 0.5, 1.0):  # two outcomes whose mean is the margin
        share = (margin + 1.0) / (max(high, margin) + 1.0)
        expected = share * (1 + stake * (max(high, margin) - margin)) + (1 - share) * (1 + stake * (-1.0 - margin))
        assert expected == pytest.approx(1.0)


def test_only_a_gain_above_the_margin_grows_it():
    gained = [1.0, 0.0, 0.0, 0.0] * 200
    assert add(Evidence(), gained).is_enough(0.05)
    assert not add(Evidence(), gained, 0.25).is_enough(0.05)
    assert add(Evidence(), [-value for value in gained]).value == 1.0  # nothing was ever bet
    assert not Evidence().is_enough(0.5)


@pytest.mark.parametrize("row", [1.5, -1.01, math.nan])
def test_losses_beyond_their_bounds_are_refused(row):
    with pytest.raises(ValueError, match="from -1 to 1"):
        add(Evidence(), [row])
    with pytest.raises(ValueError, match="margin"):
        add(Evidence(), [0.0], -0.1)


def test_looking_after_every_row_does_not_raise_the_error_rate():
    draws, found = np.random.default_rng(0), 0
    for _ in range(300):
        evidence = Evidence()
        for row in draws.choice([-1.0, 0.0, 1.0], 400, p=[0.1, 0.8, 0.1]).tolist():
            evidence = add(evidence, [row])
            if evidence.is_enough(0.1):
                found += 1
                break
    assert found <= 0.1 * 300 + 2 * math.sqrt(300 * 0.1 * 0.9)
