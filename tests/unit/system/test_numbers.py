import math

import pytest

from foldwise.system.numbers import score, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.95, "0.9500"),
        (0.0123456, "0.0123"),
        (0.00123456, "0.0012"),
        (0.000123456, "0.00012"),
        (0.00004, "0.00004"),
        (-0.00004, "-0.00004"),
        (4e-9, "4e-09"),
        (0.0, "0.0000"),
        (1.0, "1.0000"),
        (45.678, "45.68"),
        (12345.67, "12,345.7"),
        (None, "-"),
        (math.nan, "-"),
    ],
)
def test_a_score_has_four_decimals_and_a_small_one_keeps_two_digits(value, text):
    assert score(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (0.00004, "0.00004"),
        (0.000456789, "0.0004568"),
        (3.0, "3"),
        (-0.0, "0"),
        (1234567.0, "1,234,567"),
        (1e-7, "1e-07"),
    ],
)
def test_without_decimals_a_number_has_four_digits_and_no_zeros_at_its_end(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("number", "text"), [(55404.26, "55,404"), (-1234.5, "-1,234"), (0.123456, "0.1235"), (0.0, "0"), (1e20, "1e+20")]
)
def test_numbers_have_four_significant_digits_or_all_before_the_point(number, text):
    assert shown(number) == text


def test_a_rounding_error_between_scores_is_nothing():
    assert [shown(value, 3, sign=True) for value in (-0.0, -1.1e-16, 1.1e-16)] == ["+0.000"] * 3
    assert shown(1e-13) == "1e-13"


def test_a_difference_shows_its_sign():
    assert shown(0.031, 3, sign=True) == "+0.031"
    assert shown(-0.00004, 3, sign=True) == "-0.00004"
