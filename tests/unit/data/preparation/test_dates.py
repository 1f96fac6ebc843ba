import numpy as np
import pandas as pd
import pytest

from foldwise.data.preparation.dates import fit_date
from foldwise.data.preparation.fold import fit_preparation
from foldwise.data.read_table import read_table
from foldwise.data.schema import Column, Schema, conform
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import CsvData
from foldwise.spec.prep import Impute, PrepSpec

MOMENTS = np.array(["1970-01-01", "1969-12-31", "2024-02-29T18:30", "NaT"], dtype="datetime64[us]")


def test_parts_are_those_of_the_calendar_also_before_1970():
    date = fit_date("sold", MOMENTS, "parts")
    assert date.features == ("sold year", "sold month", "sold weekday", "sold hour")
    assert date.numbers(MOMENTS)[:3].tolist() == [[1970, 1, 3, 0], [1969, 12, 2, 0], [2024, 2, 3, 18.5]]
    assert np.isnan(date.numbers(MOMENTS)[3]).all()


def test_the_hour_is_a_part_only_if_training_rows_have_one():
    assert fit_date("sold", MOMENTS[:2], "parts").features == ("sold year", "sold month", "sold weekday")


def test_on_a_circle_december_is_next_to_january():
    date = fit_date("sold", MOMENTS[:2], "cyclic")
    assert date.features[:3] == ("sold year", "sold month sine", "sold month cosine")
    months = date.numbers(np.array([f"2024-{month:02d}-01" for month in (12, 1, 2, 7)], dtype="datetime64[us]"))[:, 1:3]
    steps = np.linalg.norm(months - months[1], axis=1)
    np.testing.assert_allclose(steps, [steps[2], 0, steps[2], 2], atol=1e-12)


@pytest.fixture
def table(tmp_path):
    days = [f"20{20 + n % 3}-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(90)]
    days[4] = ""
    pd.DataFrame({"a": np.arange(90) % 7 / 2, "day": days, "y": np.arange(90) % 2}).to_csv(tmp_path / "t.csv", index=False)
    data = CsvData(kind="csv", path=str(tmp_path / "t.csv"), target="y")
    return read_table(data, used=PrepSpec(dates="parts").kinds)


def test_a_date_column_becomes_numbers_only_if_the_preparation_uses_dates(table):
    assert table.schema.of_kind("date") == ("day",)
    without = fit_preparation(table, range(90), PrepSpec())
    assert (without.features, without.columns) == (("a",), {"a"})
    prep = PrepSpec(dates="parts", scale="none", impute=Impute(indicator=True))
    preparation = fit_preparation(table, range(90), prep)
    assert preparation.features == ("a", "day year", "day month", "day weekday", "day year is missing")
    assert preparation.columns == set(table.schema.only(preparation.columns).names) == {"a", "day"}
    prepared = preparation.transform(table.frame.iloc[[0, 4]])
    assert prepared[0].tolist() == [0, 2020, 1, 2, 0]
    assert prepared[1, -1] == 1
    assert 2020 <= prepared[1, 1] <= 2022


def test_a_table_of_dates_alone_needs_them(table):
    alone = table.take(range(90))
    object.__setattr__(alone, "schema", Schema((Column("day", "date"),)))
    with pytest.raises(ConfigError, match=r"prep: leaves out every column: day \(date\)"):
        fit_preparation(alone, range(90), PrepSpec())
    assert len(fit_preparation(alone, range(90), PrepSpec(dates="cyclic")).features) == 5


def test_a_cell_that_is_not_a_date_is_refused_with_its_row():
    schema = Schema((Column("day", "date"),))
    rows = pd.DataFrame({"day": ["2020-01-01", None, "", "31.12.2020"]}, dtype=object)
    assert np.isnat(conform(rows.iloc[:3], schema)["day"].to_numpy()).tolist() == [False, True, True]
    with pytest.raises(DataError, match=r"column day, row 4: '31\.12\.2020' is not a date like 2020-12-31"):
        conform(rows, schema)
