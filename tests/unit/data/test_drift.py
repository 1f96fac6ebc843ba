"""Columns that moved are found, others are not."""

import math

import numpy as np
import pandas as pd
import pytest

from foldwise.data.drift import check_constant, check_drift, check_missing, drifts, psi
from foldwise.data.profile import profile_of
from foldwise.data.read_table import read_table
from foldwise.errors import DataError
from foldwise.spec.data import CsvData


@pytest.fixture
def table(tmp_path):
    """400 rows, of which the last 100 have other numbers, other levels, gaps, and other answers."""
    rng = np.random.default_rng(0)
    late = np.arange(400) >= 300
    frame = pd.DataFrame(
        {
            "still": rng.normal(size=400).round(4),
            "moved": (rng.normal(size=400) + 2.0 * late).round(4),
            "emptied": [
                ("" if gone else str(x))
                for x, gone in zip(rng.normal(size=400).round(4), late & (np.arange(400) % 2 == 0), strict=True)
            ],
            "kind": np.where(late, rng.choice(["b", "c"], 400), rng.choice(["a", "b"], 400)),
            "day": [str((pd.Timestamp("2025-01-01") + pd.Timedelta(days=int(n))).date()) for n in range(400)],
            "answer": np.where(rng.random(400) < np.where(late, 0.9, 0.5), "yes", "no"),
        }
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return read_table(
        CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="answer"), used=frozenset({"number", "category", "date"})
    )


EARLIER, LATER = np.arange(300), np.arange(300, 400)


def test_the_index_is_the_formula():
    assert psi((0.5, 0.5), (0.8, 0.2), 100, 100) == pytest.approx(0.3 * math.log(1.6) - 0.3 * math.log(0.4))
    assert psi((0.5, 0.5), (0.5, 0.5), 100, 100) == 0.0
    assert psi((1.0, 0.0), (0.5, 0.5), 10, 10) == pytest.approx(-0.5 * math.log(0.5) + 0.45 * math.log(10))


def test_columns_that_moved_are_reported_largest_drift_first(table):
    found = {drift.column: drift for drift in drifts(table, EARLIER, LATER)}
    order = [drift.psi for drift in drifts(table, EARLIER, LATER)]
    assert order == sorted(order, reverse=True)
    assert set(found) == {"still", "moved", "emptied", "kind", "day", "answer"}
    assert found["still"].psi < 0.25 < min(found[name].psi for name in ("moved", "kind", "day", "answer"))
    assert found["moved"].p_value < 1e-6
    assert found["still"].p_value > 0.001
    assert found["kind"].p_value < 1e-6
    assert found["answer"].p_value < 1e-3
    assert found["emptied"].missing == (0.0, 0.5)


def test_without_the_earlier_rows_their_profile_is_used(table):
    known = profile_of(table.frame.iloc[EARLIER], table.schema)
    found = {drift.column: drift for drift in drifts(table, EARLIER[:0], LATER, known)}
    assert set(found) == {"still", "moved", "emptied", "kind", "day"}
    assert found["still"].psi < 0.25 < found["moved"].psi
    assert found["moved"].p_value is None
    assert found["emptied"].missing == (0.0, 0.5)


def test_without_new_rows_there_is_no_drift(table):
    assert drifts(table, EARLIER, LATER[:0]) == ()


def test_too_many_gaps_and_too_much_drift_are_refused(table):
    found = drifts(table, EARLIER, LATER)
    check_missing(found, 0.5)
    check_drift(found, None)
    with pytest.raises(DataError, match=r"cells of emptied are missing in the new rows \(emptied: 0% before, 50% now\)"):
        check_missing(found, 0.2)
    with pytest.raises(DataError, match=r"has moved by a PSI of .*, more than checks.drift=0.3"):
        check_drift(found, 0.3)


def _columns(tmp_path, **columns):
    rows = len(next(iter(columns.values())))
    frame = pd.DataFrame({**columns, "answer": ["yes", "no"] * (rows // 2)})
    frame.to_csv(tmp_path / "some.csv", index=False)
    return read_table(CsvData(kind="csv", path=str(tmp_path / "some.csv"), target="answer"))


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ([*np.random.default_rng(0).normal(size=300), *[1.5] * 100], "1.5"),
        ([*["u", "v", "w"] * 100, *["u"] * 100], "'u'"),
        ([*np.random.default_rng(0).normal(size=300), *[0.0, None] * 50], "0.0"),
    ],
)
def test_a_column_that_stopped_varying_is_refused(tmp_path, column, shown):
    table = _columns(tmp_path, stuck=column, other=np.random.default_rng(1).normal(size=400))
    with pytest.raises(DataError, match=rf"column stuck is {shown} in all \d+ new rows, and had \d+ values before; fix"):
        check_constant(table, EARLIER, LATER)


@pytest.mark.parametrize(
    "column",
    [
        np.repeat(["jan", "feb", "mar", "apr"], 100),  # a month
        [*["no"] * 200, "yes", *["no"] * 199],  # rare
        [*["no"] * 100, *["yes"] * 300],  # switched once, long ago
    ],
)
def test_a_column_that_changes_rarely_is_not(tmp_path, column):
    table = _columns(tmp_path, calm=column, other=np.random.default_rng(1).normal(size=400))
    check_constant(table, EARLIER, LATER)
    check_constant(table, EARLIER, LATER[:0])
    check_constant(table, EARLIER[:0], LATER)


def test_a_few_new_rows_may_be_alike(tmp_path):
    table = _columns(tmp_path, stuck=[*["u", "v"] * 150, *["u"] * 100], other=np.random.default_rng(1).normal(size=400))
    check_constant(table, EARLIER, LATER[:9])
