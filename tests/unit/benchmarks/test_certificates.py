"""Errors and losses are in standard errors and point the right way for both metrics; the made rows are as they say."""

import numpy as np
import pytest

from benchmarks.certificate_studies import FAMILIES, FRESH, ROWS, made
from benchmarks.certificates import covers, error, mean_error, worse


def record(family, naive, winner, default, sd):
    chosen = {"score": winner, "sd": sd}
    return {
        "family": family,
        "naive": naive,
        "low": naive - 0.05,
        "high": naive + 0.05,
        "winner": chosen,
        "default": {"score": default, "sd": sd},
        "rules": {"best": chosen},
    }


def test_what_promised_too_much_is_above_0_and_what_lost_to_the_default_too():
    high = record("accuracy", naive=0.82, winner=0.80, default=0.81, sd=0.01 * ROWS**0.5)
    assert error(high, "naive") == pytest.approx(2.0)
    assert worse(high, "best") == pytest.approx(1.0)
    assert covers(high)
    low = record("log_loss, early stopping", naive=0.40, winner=0.46, default=0.43, sd=0.01 * ROWS**0.5)
    assert error(low, "naive") == pytest.approx(6.0)
    assert worse(low, "best") == pytest.approx(3.0)
    assert not covers(low)


def test_the_luck_of_the_drawn_rows_is_taken_off():
    draws = np.random.default_rng(0)
    studies = [record("accuracy", naive=0.8, winner=0.8, default=0.8, sd=0.02 * ROWS**0.5) for _ in range(50)]
    for one, luck in zip(studies, draws.normal(scale=0.02, size=50), strict=True):
        one |= {"luck": luck, "naive": 0.81 + luck}
    found = mean_error(studies, "naive")
    assert found["mean"] == pytest.approx(0.5)
    assert found["error"] == pytest.approx(0.0, abs=1e-6)
    assert found["error_with_luck"] == pytest.approx(1 / 50**0.5, rel=0.3)


def test_families_name_their_metric():
    assert all(family.startswith(of.metric) for family, of in FAMILIES.items())


def test_each_study_has_rows_of_its_own_and_about_0_8_can_be_reached():
    first, second = made(0), made(1)
    assert (len(first.develop), len(first.fresh), len(first.truth)) == (ROWS, FRESH, FRESH)
    assert set(first.develop) - set(first.fresh) == {"y"}
    assert all(0.77 < one.best < 0.83 for one in (first, second))
    assert all(abs(gain) < 0.1 for one in (first, second) for gain in one.luck.values())
    assert not (first.develop["x0"] == second.develop["x0"]).any()
