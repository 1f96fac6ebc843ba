import pandas as pd
import pytest

from foldwise.data.written import compact_format, date_formats, moment_by, number_shape, plain_cells


@pytest.mark.parametrize(
    ("cells", "shape", "plain"),
    [
        (["47.4%", "5 %", "-1%"], "#%", ["47.4", "5", "-1"]),
        (["$1,234.00", "$5.50", "-$7"], "$#,###", ["1234.00", "5.50", "-7"]),
        (["12 cm", "13.5 cm"], "# cm", ["12", "13.5"]),
        (["12cm", "3cm"], "#cm", ["12", "3"]),
        (["5 m2", "6 m2"], "# m2", ["5", "6"]),
        (["(1,000.50) EUR", "2 EUR"], None, None),
        (["1'234.5 CHF", "7 CHF"], "#'### CHF", ["1234.5", "7"]),
        (["80 km/h", "120 km/h"], "# km/h", ["80", "120"]),
        (["1,234 kg", "5 kg"], None, None),  # 1234 or 1.234
        (["1,234,567 kg", "5,000 kg"], "#,### kg", ["1234567", "5000"]),
        (["12 cm", "12 in"], None, None),
        (["12", "12 cm"], None, None),
        (["P1", "P2"], None, None),
        (["<5", "<6"], None, None),
        (["2100 - 2850", "1 - 2"], None, None),
    ],
)
def test_numbers_with_one_affix_have_a_shape(cells, shape, plain):
    assert number_shape(cells) == shape
    if shape:
        assert plain_cells(pd.Series(cells, dtype=object), shape).to_list() == plain


def test_decimal_commas_separate_thousands_by_points():
    assert number_shape(["1.234,50 €", "7 €"], ",") == "#.### €"
    assert plain_cells(pd.Series(["1.234,50 €"], dtype=object), "#.### €", ",").to_list() == ["1234,50"]


def test_plain_and_foreign_cells_stay_as_they_are():
    cells = pd.Series(["$1,000", "12", 12.5, None, True, "12 kg", "2020-01-01"], dtype=object)
    assert plain_cells(cells, "$#,###").to_list() == ["1000", "12", 12.5, None, True, "12 kg", "2020-01-01"]
    assert plain_cells(pd.Series(["1/13/2010", "2010-01-13"], dtype=object), "%m/%d/%Y").to_list() == ["2010-01-13"] * 2
    assert plain_cells(pd.Series([20240131]), "%Y%m%d").to_list() == ["2024-01-31"]


@pytest.mark.parametrize(
    ("cells", "formats"),
    [
        (["1/13/2010", "2/2/2011"], ["%m/%d/%Y"]),
        (["13/1/2010", "2/2/2011"], ["%d/%m/%Y"]),
        (["1/2/2010"], ["%m/%d/%Y", "%d/%m/%Y"]),
        (["2/2/2010"], ["%m/%d/%Y"]),  # both mean the same
        (["1-Jan-10", "2-feb-11"], ["%d-%b-%y"]),
        (["May 5, 2020 10:00 PM"], ["%b %d, %Y %I:%M %p"]),
        (["31.12.2020 23:59"], ["%d.%m.%Y %H:%M"]),
        (["2020-1-5"], ["%Y-%m-%d"]),
        (["2020/1/5 07:00 +0100"], ["%Y/%m/%d %H:%M %z"]),
        (["31/2/2020"], []),
        (["red"], []),
        (["1.2.3"], []),
    ],
)
def test_the_formats_that_fit_all_dates(cells, formats):
    assert date_formats(cells) == formats


def test_moments_by_a_format():
    assert moment_by("5/6/99", "%m/%d/%y").year == 1999
    assert moment_by("1/1/10", "%m/%d/%y").year == 2010
    assert moment_by("1/13/2010 12:30 am", "%m/%d/%Y %I:%M %p").hour == 0
    assert moment_by("2020/1/5 07:00 +0130", "%Y/%m/%d %H:%M %z").hour == 5


def test_digits_are_dates_only_if_all_are():
    assert compact_format(["20240101", "20240202", "20240303"]) == "%Y%m%d"
    assert compact_format(["202401", "202402", "202412"]) == "%Y%m"
    assert compact_format(["20240101", "20240202", "20241303"]) is None
    assert compact_format(["20240101"]) is None
    assert compact_format(["30240101", "30240102", "30240103"]) is None
