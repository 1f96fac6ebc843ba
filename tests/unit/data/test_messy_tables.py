"""Tables as people have them: what is read, what is said, what is refused."""

import shlex

import numpy as np
import pandas as pd
import pytest

from foldwise.config.read import read_study
from foldwise.data.read_table import read_given_holdout, read_table
from foldwise.data.schema import conform
from foldwise.data.target import known_target, scorable
from foldwise.doors.compose import compose_study
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import CsvData, ParquetData
from foldwise.spec.python_value import PythonFrame
from foldwise.spec.sources import FrameData

ROWS = 60
DATES = frozenset(("number", "category", "date"))


def some(*cells):
    return [cells[row % len(cells)] for row in range(ROWS)]


def write(tmp_path, rows=ROWS, **columns):
    path = tmp_path / "rows.csv"
    usual = {"a": [row % 7 for row in range(rows)], **columns}
    usual.setdefault("y", [row % 2 for row in range(rows)])
    pd.DataFrame(usual).to_csv(path, index=False)
    return path


def table(tmp_path, used=DATES, columns=None, **options):
    path = write(tmp_path, **(columns or {}))
    return read_table(CsvData(kind="csv", path=str(path), target="y", **options), used=used)


def framed(columns, **options):
    rows = {"a": np.arange(ROWS) % 7, "y": np.arange(ROWS) % 2, **columns}
    return read_table(FrameData(kind="frame", given=PythonFrame(pd.DataFrame(rows)), target="y", **options), used=DATES)


def kinds(found):
    return {column.name: column.kind for column in found.schema.columns}


NUMBERS = [f"{row * 1.5}" for row in range(ROWS)]


def with_words(*words):
    return [*words, *NUMBERS[len(words) :]]


# ------------------------------------------------------------------ odd words among numbers


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("0..5", "1.2.3"), "holds numbers in 58 of 60 cells, but 2 different words in 2: '0..5' and '1.2.3' (first in row 1)"),
        (("NA", "-"), "data.missing=['','NA','-']"),
        (("<5", "<6", "<7", "<8", "<9", "<10"), "6 different words in 6: '<5', '<6', '<7', '<8', '<9' and 1 more"),
        (("12 - 15", "unknown"), "data.kinds.x=category"),
    ],
)
def test_several_odd_words_among_numbers_are_refused_like_one(tmp_path, words, sentence):
    with pytest.raises(DataError) as of_file:
        table(tmp_path, columns={"x": with_words(*words)})
    assert sentence in str(of_file.value)
    with pytest.raises(DataError) as of_frame:
        framed({"x": pd.Series([*words, *map(float, NUMBERS[len(words) :])], dtype=object)})
    assert sentence in str(of_frame.value)
    with pytest.raises(DataError) as of_target:
        table(tmp_path, columns={"y": with_words(*words)})
    assert sentence.replace("data.kinds.x=category", "data.task=multiclass") in str(of_target.value)


def test_levels_of_which_some_are_numbers_stay_a_category(tmp_path):
    found = table(tmp_path, columns={"holiday": some("0", "0", "0", "0", "0", "a", "b", "c"), "ticket": some("1", "A", "B")})
    assert kinds(found)["holiday"] == kinds(found)["ticket"] == "category"


def test_words_at_the_end_alone_may_be_a_footer(tmp_path):
    cells = [*NUMBERS[:-1], "Total"]
    with pytest.raises(DataError, match=r"data\.skip_end=1"):
        table(tmp_path, columns={"x": cells})
    assert len(table(tmp_path, columns={"x": cells}, skip_end=1)) == ROWS - 1


def test_two_decimal_marks_are_named_with_a_row_each(tmp_path):
    with pytest.raises(DataError, match=r"two decimal marks: '1\.5' in row 2 and '2,5' in row 1"):
        table(tmp_path, columns={"x": ["2,5", *NUMBERS[1:]]})
    columns = {"x": some("2,1", "4", "3,3"), "z": some("45.2", "7", "6.1")}
    for decimal, message in ((".", "column x has the decimal mark ','"), (",", "column z has the decimal mark '.'")):
        with pytest.raises(DataError, match=message) as caught:
            table(tmp_path, columns=columns, decimal=decimal)
        assert "'2,1'" in str(caught.value)
        assert "'45.2'" in str(caught.value)


# ------------------------------------------------------------------ affixes and codes


@pytest.mark.parametrize(
    ("write_as", "values"),
    [("{:.1f}%", None), ("${:,.2f}", None), ("{} cm", None), ("{:.2f} km/h", None)],
)
def test_numbers_with_one_affix_are_read_and_served(tmp_path, write_as, values):
    numbers = [row * 37.5 for row in range(1, ROWS + 1)]
    texts = [write_as.format(number) for number in numbers]
    found = table(tmp_path, columns={"x": texts})
    assert kinds(found)["x"] == "number"
    assert found.frame["x"].to_list() == pytest.approx(numbers)
    assert any(note.startswith("x is read as a number written like") for note in found.notes)
    served = conform(pd.DataFrame({"a": [1] * 4, "x": pd.Series([texts[0], 37.5, "37.5", None], dtype=object)}), found.schema)
    assert served["x"].to_list()[:3] == [37.5] * 3
    with pytest.raises(DataError, match="row 1: '7 inch' is not a number"):
        conform(pd.DataFrame({"a": [1], "x": ["7 inch"]}), found.schema)
    target = table(tmp_path, columns={"y": texts})
    assert target.task == "regression"
    assert target.target.tolist() == pytest.approx(numbers)
    assert (
        scorable(pd.Series(texts[:2]), CsvData(kind="csv", path="", target="y"), (), target.written["y"]).values.tolist()
        == numbers[:2]
    )


def test_a_given_holdout_is_read_like_the_training_rows(tmp_path):
    texts = [f"{row + 0.5} kg" for row in range(ROWS)]
    days = [f"{1 + row % 12}/{13 + row % 15}/2020" for row in range(ROWS)]
    found = table(tmp_path, columns={"x": texts, "day": days, "y": texts})
    data = CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y")
    held = read_given_holdout(data, data.path, found)
    pd.testing.assert_frame_equal(held.frame, found.frame)
    assert held.target.tolist() == found.target.tolist()


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (
            [f"{row + 3} {'lb' if row % 2 else 'kg'}" for row in range(ROWS)],
            "different units: '3 kg' in row 1 and '4 lb' in row 2",
        ),
        (["$n/a", *(f"${row}" for row in range(1, ROWS))], "looks numeric: '$1', but 1 of 60 cells are written otherwise"),
        (["7", "8", *(f"{row} cm" for row in range(2, ROWS))], "looks numeric: '2 cm', but 2 of 60 cells"),
        ([f"{row},{row:03} kg" for row in range(1, ROWS + 1)], "can separate thousands or decimals"),
    ],
)
def test_affixes_that_are_not_clear_are_refused(tmp_path, cells, sentence):
    with pytest.raises(DataError) as caught:
        table(tmp_path, columns={"x": cells})
    assert sentence in str(caught.value)


def test_few_levels_with_letters_stay_categories(tmp_path):
    found = table(tmp_path, columns={"flat": some("10a", "10b", "11a"), "patient": some("P1", "P2", "P3")})
    assert kinds(found)["flat"] == kinds(found)["patient"] == "category"
    assert kinds(table(tmp_path, columns={"rate": some("5%", "10%")}))["rate"] == "category"
    assert table(tmp_path, columns={"y": some("5%", "10%", "20%")}).labels == ("10%", "20%", "5%")


def test_a_leading_zero_makes_a_category(tmp_path):
    found = table(tmp_path, columns={"zip": some("00501", "10001", "02139"), "share": some("0.5", "0", "0.25")})
    assert kinds(found) == {"a": "number", "zip": "category", "share": "number"}
    assert set(found.frame["zip"]) == {"00501", "10001", "02139"}
    assert any("zip holds codes with leading zeros ('00501')" in note for note in found.notes)
    assert kinds(table(tmp_path, columns={"zip": some("00501", "10001", "02139")}, kinds={"zip": "number"}))["zip"] == "number"


# ------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("{m}/{d}/{y}", "%m/%d/%Y"),
        ("{d}.{m}.{y} 10:30", "%d.%m.%Y %H:%M"),
        ("{d}-{b}-{s}", "%d-%b-%y"),
        ("{b} {d}, {y}", "%b %d, %Y"),
        ("{y}{m:02}{d:02}", "%Y%m%d"),
    ],
)
def test_dates_of_one_format_are_dates_in_training_and_serving(tmp_path, form, written):
    days = [(1 + row % 12, 13 + row % 15, 2010 + row % 5) for row in range(ROWS)]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    cells = [form.format(m=m, d=d, y=y, b=months[m - 1], s=y % 100) for m, d, y in days]
    found = table(tmp_path, columns={"day": cells})
    assert kinds(found)["day"] == "date"
    assert found.written == {"day": written}
    assert found.frame["day"].dt.year.to_list() == [y for _, _, y in days]
    assert found.frame["day"].dt.month.to_list() == [m for m, _, _ in days]
    assert any(note.startswith(f"day is read as dates written like {written}") for note in found.notes)
    typed = conform(pd.DataFrame({"a": 1, "day": [cells[0], found.raw["day"].iloc[0]]}), found.schema)
    assert typed["day"].nunique() == 1
    assert table(tmp_path, columns={"day": cells}, time="day").times.dtype.kind == "M"
    assert framed({"day": cells}).written == {"day": written}


def test_typed_digits_are_dates_too(tmp_path):
    days = [20240101 + row % 28 for row in range(ROWS)]
    assert kinds(framed({"day": days}))["day"] == "date"
    pd.DataFrame({"a": 1.5, "b": np.arange(ROWS) * 0.5, "day": days, "y": some(0, 1)}).to_parquet(tmp_path / "rows.parquet")
    data = ParquetData(kind="parquet", path=str(tmp_path / "rows.parquet"), target="y")
    assert kinds(read_table(data, used=DATES))["day"] == "date"
    assert kinds(framed({"day": days}, kinds={"day": "number"}))["day"] == "number"


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (["2020-02-31", *some("2020-01-02", "2021-03-04")[1:]], "1 of 60 cells are not ('2020-02-31' first, in row 1)"),
        (
            ["soon", *some("1/13/2020", "2/25/2020")[1:]],
            "dates such as '2/25/2020', but 1 of 60 cells are not ('soon' first, in row 1)",
        ),
        (some("2020-01-02", "1/13/2020"), "several formats: '2020-01-02' in row 1, '1/13/2020' in row 2"),
        (some("13/1/2020", "1/13/2020"), "several formats"),
        (some("1/2/2020", "3/4/2020"), "set data.dates.day=%m/%d/%Y or data.dates.day=%d/%m/%Y"),
    ],
)
def test_dates_that_are_not_clear_are_refused(tmp_path, cells, sentence):
    with pytest.raises(DataError) as caught:
        table(tmp_path, columns={"day": cells}, used=frozenset(("number", "category")))
    assert sentence in str(caught.value)
    assert kinds(table(tmp_path, columns={"day": cells}, kinds={"day": "category"}))["day"] == "category"


def test_a_format_and_a_kind_that_were_set_are_checked_at_once(tmp_path):
    cells = some("1/2/2020", "3/4/2020")
    found = table(tmp_path, columns={"day": cells}, dates={"day": "%d/%m/%Y"})
    assert found.frame["day"].dt.month.to_list()[:2] == [2, 4]
    with pytest.raises(DataError, match=r"row 1: '1/2/2020' is not a date written like %Y"):
        table(tmp_path, columns={"day": cells}, dates={"day": "%Y.%m.%d"})
    with pytest.raises(DataError, match=r"column day, row 1: 'red' is not a date"):
        table(tmp_path, columns={"day": some("red", "blue")}, used=frozenset(("number", "category")), kinds={"day": "date"})
    with pytest.raises(ValueError, match="is not a format of dates"):
        CsvData(kind="csv", path="", target="y", dates={"day": "dd/mm"})


def test_mixed_time_zones_are_noted(tmp_path):
    found = table(tmp_path, columns={"at": some("2020-01-01T10:00+01:00", "2020-07-01T10:00+02:00", "2020-07-01T10:00")})
    assert any("at has times in different zones (+01:00, +02:00 and none)" in note for note in found.notes)
    found = table(tmp_path, columns={"at": some("2020-01-01T10:00Z", "2020-07-01T10:00Z")})
    assert not any("zones" in note for note in found.notes)


# ------------------------------------------------------------------ levels and labels


def test_levels_that_differ_by_case_or_space_are_noted_and_joined_when_asked(tmp_path):
    columns = {"soil": some("clay", "Clay", "CLAY", "sandy  loam", "sandy loam"), "y": some("True", "true", "FALSE", "false")}
    found = table(tmp_path, columns=columns)
    notes = " ".join(found.notes)
    assert "soil has levels that differ only by case or space" in notes
    assert "y has labels that differ only by case or space" in notes
    joined = table(tmp_path, columns=columns, join_levels=True)
    assert joined.labels == ("false", "true")
    assert set(joined.frame["soil"]) == {"clay", "sandy loam"}
    served = conform(pd.DataFrame({"a": [1], "soil": ["SANDY   Loam"]}), joined.schema, join=True)
    assert served["soil"].to_list() == ["sandy loam"]
    assert table(tmp_path, columns=columns, join_levels=True, positive="FALSE").labels == ("true", "false")


@pytest.mark.parametrize("word", ["NA", "?", "None", "n/a", "-", "<NA>"])
def test_labels_and_levels_that_often_mean_missing_are_noted(tmp_path, word):
    found = table(tmp_path, columns={"soil": some("a", word, "b"), "y": some("yes", word, "no")})
    assert f"'{word}' is a label of y; if it means missing set \"data.missing=['','{word}']\"" in found.notes
    assert any(note.startswith(f"'{word}' is a level of soil") for note in found.notes)
    assert table(tmp_path, columns={"y": some("yes", word, "no")}, missing=["", word]).labels == ("no", "yes")


@pytest.mark.parametrize("spelling", [True, "TRUE", "True"])
def test_a_truth_value_means_the_label_with_that_name(tmp_path, spelling):
    data = CsvData(kind="csv", path="", target="y")
    assert scorable(pd.Series([spelling, "maybe"], dtype=object), data, ("false", "true")).values.tolist() == [1]
    assert known_target(pd.Series([spelling], dtype=object), data, ("false", "true")).values.tolist() == [1]


def test_names_that_differ_by_case_or_space_are_noted(tmp_path):
    found = table(tmp_path, columns={"A": some(1, 2, 3), "Y": some("u", "v", "w")})
    assert (
        "column names differ only by case or space: 'A' and 'a'; 'Y' and 'y'; rename one if they mean the same" in found.notes
    )


# ------------------------------------------------------------------ advice works when it is pasted


def pasted(error, path, target, *more):
    """The tables that each proposal in an error leads to."""
    words = [word.rstrip(";,") for word in shlex.split(str(error).replace("' ", "' ")) if word.startswith("data.")]
    assert words
    for word in words:
        config = compose_study(["data=csv", f"data.path={path}", f"data.target={target}", *more, word])
        yield word, read_table(read_study(config).fixed.data)


@pytest.mark.parametrize("name", ["soil.depth", "soil depth", "a=b", "$price", "größe", "is, it", "x[1]", "100%"])
@pytest.mark.parametrize("words", [["?"], ["NA", "-"], ["it$", 'a "b"']])
def test_proposals_for_words_work_for_every_name(tmp_path, name, words):
    path = write(tmp_path, **{name: with_words(*words)})
    with pytest.raises(DataError) as caught:
        read_table(CsvData(kind="csv", path=str(path), target="y"))
    results = [kinds(found)[name] for _, found in pasted(caught.value, path, "y")]
    assert results == ["number", "category"]


def test_proposals_for_a_target_work(tmp_path):
    path = write(tmp_path, y=["NA", *some("2", "3", "4")[1:]])
    with pytest.raises(DataError, match="the target y holds numbers") as caught:
        read_table(CsvData(kind="csv", path=str(path), target="y"))
    assert [found.labels for _, found in pasted(caught.value, path, "y")] == [("2", "3", "4"), ("2", "3", "4", "NA")]


def test_a_kind_for_the_target_gets_advice_for_a_target(tmp_path):
    path = write(tmp_path, y=some("2", "3", "4"))
    for kind, task in (("category", "multiclass"), ("number", "regression")):
        with pytest.raises(ConfigError, match=f"'y' is the target; set data.task={task}"):
            read_table(CsvData(kind="csv", path=str(path), target="y", kinds={"y": kind}))


# ------------------------------------------------------------------ thousands, typeset signs, words beside units


@pytest.mark.parametrize("mark", [",", " ", "'", "\u00a0", "\u202f", "\u2019"])
def test_advice_about_thousands_does_not_go_round_in_a_circle(tmp_path, mark):
    groups = [f"{row * 997 + 1000:,}".replace(",", mark) for row in range(ROWS)]
    with pytest.raises(DataError, match="seems to have thousands separators") as caught:
        table(tmp_path, columns={"x": groups, "z": NUMBERS})
    assert "data.decimal" not in str(caught.value)
    assert "data.kinds.x=category" in str(caught.value)


def test_a_typeset_minus_is_a_sign(tmp_path):
    columns = {"x": [f"\u2212{number}" for number in NUMBERS], "y": [f"\u2212{row % 9}.5" for row in range(ROWS)]}
    found = table(tmp_path, columns=columns)
    assert kinds(found)["x"] == "number"
    assert found.frame["x"].iloc[2] == -3
    assert (found.task, found.target.min()) == ("regression", -8.5)


def test_words_beside_cells_with_a_unit_get_the_option_that_makes_them_missing(tmp_path):
    path = write(tmp_path, x=["n/a", *(f"{row}%" for row in range(1, ROWS))])
    with pytest.raises(DataError, match="but 1 of 60 cells are written otherwise") as caught:
        read_table(CsvData(kind="csv", path=str(path), target="y"))
    assert [kinds(found)["x"] for _, found in pasted(caught.value, path, "y")] == ["number", "category"]
