import tracemalloc

import numpy as np
import pandas as pd
import pytest

from foldwise.data.read_table import read_given_holdout, read_table
from foldwise.data.schema import Column, Schema, conform
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import CsvData, ParquetData, SklearnData

SCHEMA = Schema((Column("n", "number"), Column("c", "category")))


def csv_table(tmp_path, columns, **options):
    path = tmp_path / "rows.csv"
    pd.DataFrame(columns).to_csv(path, index=False, sep=options.get("delimiter", ","))
    return read_table(CsvData(kind="csv", path=str(path), target=options.pop("target", "y"), **options))


def columns(rows=60, **more):
    """A number column, a target of two classes, and further columns."""
    return {"a": [number % 7 / 2 for number in range(rows)], **more, "y": [number % 2 for number in range(rows)]}


def kinds(table):
    return {column.name: column.kind for column in table.schema.columns}


# ------------------------------------------------------------------ conform


def test_columns_are_taken_by_name_in_any_order_and_others_are_ignored():
    frame = pd.DataFrame({"x": [0], "c": ["u"], "n": ["1.5"]})
    typed = conform(frame, SCHEMA)
    assert list(typed.columns) == ["n", "c"]
    assert typed.iloc[0].to_list() == [1.5, "u"]


def test_levels_of_any_type_are_canonical_text():
    for three in (3, 3.0, "3", " 3 ", "3.0"):
        assert conform(pd.DataFrame({"n": [1], "c": pd.Series([three], dtype=object)}), SCHEMA)["c"].to_list() == ["3"]
    typed = conform(pd.DataFrame({"n": [1.0, 2, 3], "c": [True, None, "007"]}), SCHEMA)
    assert typed["c"].to_list() == ["True", None, "007"]
    assert typed["c"].dtype == object


def test_true_and_1_are_two_levels_and_an_empty_text_is_one_unless_it_means_missing():
    cells = pd.Series([1, True, ""], dtype=object)
    assert conform(pd.DataFrame({"n": [1, 1, 1], "c": cells}), SCHEMA)["c"].to_list() == ["1", "True", None]
    assert conform(pd.DataFrame({"n": [1, 1, 1], "c": cells}), SCHEMA, missing=["?"])["c"].to_list() == ["1", "True", ""]


def test_missing_marks_and_numeric_marks_become_missing():
    frame = pd.DataFrame({"n": ["?", "-999.0", "2"], "c": ["?", "", "u"]})
    typed = conform(frame, SCHEMA, missing=("", "?", "-999"))
    assert np.isnan(typed["n"].to_numpy()[:2]).all()
    assert typed["c"].to_list() == [None, None, "u"]


@pytest.mark.parametrize("word", ["high", "nan", "1_000", "1,5", True])
def test_a_word_in_a_number_column_is_named_with_its_row(word):
    with pytest.raises(DataError, match=f"column n, row 2: '{word}'"):
        conform(pd.DataFrame({"n": pd.Series([1, word], dtype=object), "c": ["u", "u"]}), SCHEMA)


@pytest.mark.parametrize("number", [np.inf, -np.inf, 1e308, "1e308"])
def test_numbers_that_no_network_can_hold_are_refused(number):
    with pytest.raises(DataError, match="column n, row 1"):
        conform(pd.DataFrame({"n": pd.Series([number]), "c": ["u"]}), SCHEMA)


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="column n is missing, did you mean N"):
        conform(pd.DataFrame({"N": [1], "c": ["u"]}), SCHEMA)


def test_decimal_commas_are_read_when_asked():
    assert conform(pd.DataFrame({"n": ["1,5"], "c": ["u"]}), SCHEMA, decimal=",")["n"].to_list() == [1.5]


# ------------------------------------------------------------------ kinds


def test_identifiers_are_left_out_and_floats_never_are(tmp_path):
    table = csv_table(
        tmp_path,
        columns(
            row=range(5, 65),
            user_id=[number * 17 for number in range(60)],
            customerId=[number * 3 + 1 for number in range(60)],
            humid=[number * 3 + 1 for number in range(60)],
            real_id=[number + 0.0 for number in range(60)],
            code=[f"k{number}" for number in range(60)],
        ),
    )
    assert set(table.left_out) == {"row", "user_id", "customerId", "code"}
    assert kinds(table) == {"a": "number", "humid": "number", "real_id": "number"}


def test_text_dates_constants_and_empty_columns_are_left_out_with_their_reason(tmp_path):
    table = csv_table(
        tmp_path,
        columns(
            story=[f"once upon {number}" for number in range(60)],
            day=[f"2020-01-{1 + number % 28:02d}" for number in range(60)],
            same=[4] * 60,
            nothing=[None] * 60,
        ),
    )
    assert table.left_out["story"] == "free text"
    assert table.left_out["day"] == "date"
    assert table.left_out["same"].startswith("constant")
    assert table.left_out["nothing"] == "all missing"


def test_two_levels_and_mixed_truth_words_are_categories(tmp_path):
    words = ["yes", "no", "TRUE", "false"]
    table = csv_table(tmp_path, columns(flag=[number % 2 for number in range(60)], mixed=[words[n % 4] for n in range(60)]))
    assert kinds(table) == {"a": "number", "flag": "category", "mixed": "category"}


def test_whole_numbers_beyond_2_to_the_53_are_kept_exactly(tmp_path):
    big = 2**60
    table = csv_table(
        tmp_path,
        columns(serial=[str(big + number * 3) for number in range(60)], level=[str(big + number % 3) for number in range(60)]),
    )
    assert table.left_out == {"serial": "identifier"}
    assert set(table.frame["level"]) == {str(big), str(big + 1), str(big + 2)}
    assert len(table.notes) == 2


def test_data_kinds_decide_where_given(tmp_path):
    more = {"b": [number % 5 for number in range(60)], "row": range(60)}
    table = csv_table(tmp_path, columns(**more), kinds={"b": "category", "row": "number", "a": "text"})
    assert kinds(table) == {"b": "category", "row": "number"}
    assert table.left_out == {"a": "free text, by data.kinds"}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            ["1.5"] * 50 + ["?"] * 10,
            ["column b", "'?'", "10 of 60", "row 51", "data.missing=['','?']", "data.kinds.b=category"],
        ),
        (["1.5"] * 50 + ["NA"] * 10, ["'NA'", "data.missing=['','NA']"]),
        (["1,5", "2,25"] * 30, ["column b", "data.decimal=','"]),
        (["1,234", "12"] * 30, ["column b", "thousands"]),
        (["1.5"] * 59 + ["inf"], ["column b, row 60", "'inf'"]),
        (["1.5"] * 59 + ["1e308"], ["column b, row 60"]),
    ],
)
def test_columns_that_are_nearly_numbers_are_refused_with_a_proposal(tmp_path, cells, words):
    with pytest.raises(DataError) as caught:
        csv_table(tmp_path, columns(b=cells))
    for word in words:
        assert word in str(caught.value)


def test_the_proposal_for_nearly_numbers_works(tmp_path):
    cells = ["1.5", "2.5"] * 25 + ["?"] * 10
    table = csv_table(tmp_path, columns(b=cells), missing=["", "?"])
    assert int(table.frame["b"].isna().sum()) == 10
    assert kinds(csv_table(tmp_path, columns(b=cells), kinds={"b": "category"}))["b"] == "category"


def test_question_marks_among_levels_are_noted(tmp_path):
    table = csv_table(tmp_path, columns(b=["u", "v", "?"] * 20))
    assert "data.missing=['','?']" in table.notes[0]


def test_a_table_without_a_usable_feature_is_refused_with_the_reasons(tmp_path):
    with pytest.raises(DataError, match=r"no usable feature.*row: identifier.*data\.kinds"):
        csv_table(tmp_path, {"row": range(60), "y": [0, 1] * 30})


# ------------------------------------------------------------------ target and task


@pytest.mark.parametrize(
    ("target", "task", "labels"),
    [
        (["no", "yes"] * 30, "binary", ("no", "yes")),
        ([True, False] * 30, "binary", ("False", "True")),
        (["b", "a", "c"] * 20, "multiclass", ("a", "b", "c")),
        ([10, 9, 2] * 20, "multiclass", ("2", "9", "10")),
        ([10.0, 9.0, 2.0] * 20, "multiclass", ("2", "9", "10")),
        (range(60), "regression", ()),
        ([number / 4 for number in range(3)] * 20, "regression", ()),
    ],
)
def test_the_task_is_inferred(tmp_path, target, task, labels):
    table = csv_table(tmp_path, {**columns(), "y": target})
    assert (table.task, table.labels) == (task, labels)
    if labels:
        canonical = [str(int(cell)) if isinstance(cell, float) else str(cell) for cell in target]
        assert [labels[code] for code in table.target] == canonical


def test_the_task_can_be_set(tmp_path):
    table = csv_table(tmp_path, {**columns(), "y": [1, 2, 3] * 20}, task="regression")
    assert (table.task, table.target[:3].tolist()) == ("regression", [1.0, 2.0, 3.0])


def test_the_positive_label_goes_last(tmp_path):
    assert csv_table(tmp_path, columns(), positive=0).labels == ("1", "0")


def test_rows_without_a_target_are_dropped_and_counted(tmp_path):
    target = ["u", "v", None] * 20
    table = csv_table(tmp_path, {**columns(), "y": target})
    assert len(table) == 40
    assert table.rows[:4].tolist() == [0, 1, 3, 4]
    assert "20 of 60 rows have no y" in table.notes[0]


@pytest.mark.parametrize(
    ("target", "options", "error", "words"),
    [
        ([None] * 60, {}, DataError, "missing in all 60 rows"),
        (["u"] * 60, {}, DataError, "in every row"),
        ([f"w{number}" for number in range(60)], {}, DataError, "looks like text"),
        (["a", "b", "c"] * 20, {"task": "binary"}, ConfigError, "data.task"),
        (["a", "b"] * 30, {"task": "multiclass"}, ConfigError, "use binary"),
        (["a", "b"] * 30, {"task": "regression"}, DataError, "row 1: 'a' is not a number"),
        (["a", "b"] * 30, {"positive": "c"}, ConfigError, "data.positive"),
        (["a", "b", "c"] * 20, {"positive": "c"}, ConfigError, "data.positive"),
        (["1.5"] * 30 + ["2.5"] * 29 + ["NA"], {}, DataError, "data.missing=['','NA']"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(tmp_path, target, options, error, words):
    with pytest.raises(error) as caught:
        csv_table(tmp_path, {**columns(), "y": target}, **options)
    assert words in str(caught.value)


# ------------------------------------------------------------------ the table as a whole


def test_csv_and_parquet_make_the_same_table(tmp_path):
    frame = pd.DataFrame(
        columns(n=[1, 2, None] * 20, c=["u", None, "v"] * 20, b=[True, False, True] * 20, k=range(60), z=[1.0, 2.5, 3] * 20)
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    text = read_table(CsvData(kind="csv", path=str(tmp_path / "t.csv"), target="y"))
    binary = read_table(ParquetData(kind="parquet", path=str(tmp_path / "t.parquet"), target="y"))
    assert text.schema == binary.schema
    assert text.left_out == binary.left_out
    assert text.fingerprint == binary.fingerprint


def test_the_fingerprint_follows_values_and_target(tmp_path):
    table = csv_table(tmp_path, columns())
    changed = columns()
    changed["a"][3] += 1
    assert csv_table(tmp_path, columns()).fingerprint == table.fingerprint
    assert csv_table(tmp_path, changed).fingerprint != table.fingerprint


def test_the_fingerprint_of_rows_forgets_their_order_and_nothing_else(tmp_path):
    rows = pd.DataFrame(columns(c=["u", None, "v"] * 20, n=["1", "2.5", None] * 20))
    table = csv_table(tmp_path, rows)
    for same in (rows[::-1], rows.sample(frac=1, random_state=0), rows[rows.columns[::-1]]):
        assert csv_table(tmp_path, same).rows_fingerprint == table.rows_fingerprint
        assert csv_table(tmp_path, same).fingerprint != table.fingerprint
    swapped = rows.assign(c=[*rows["c"][1:], rows["c"][0]])
    answers = rows.assign(y=[rows["y"][1], rows["y"][0], *rows["y"][2:]])
    for other in (swapped, answers, pd.concat([rows, rows[:1]]), rows[1:], pd.concat([rows[1:], rows[1:2]])):
        assert csv_table(tmp_path, other).rows_fingerprint != table.rows_fingerprint


def test_raw_rows_of_the_table_conform_to_its_frame(tmp_path):
    table = csv_table(tmp_path, columns(c=["u", None, "v"] * 20, n=["1", "2.5", None] * 20))
    pd.testing.assert_frame_equal(conform(table.raw, table.schema), table.frame)


def test_take_keeps_everything_aligned(tmp_path):
    table = csv_table(tmp_path, columns(g=["p", "q", "r"] * 20, t=range(60)), group="g", time="t")
    part = table.take([5, 2])
    assert part.rows.tolist() == [5, 2]
    assert part.groups.tolist() == ["r", "r"]
    assert part.times.tolist() == [5.0, 2.0]
    assert part.frame["a"].to_list() == table.frame["a"].iloc[[5, 2]].to_list()
    assert {"g", "t"} <= set(table.left_out)


def test_group_and_time_must_be_known_in_every_row(tmp_path):
    with pytest.raises(DataError, match=r"column g, row 2.*data\.group"):
        csv_table(tmp_path, columns(g=["p", None, "r"] * 20), group="g")
    with pytest.raises(DataError, match=r"column t, row 1: 'May'.*data\.time"):
        csv_table(tmp_path, columns(t=["May", "June", "July"] * 20), time="t")


def test_a_given_holdout_takes_schema_and_labels_of_the_training_rows(tmp_path):
    data = CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y")
    table = csv_table(tmp_path, {**columns(c=["u", "v", "w"] * 20), "y": ["lo", "hi"] * 30})
    (tmp_path / "test.csv").write_text("y,c,a,more\nhi,new,1,2\n,u,1,2\nlo,u,2,2\n")
    held = read_given_holdout(data, str(tmp_path / "test.csv"), table)
    assert held.rows.tolist() == [0, 2]
    assert [table.labels[code] for code in held.target] == ["hi", "lo"]
    assert held.frame["c"].to_list() == ["new", "u"]
    assert held.schema == table.schema


def test_labels_with_an_extra_full_stop_are_refused_with_the_remedy(tmp_path):
    table = csv_table(tmp_path, {**columns(), "y": ["<=5", ">5"] * 30})
    (tmp_path / "test.csv").write_text("a,y\n1,<=5.\n2,>5.\n")
    data = CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y")
    with pytest.raises(DataError, match=r"row 1: '<=5\.' is not a label.*data\.target_strip='\.'"):
        read_given_holdout(data, str(tmp_path / "test.csv"), table)
    stripped = data.model_copy(update={"target_strip": "."})
    assert read_given_holdout(stripped, str(tmp_path / "test.csv"), read_table(stripped)).target.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("name", "shape", "task"),
    [
        ("iris", (150, 4), "multiclass"),
        ("wine", (178, 13), "multiclass"),
        ("breast_cancer", (569, 30), "binary"),
        ("digits", (1797, 61), "multiclass"),
        ("diabetes", (442, 10), "regression"),
    ],
)
def test_tables_of_scikit_learn(name, shape, task):
    table = read_table(SklearnData(kind="sklearn", name=name))
    assert (table.frame.shape, table.task) == (shape, task)


def test_iris_is_labelled_by_species():
    assert read_table(SklearnData(kind="sklearn", name="iris")).labels == ("setosa", "versicolor", "virginica")


def test_pixels_stay_numbers_even_with_few_values(tmp_path):
    more = {"id": list(range(60)), "black": [0] * 60, "two": [0, 255] * 30, "one": [3, ""] * 30, "word": ["u", "v", "w"] * 20}
    pd.DataFrame(columns(**more)).to_csv(tmp_path / "rows.csv", index=False)
    data = CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y")
    usual, pixels = read_table(data), read_table(data, pixels=True)
    assert kinds(usual) == {"a": "number", "two": "category", "one": "category", "word": "category"}
    assert kinds(pixels) == {"a": "number", "black": "number", "two": "number", "one": "number", "word": "category"}
    assert set(pixels.left_out) == {"id"}
    assert pixels.frame["two"].iloc[:2].tolist() == [0.0, 255.0]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_text_of_numbers_is_not_kept(tmp_path, kind):
    """Raw columns that were views of the frame that was read kept the text of every cell: 60 bytes instead of 8."""
    rows, draw = 5000, np.random.default_rng(0)
    frame = pd.DataFrame({f"n{place}": draw.normal(size=rows) for place in range(8)})
    frame["c"] = draw.choice(["one", "two", "three"], rows)
    frame["y"] = draw.choice(["no", "yes"], rows)
    path = tmp_path / f"rows.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)
    data = (CsvData if kind == "csv" else ParquetData)(kind=kind, path=str(path), target="y")
    read_table(data)  # what it imports stays
    tracemalloc.start()
    try:
        table = read_table(data)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(table) == rows
    assert kept < 1.3 * rows * (8 * 8 + 8 + 8 + 8 + 8)  # numbers once; levels raw and typed, the target and the row's number


def test_equal_cells_of_a_file_are_one_text(tmp_path):
    table = csv_table(tmp_path, columns(c=["one", "two", "three"] * 20))
    assert len({id(cell) for cell in table.raw["c"]}) == 3
