"""Splits that come with the rows: a column of sides, or a file of validation rows."""

import numpy as np
import pandas as pd
import pytest

from foldwise.data.given_folds import sides_in
from foldwise.data.holdout import set_holdout
from foldwise.data.read_table import read_table
from foldwise.data.split import cut_folds
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import CsvData, HashHoldout, NoHoldout, TimeHoldout
from foldwise.spec.folds import FoldsSpec

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame({"a": RNG.normal(size=100).round(4), "b": RNG.normal(size=100).round(4), "y": ["no", "yes"] * 50})
PART = ["Train"] * 70 + ["val"] * 10 + ["HOLDOUT"] * 20
BY_COLUMN = FoldsSpec(kind="given", column="part")


def table_of(tmp_path, rows, folds, name="rows.csv", **options):
    rows.to_csv(tmp_path / name, index=False)
    data = CsvData(kind="csv", path=str(tmp_path / name), target="y", **options)
    return read_table(data, folds=folds), data


def cut(table, data, folds, holdout=None, frozen=None):
    development, held, record = set_holdout(table, holdout or data.holdout, data, frozen)
    (split,) = cut_folds(table, development, folds, 0, len(held))
    return split, held, record


def test_sides_are_spelt_as_tables_spell_them():
    cells = pd.Series(["train", "TRAINING", " val ", "valid", "Validation", "dev", "test", "holdout"], name="part")
    assert sides_in(cells).tolist() == ["train"] * 2 + ["validation"] * 4 + ["test"] * 2


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("trian", "column part, row 3: 'trian' is not a side; folds.column needs train"),
        (None, "row 3: the side is missing; folds.column"),
    ],
)
def test_a_cell_that_is_no_side_is_refused_with_its_row(cell, sentence):
    with pytest.raises(DataError, match=sentence):
        sides_in(pd.Series(["train", "test", cell], name="part", dtype=object))


def test_a_column_names_the_sides_and_its_test_rows_are_the_holdout(tmp_path):
    table, data = table_of(tmp_path, ROWS.assign(part=PART), BY_COLUMN)
    assert (table.schema.names, table.left_out) == (("a", "b"), {"part": "the side of each row, by folds.column"})
    assert "part" not in table.raw
    split, held, record = cut(table, data, BY_COLUMN)
    assert [split.train.tolist(), split.valid.tolist()] == [list(range(70)), list(range(70, 80))]
    assert (held.tolist(), record) == (list(range(80, 100)), {"kind": "column"})
    for other in (NoHoldout(kind="none"), TimeHoldout(kind="time")):
        with pytest.raises(ConfigError, match=r"data\.holdout\.kind: folds\.column marks 20 rows as test"):
            set_holdout(table, other, data)


def test_without_test_rows_the_holdout_comes_from_the_training_rows(tmp_path):
    table, data = table_of(tmp_path, ROWS.assign(part=["train"] * 80 + ["dev"] * 20), BY_COLUMN)
    split, held, record = cut(table, data, BY_COLUMN)
    assert split.valid.tolist() == list(range(80, 100))
    assert (len(held), held.max() < 80, len(split.train)) == (16, True, 64)
    assert cut(table, data, BY_COLUMN, frozen=record)[1].tolist() == held.tolist()
    split, held, record = cut(table, data, BY_COLUMN, NoHoldout(kind="none"))
    assert (len(split.train), len(split.valid), len(held), record) == (80, 20, 0, {"kind": "none"})


def test_a_file_of_validation_rows_follows_those_that_train(tmp_path):
    ROWS[80:][["y", "b", "a"]].assign(more=1).to_csv(tmp_path / "valid.csv", index=False)
    folds = FoldsSpec(kind="given", path=str(tmp_path / "valid.csv"))
    table, data = table_of(tmp_path, ROWS[:80], folds)
    assert np.array_equal(table.frame["a"], ROWS["a"])
    assert table.rows.tolist() == list(range(100))
    assert table.notes == ("rows 81 to 100 are those of valid.csv, which validate (folds.path)",)
    assert len(table.mark.split()) == 2
    split, held, _ = cut(table, data, folds)
    assert (split.valid.tolist(), len(split.train), len(held)) == (list(range(80, 100)), 64, 16)
    ROWS[80:].drop(columns="b").to_csv(tmp_path / "valid.csv", index=False)
    with pytest.raises(DataError, match=r"valid\.csv has no column 'b'"):
        read_table(data, folds=folds)


def test_another_side_is_another_table(tmp_path):
    one, _ = table_of(tmp_path, ROWS.assign(part=PART), BY_COLUMN)
    other, _ = table_of(tmp_path, ROWS.assign(part=[*PART[:9], "val", *PART[10:]]), BY_COLUMN)
    assert one.fingerprint != other.fingerprint
    assert one.rows_fingerprint != other.rows_fingerprint
    assert len(other.take([8, 9]).sides) == 2


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (["train"] * 100, "given, but no row is marked validation"),
        (["val"] * 100, "given, but no row is marked train"),
        ((["train", "val"] * 50), "given, but no train row is of class 'yes'"),
    ],
)
def test_sides_without_rows_or_without_a_class_are_refused(tmp_path, part, sentence):
    with pytest.raises(ConfigError, match=rf"folds\.kind: {sentence}"):
        table_of(tmp_path, ROWS.assign(part=part), BY_COLUMN)


@pytest.mark.parametrize(
    ("column", "options", "error", "sentence"),
    [
        ("prt", {}, DataError, "has no column 'prt', did you mean part?"),
        ("y", {}, ConfigError, r"'y' is data\.target already"),
        ("part", {"group": "part"}, ConfigError, r"'part' is data\.group already"),
        ("part", {"row_key": ["a", "part"]}, ConfigError, r"'part' is data\.row_key already"),
    ],
)
def test_a_column_that_is_missing_or_has_another_role_is_refused(tmp_path, column, options, error, sentence):
    with pytest.raises(error, match=r"folds\.column: .*" + sentence):
        table_of(tmp_path, ROWS.assign(part=PART), FoldsSpec(kind="given", column=column), **options)


def test_a_row_without_a_target_has_no_side(tmp_path):
    rows = ROWS.assign(part=PART)
    rows.loc[0, "y"] = None
    table, data = table_of(tmp_path, rows, BY_COLUMN)
    split, held, _ = cut(table, data, BY_COLUMN, HashHoldout())
    assert (len(table), len(split.train), len(split.valid), len(held)) == (99, 69, 10, 20)


def test_without_folds_all_columns_of_numbers_are_numbers(tmp_path):
    rows = pd.DataFrame({"x": [0, 1, 2, 3], "flag": [0, 1, 1, 0], "word": list("uvuv"), "y": [0, 2, 4, 6]})
    usual, _ = table_of(tmp_path, rows, None)
    assert [column.kind for column in usual.schema.columns] == ["category", "category"]
    assert usual.left_out == {"x": "identifier (counts the rows)"}
    lecture, data = table_of(tmp_path, rows, FoldsSpec(kind="none"))
    assert [column.kind for column in lecture.schema.columns] == ["number", "number", "category"]
    split, held, record = cut(lecture, data, FoldsSpec(kind="none"), NoHoldout(kind="none"))
    assert split.train.tolist() == split.valid.tolist() == [0, 1, 2, 3]
    assert (len(held), record) == (0, {"kind": "none"})
