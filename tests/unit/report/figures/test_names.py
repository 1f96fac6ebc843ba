"""Names and numbers as text of a figure."""

import pytest

from foldwise.report.figures.names import MISSING, begun, drawable, fitted, percent, short, told_apart, width_of
from foldwise.system.numbers import counted


def test_a_short_name_stays_and_a_long_one_keeps_its_ends():
    assert drawable("setosa", 10) == "setosa"
    assert drawable("abcdefghijklmnopqrstuvwxyz", 10) == "abcdef…xyz"
    assert len(drawable("x" * 500, 18)) == 18


def test_a_long_name_keeps_its_end():
    assert short("fit.units") == "fit.units"
    assert short("a" * 50 + ".learning_rate", 20) == "…aaaaa.learning_rate"
    assert len(short("x" * 1000)) == 26
    assert begun("target_mean_of_all", 12) == "target_mean…"


@pytest.mark.parametrize("letter", ["W", "i"])
def test_a_name_is_cut_until_it_fits(letter):
    cut = fitted(letter * 200, 1.0, 7.0)
    assert 0.7 < width_of(cut, 7.0) <= 1.0
    assert fitted("conv_1", 1.0, 7.0) == "conv_1"


def test_a_name_is_one_line():
    assert drawable("two\nlines\tand  spaces ", 40) == "two lines and spaces"


def test_what_the_font_lacks_becomes_a_box():
    assert drawable("Zürich ☃ <b> $x$", 40) == "Zürich ☃ <b> $x$"
    assert drawable("猫", 10) == MISSING


def test_labels_that_would_be_equal_start_with_their_position():
    labels = ["cat", "", "猫", "犬", "a" * 30 + "1" + "b" * 30, "a" * 30 + "2" + "b" * 30]
    names = told_apart(labels, 12)
    assert names[0] == "cat"
    assert names[1:4] == ["1: ", f"2: {MISSING}", f"3: {MISSING}"]
    assert len(set(names)) == len(labels)


def test_only_exact_shares_are_zero_or_all():
    assert [percent(share) for share in (0, 0.001, 1 / 200, 0.25, 0.996, 1)] == ["0%", "<1%", "<1%", "25%", ">99%", "100%"]


def test_one_is_singular():
    assert (counted(1, "row"), counted(0, "row"), counted(2000, "row")) == ("1 row", "0 rows", "2,000 rows")
