import numpy as np
import pandas as pd

from foldwise.data.audit import audit
from foldwise.data.split import cut_folds
from foldwise.data.table import read_table
from foldwise.data_specs import CsvData, FoldsSpec


def findings(tmp_path, rows=400, **columns):
    rng = np.random.default_rng(0)
    base = {"a": rng.normal(size=rows), "y": np.arange(rows) % 2}
    pd.DataFrame({**base, **columns}).to_csv(tmp_path / "rows.csv", index=False)
    table = read_table(CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y"))
    development = np.arange(len(table))
    return audit(table, development, cut_folds(table, development, FoldsSpec(count=3), 0))


def test_a_clean_table_has_no_findings(tmp_path):
    assert findings(tmp_path) == ()


def test_left_out_columns_are_told(tmp_path):
    (found,) = findings(tmp_path, row=range(400))
    assert (found.level, found.column) == ("note", "row")
    assert "identifier" in found.message


def test_many_levels_are_told(tmp_path):
    (found,) = findings(tmp_path, c=[f"l {n % 60}" for n in range(400)])
    assert (found.level, found.column) == ("warn", "c")
    assert "60 levels" in found.message


def test_a_rare_class_makes_accuracy_mislead(tmp_path):
    (found,) = findings(tmp_path, y=[1] * 3 + [0] * 397)
    assert "pr_auc" in found.message


def test_duplicates_across_folds_are_counted(tmp_path):
    (found,) = findings(tmp_path, a=np.repeat(np.arange(200) / 3, 2), y=np.repeat(np.arange(200) % 2, 2))
    assert found.level == "note"
    assert "of 400 validation rows" in found.message


def test_a_date_with_random_folds_is_warned_of(tmp_path):
    found = findings(tmp_path, day=[f"2020-01-{1 + n % 28:02d}" for n in range(400)])
    assert [(one.level, one.column) for one in found] == [("note", "day"), ("warn", "day")]
    assert "data.time=day" in found[1].message


def test_a_table_of_many_columns_is_audited_without_a_warning(tmp_path):
    assert findings(tmp_path, **{f"pixel{n}": np.arange(400) % 7 / 2 for n in range(150)}) == ()
