"""Small files that people had trouble with elsewhere."""

import os
from pathlib import Path

import pytest

from foldwise.data.read_table import read_table
from foldwise.errors import DataError
from foldwise.spec.data import CsvData, ParquetData

DATA = Path(os.environ.get("FOLDWISE_DATA", Path(__file__).parents[4] / "shared" / "data"))
CASES = DATA.parent / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"the files are not at {CASES}")
USED = frozenset(("number", "category", "date"))


def read(file, target="y", **options):
    return read_table(CsvData(kind="csv", path=str(CASES / file), target=target, **options), used=USED)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("k_typo_one.csv", ["'0..5' in 1 of 200 rows"]),
        ("k_typo_two.csv", ["198 of 200 cells", "2 different words", "'0..5' and '1.2.3'", "row 10", "data.missing"]),
        ("k_two_words.csv", ["195 of 200 cells", "data.missing=['','NA','-']"]),
        ("k_less_than.csv", ["193 of 200 cells", "7 different words", "row 1"]),
        ("k_mixed_decimals.csv", ["'2,1' in row 1", "'45.2' in row 1"]),
        ("f_units.csv", ["looks numeric", "'611 lb' in row 1", "'254 kg' in row 2"]),
        ("m_dotted.csv", ["data.kinds.soil.depth=category"]),
        ("x_comment_head.csv", ["line 1", "data.comment='#'"]),
    ],
)
def test_what_is_not_certain_is_refused(file, words):
    with pytest.raises(DataError) as caught:
        read(file)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("file", "column", "kind", "note"),
    [
        ("f_percent.csv", "share", "number", "written like #%"),
        ("f_money.csv", "price", "number", "written like $#,###"),
        ("f_zip.csv", "zip", "category", "leading zeros"),
        ("d_us.csv", "when", "date", "written like %m/%d/%Y"),
        ("k_months.csv", "day", "date", "written like %d-%b-%y"),
        ("k_compact_dates.csv", "ts", "date", "written like %Y%m%d"),
        ("k_case_levels.csv", "soil", "category", "data.join_levels=true"),
        ("t_mixedbool.csv", "tree", "category", "data.join_levels=true"),
        ("k_target_cls_na.csv", "soil", "category", "'NA' is a label of y"),
        ("t_label_none.csv", "tree", "category", "'None' is a label of y"),
        ("x_sep_line.csv", "tree", "category", "line 1 (sep=,)"),
    ],
)
def test_what_is_certain_is_read_and_said(file, column, kind, note):
    table = read(file)
    assert {one.name: one.kind for one in table.schema.columns}[column] == kind
    assert any(note in said for said in table.notes)


def test_the_options_that_are_proposed_work():
    assert len(read("x_comment_head.csv", comment="#")) == 200
    assert read("k_case_levels.csv", join_levels=True).frame["soil"].nunique() == 2
    assert read("t_mixedbool.csv", join_levels=True).labels == ("false", "true")
    assert read("m_target_int_na.csv", "grade", missing=["", "NA"]).task == "multiclass"
    with pytest.raises(DataError, match=r"data\.task=multiclass"):
        read("m_target_int_na.csv", "grade")
    assert "NA" in read("m_target_int_na.csv", "grade", task="multiclass").labels
    assert read("f_money.csv", "price").task == read("f_percent.csv", "share").task == "regression"


def test_typed_truth_values_are_the_levels_of_the_text():
    from foldwise.data.preparation.encode import Levels
    from foldwise.data.schema import conform
    from foldwise.data.sources.read import read_chunks

    text = read("m_true_lower.csv")
    (typed,) = read_chunks(CASES / "m_true_typed.parquet", ParquetData(kind="parquet", path="", target="y"))
    cells = conform(typed, text.schema)["wet"]
    levels = Levels("wet", tuple(sorted(set(text.frame["wet"]))))
    assert (levels.ordinal(cells) == levels.ordinal(text.frame["wet"])).all()
