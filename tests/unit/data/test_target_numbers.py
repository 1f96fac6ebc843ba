"""Several numbers to predict: what is read, what is refused, and what makes their errors comparable."""

import numpy as np
import pandas as pd
import pytest

from foldwise.data.audit.audit import audit
from foldwise.data.drift import drifts
from foldwise.data.preparation.fold import prepare_fold
from foldwise.data.read_table import read_given_holdout, read_table
from foldwise.data.split import Split
from foldwise.errors import DataError
from foldwise.spec.data import CsvData, ParquetData
from foldwise.spec.prep import PrepSpec
from tests.unit.tasks.several.tables import two_numbers

BOTH = ["height", "price"]


def _spec(path, **options):
    return CsvData(kind="csv", path=str(path), **{"target": BOTH, **options})


def _read(folder, frame, **options):
    frame.to_csv(folder / "two.csv", index=False)
    return read_table(_spec(folder / "two.csv", **options))


def test_two_columns_are_two_numbers_of_each_row(tmp_path):
    frame = two_numbers()
    table = _read(tmp_path, frame, target_weights=[3, 1.0])
    assert (table.task, table.labels, table.classes, table.target_name) == (
        "multioutput",
        (),
        ("height", "price"),
        "height, price",
    )
    np.testing.assert_array_equal(table.target, frame[BOTH])
    assert [one.weight for one in table.targets] == [3.0, 1.0]
    assert [one.unit for one in table.targets] == pytest.approx(frame[BOTH].std(ddof=0).tolist())
    assert set(BOTH).isdisjoint(table.schema.names)


def test_a_parquet_file_gives_the_same_table(tmp_path):
    frame = two_numbers()
    frame.to_parquet(tmp_path / "two.parquet")
    table = read_table(ParquetData(kind="parquet", path=str(tmp_path / "two.parquet"), target=BOTH))
    assert table.fingerprint == _read(tmp_path, frame).fingerprint


def test_a_row_that_lacks_one_number_is_left_out(tmp_path):
    frame = two_numbers().astype(object)
    frame.loc[3, "height"] = frame.loc[7, "price"] = None
    table = _read(tmp_path, frame)
    assert len(table) == 118
    assert not {3, 7} & set(table.rows.tolist())
    assert "2 of 120 rows lack a number to predict and are left out" in table.notes


def test_few_whole_numbers_are_numbers_beside_others(tmp_path):
    table = _read(tmp_path, two_numbers().assign(height=np.arange(120) % 3))
    assert table.target[:4, 0].tolist() == [0.0, 1.0, 2.0, 0.0]


def test_numbers_with_a_unit_are_read_as_they_are_written(tmp_path):
    frame = two_numbers()
    table = _read(tmp_path, frame.assign(price=[f"{value:.2f} EUR" for value in frame["price"]]))
    np.testing.assert_allclose(table.target[:, 1], frame["price"], atol=0.006)
    assert table.targets[1].written


def test_places_from_the_end_name_columns_of_a_file_without_a_header(tmp_path):
    frame = two_numbers()
    frame.to_csv(tmp_path / "two.csv", index=False, header=False)
    table = read_table(_spec(tmp_path / "two.csv", target=[-2, -1], header=False))
    assert table.classes == ("column_5", "column_6")
    np.testing.assert_array_equal(table.target, frame[BOTH])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"height": ["tall", "small"] * 60}, "the column height holds words such as 'tall', and several targets are numbers"),
        ({"price": 7.0}, "the target price is '7' in every row, so there is nothing to learn"),
        ({"price": None}, "the target price is missing in all 120 rows"),
        ({"height": [None, 1.5, None, 2.5] * 30, "price": [2.5, None, 3.5, None] * 30}, "each row lacks one of"),
    ],
)
def test_columns_that_cannot_be_several_numbers_are_refused(tmp_path, changed, sentence):
    with pytest.raises(DataError, match=sentence):
        _read(tmp_path, two_numbers().assign(**changed))


def test_a_number_with_the_name_of_a_column_of_answers_is_refused(tmp_path):
    with pytest.raises(DataError, match="answers have a column flags already"):
        _read(tmp_path, two_numbers().rename(columns={"price": "flags"}), target=["height", "flags"])


def test_a_file_of_test_rows_has_the_same_numbers_and_units(tmp_path):
    table = _read(tmp_path, two_numbers())
    two_numbers(30, seed=4).to_csv(tmp_path / "test.csv", index=False)
    held = read_given_holdout(_spec(tmp_path / "two.csv"), str(tmp_path / "test.csv"), table)
    assert held.targets == table.targets
    np.testing.assert_array_equal(held.target, two_numbers(30, seed=4)[BOTH])


def test_each_number_is_scaled_by_the_training_rows_of_the_fold(tmp_path):
    table = _read(tmp_path, two_numbers())
    fold = prepare_fold(table, Split(np.arange(80), np.arange(80, 120)), PrepSpec())
    np.testing.assert_allclose(fold.train_y.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(fold.train_y.std(axis=0), 1.0, rtol=1e-5)
    np.testing.assert_allclose(fold.target.back(fold.valid_y), table.target[80:], rtol=1e-4, atol=1e-3)
    assert fold.target.unit == 1.0


def test_the_audit_finds_the_leak_of_any_number(tmp_path):
    frame = two_numbers(200)
    table = _read(tmp_path, frame.assign(copy=frame["price"] * 2 + 1))
    splits = [Split(np.arange(100), np.arange(100, 200)), Split(np.arange(100, 200), np.arange(100))]
    found = audit(table, np.arange(200), splits)
    assert [(one.level, one.columns) for one in found if one.level == "leak"] == [("leak", ("copy",))]


def test_the_drift_of_each_number_is_measured(tmp_path):
    frame = pd.concat([two_numbers(100), two_numbers(100, seed=1).assign(price=lambda rows: rows["price"] + 9000)])
    table = _read(tmp_path, frame)
    found = drifts(table, np.arange(100), np.arange(100, 200), ())
    assert {"height", "price"} <= {one.column for one in found}
    assert found[0].column == "price"
