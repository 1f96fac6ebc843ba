"""DataFrames mean the same as files with the same rows."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from foldwise.data.read_table import read_table
from foldwise.data.sources.read import check_source, read_source
from foldwise.errors import DataError
from foldwise.spec.data import CsvData, ParquetData
from foldwise.spec.python_value import PythonFrame
from foldwise.spec.sources import FrameData

ROWS = 60


def _frame(**columns):
    draws = np.random.default_rng(0)
    return pd.DataFrame({"size": draws.normal(size=ROWS), "y": draws.choice(["no", "yes"], ROWS), **columns})


def _table(frame, **options):
    used = frozenset(("number", "category", "date"))
    return read_table(FrameData(kind="frame", given=PythonFrame(frame), target="y", **options), used=used)


def _kinds(table):
    return {column.name: column.kind for column in table.schema.columns}


def _some(*cells):
    return [cells[row % len(cells)] for row in range(ROWS)]


CELLS = {
    "int8": pd.array(_some(1, 2, 3), dtype="int8"),
    "uint64": pd.array(_some(1, 2, 2**40), dtype="uint64"),
    "Int64": pd.array(_some(1, 2, None, 7), dtype="Int64"),
    "float32": pd.array(_some(1.5, 2.25, np.nan), dtype="float32"),
    "Float64": pd.array(_some(1.5, 2.25, None), dtype="Float64"),
    "int64[pyarrow]": pd.array(_some(1, 2, None, 7), dtype="int64[pyarrow]"),
    "double[pyarrow]": pd.array(_some(1.5, None, 7.0), dtype="double[pyarrow]"),
    "Sparse": pd.arrays.SparseArray(_some(0, 0, 4, 2, 3)),
    "objects": pd.Series(_some(1, 2.5, None, 7, Decimal("3.5")), dtype=object),
}


@pytest.mark.parametrize("dtype", CELLS)
def test_numbers_of_every_dtype_stay_numbers(dtype):
    table = _table(_frame(x=CELLS[dtype]))
    assert _kinds(table) == {"size": "number", "x": "number"}
    expected = [np.nan if pd.isna(cell) else float(cell) for cell in list(CELLS[dtype])]
    np.testing.assert_array_equal(table.frame["x"], expected)


WORDS = {
    "object": pd.Series(_some("a", " b ", None), dtype=object),
    "str": pd.Series(_some("a", "b", None), dtype="str"),
    "string": pd.Series(_some("a", "b", None), dtype="string"),
    "string[pyarrow]": pd.Series(_some("a", "b", None), dtype="string[pyarrow]"),
    "category": pd.Series(_some("a", "b", None), dtype="category"),
    "empty is missing": pd.Series(_some("a", "b", "  "), dtype=object),
}


@pytest.mark.parametrize("dtype", WORDS)
def test_text_of_every_dtype_is_a_category(dtype):
    table = _table(_frame(x=WORDS[dtype]))
    assert _kinds(table)["x"] == "category"
    assert table.frame["x"].to_list() == _some("a", "b", None)


@pytest.mark.parametrize("dtype", ["bool", "boolean", "bool[pyarrow]", "object"])
def test_truth_values_are_two_levels(dtype):
    table = _table(_frame(x=pd.Series(_some(True, False, True), dtype=dtype)))
    assert table.frame["x"].to_list() == _some("True", "False", "True")


def test_a_categorical_of_numbers_is_a_category_and_as_a_target_names_classes():
    codes = pd.Categorical(_some(10, 20, 30, None))
    table = _table(_frame(x=codes))
    assert _kinds(table)["x"] == "category"
    assert table.frame["x"].to_list() == _some("10", "20", "30", None)
    table = _table(_frame(y=pd.Categorical(_some(*range(25)))))
    assert (table.task, len(table.labels)) == ("multiclass", 25)
    assert _table(_frame(y=pd.Categorical(_some(3, 4)))).task == "binary"


def test_data_kinds_win_over_dtypes():
    assert _kinds(_table(_frame(x=pd.Categorical(_some(10, 20, 35))), kinds={"x": "number"}))["x"] == "number"
    groups = _table(_frame(x=pd.Categorical(_some("a", "b", "c"))), group="x")
    assert "x" not in _kinds(groups)
    assert groups.groups.tolist() == _some("a", "b", "c")


MOMENTS = {
    "datetime64[ns]": pd.Series(pd.to_datetime(_some("2020-01-01 08:30", None, "2021-05-06"), format="mixed")).astype(
        "datetime64[ns]"
    ),
    "datetime64[us]": pd.Series(pd.to_datetime(_some("2020-01-01 08:30", None, "2021-05-06"), format="mixed")).astype(
        "datetime64[us]"
    ),
    "objects": pd.Series(_some(datetime(2020, 1, 1, 8, 30), None, date(2021, 5, 6)), dtype=object),
    "zone": pd.Series(_some(datetime(2020, 1, 1, 8, 30, tzinfo=UTC), None, datetime(2021, 5, 6, tzinfo=UTC))),
    "timestamp[us][pyarrow]": pd.Series(
        pd.to_datetime(_some("2020-01-01 08:30", None, "2021-05-06"), format="mixed")
    ).astype("timestamp[us][pyarrow]"),
}  # fmt: skip


@pytest.mark.parametrize("dtype", MOMENTS)
def test_moments_of_every_dtype_are_dates(dtype):
    table = _table(_frame(x=MOMENTS[dtype]))
    assert _kinds(table)["x"] == "date"
    expected = np.array(_some("2020-01-01T08:30", "NaT", "2021-05-06"), dtype="datetime64[us]")
    np.testing.assert_array_equal(table.frame["x"].to_numpy("datetime64[us]"), expected)


def test_a_frame_has_the_fingerprint_of_the_same_rows_in_a_file(tmp_path):
    frame = _frame(count=CELLS["Int64"], word=WORDS["category"], flag=pd.Series(_some(True, False, True)))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    csv = read_table(CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y"))
    parquet = read_table(ParquetData(kind="parquet", path=str(tmp_path / "rows.parquet"), target="y"))
    assert _table(frame).fingerprint == csv.fingerprint == parquet.fingerprint
    assert _table(frame.set_index(frame.index + 7)).fingerprint == csv.fingerprint  # the index is ignored
    other = frame.copy()
    other.loc[3, "size"] += 1e-9
    assert _table(other).fingerprint != csv.fingerprint


def test_rows_are_counted_from_zero_and_the_frame_is_not_changed():
    frame = _frame(word=pd.Series(_some(" a ", "b"))).set_index(pd.Index(range(100, 100 + ROWS), name="id"))
    before = frame.copy(deep=True)
    table = _table(frame)
    assert table.rows.tolist() == list(range(ROWS))
    assert any("the frame's index (id) is not a column; frame.reset_index() makes it one" in note for note in table.notes)
    pd.testing.assert_frame_equal(frame, before)


REFUSED = {
    "levels": (lambda f: f.set_axis(pd.MultiIndex.from_product([["a"], f.columns]), axis=1), "its columns have 2 levels"),
    "number": (lambda f: f.rename(columns={"size": 3}), "the column name 3 is not text"),
    "blank": (lambda f: f.rename(columns={"size": " "}), "the column name ' ' is not text"),
    "twice": (lambda f: pd.concat([f, f[["size"]]], axis=1), "the column size occurs twice; rename one"),
    "no row": (lambda f: f.iloc[:0], "it has no rows"),
    "no target": (lambda f: f.rename(columns={"y": "Y"}), "data.target: the frame has no column 'y', did you mean Y?"),
    "duration": (lambda f: f.assign(x=pd.to_timedelta(range(ROWS), unit="s")), "column x has dtype timedelta.*total_seconds"),
    "period": (lambda f: f.assign(x=pd.period_range("2020", periods=ROWS, freq="D")), "column x has dtype period.*a period"),
    "interval": (lambda f: f.assign(x=pd.interval_range(0, ROWS)), "column x has dtype interval"),
    "complex": (lambda f: f.assign(x=1j), "column x has dtype complex"),
    "lists": (lambda f: f.assign(x=[[1]] * ROWS), "column x, row 1: holds a list"),
    "infinite": (lambda f: f.assign(size=[*[1.0] * (ROWS - 1), np.inf]), f"column size, row {ROWS}: inf"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_frame_that_cannot_be_read_is_refused_with_a_sentence(case):
    change, sentence = REFUSED[case]
    with pytest.raises(DataError, match=sentence):
        _table(change(_frame()))


@pytest.mark.parametrize("case", ["levels", "number", "twice", "no target"])
def test_names_are_checked_before_anything_else(case):
    data = FrameData(kind="frame", given=PythonFrame(REFUSED[case][0](_frame())), target="y")
    with pytest.raises(DataError, match=REFUSED[case][1]):
        check_source(data)


def test_other_marks_can_mean_missing():
    frame = _frame(x=pd.Series(_some("1", "2.5", "?")))
    data = FrameData(kind="frame", given=PythonFrame(frame), target="y", missing=("", "?"))
    assert read_source(data).frame["x"].to_list() == _some("1", "2.5", None)
    assert _kinds(_table(frame, missing=("", "?")))["x"] == "number"
