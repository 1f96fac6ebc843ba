import json
import shlex

import numpy as np
import pandas as pd
import pytest

from foldwise.data.audit.audit import audit
from foldwise.data.audit.finding import Finding, merged, refuse
from foldwise.data.read_table import read_table
from foldwise.data.split import cut_folds
from foldwise.doors.overrides import read_override
from foldwise.errors import ConfigError
from foldwise.spec.data import CsvData
from foldwise.spec.folds import FoldsSpec


def findings(tmp_path, rows=400, count=3, pixels=False, holdout=None, data=None, used=frozenset(), folds=None, **columns):
    rng = np.random.default_rng(0)
    base = {"a": rng.normal(size=rows), "y": rng.permutation(np.arange(rows) % 2)}
    pd.DataFrame({**base, **columns}).to_csv(tmp_path / "rows.csv", index=False)
    table = read_table(
        CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y", **(data or {})), pixels=pixels, used=used
    )
    development = np.arange(len(table))
    splits = cut_folds(table, development, folds or FoldsSpec(count=count), 0)
    return audit(table, development, splits, None if holdout is None else table.take(holdout))


def test_a_clean_table_has_no_findings(tmp_path):
    assert findings(tmp_path) == ()


def test_left_out_columns_are_reported(tmp_path):
    (found,) = findings(tmp_path, row=range(400))
    assert (found.level, found.check, found.columns) == ("note", "identifier", ("row",))


@pytest.mark.parametrize("said", [{"drop": ["row"]}, {"kinds": {"row": "identifier"}}])
def test_columns_that_the_user_left_out_are_not_reported(said, tmp_path):
    assert findings(tmp_path, row=range(400), data=said) == ()


def test_many_levels_are_reported(tmp_path):
    (found,) = findings(tmp_path, c=[f"l {n % 60}" for n in range(400)])
    assert (found.level, found.columns) == ("warn", ("c",))
    assert "60 levels" in found.message


def test_a_rare_class_makes_accuracy_mislead_and_judges_few_rows(tmp_path):
    rare, few = findings(tmp_path, y=[1] * 3 + [0] * 397)
    assert "pr_auc" in rare.advice
    assert (few.level, few.check) == ("warn", "few_of_a_class")
    assert "'1' has 3 development rows in 3 folds" in few.message


def test_a_rare_class_in_one_split_is_told_without_a_number_of_folds(tmp_path):
    (*_, few) = findings(tmp_path, y=[1] * 10 + [0] * 390, folds=FoldsSpec(kind="split", share=0.1))
    assert "'1' has 10 development rows, and the split validates only 1 of them" in few.message
    assert few.advice == "validate on more rows, or merge or drop that class"


def test_a_few_copies_across_folds_are_counted(tmp_path):
    values = np.random.default_rng(1).normal(size=400)
    values[:40], answers = values[40:80], np.random.default_rng(2).permutation(np.arange(400) % 2)
    answers[:40] = answers[40:80]
    (found,) = findings(tmp_path, a=values, y=answers)
    assert (found.level, found.check) == ("note", "copies")
    assert "20.0% of the development rows" in found.message
    assert "of 400 validation rows" in found.message


def test_rows_that_are_in_the_holdout_too_are_counted(tmp_path):
    (few,) = findings(tmp_path, holdout=[*range(10)])
    assert (few.level, few.check) == ("leak", "holdout_copies")
    assert "10 of 10 holdout rows" in few.message


def test_a_date_that_is_a_feature_is_warned_of_too(tmp_path):
    days = [f"2020-01-{1 + n % 28:02d}" for n in range(399)] + [""]
    (found,) = findings(tmp_path, used=frozenset({"number", "category", "date"}), day=days)
    assert (found.level, found.check, found.columns) == ("warn", "time", ("day",))


def test_a_date_with_random_folds_is_warned_of(tmp_path):
    found = findings(tmp_path, day=[f"2020-01-{1 + n % 28:02d}" for n in range(400)])
    assert [(one.level, one.check, one.columns) for one in found] == [("warn", "time", ("day",)), ("note", "date", ("day",))]
    assert "data.time=day" in found[0].advice


def test_rows_sorted_by_class_are_noted_and_a_column_that_counts_them_is_warned_of(tmp_path):
    found = findings(tmp_path, y=np.arange(400) // 200, row=range(400))
    assert [(one.level, one.check, one.columns) for one in found] == [
        ("warn", "order", ("row",)),
        ("note", "order", ()),
        ("note", "identifier", ("row",)),
    ]


def series(rows=400, seed=5):
    """A number that follows its own past."""
    rng, y = np.random.default_rng(seed), np.zeros(rows)
    for row in range(1, rows):
        y[row] = 0.95 * y[row - 1] + rng.normal()
    return y


def test_rows_in_an_order_in_which_neighbours_are_alike_are_warned_of_with_the_options_for_it(tmp_path):
    (found,) = findings(tmp_path, y=series())
    assert (found.level, found.check, found.columns) == ("warn", "order", ())
    assert "neighbours are 94% alike in y, so shuffled folds may score better" in found.message
    assert "set folds=forward data.holdout.kind=time data.time=row (the row number)" in found.advice


def test_a_column_that_counts_or_dates_the_rows_is_proposed_as_their_time(tmp_path):
    counted = findings(tmp_path, y=series(), instant=range(7, 407))
    assert "data.time=instant;" in next(found for found in counted if found.check == "order").advice
    hours = pd.date_range("2024-01-01", periods=400, freq="h").strftime("%Y-%m-%d %H:%M")
    dated = [found for found in findings(tmp_path, y=series(), hour=hours) if found.check in ("order", "time")]
    assert [(found.level, found.check, found.columns) for found in dated] == [("leak", "time", ("hour",))]
    assert "set folds=forward data.holdout.kind=time data.time=hour" in dated[0].advice


def test_a_column_named_row_is_not_confused_with_the_row_number(tmp_path):
    (found,) = findings(tmp_path, y=series(), row=np.random.default_rng(1).permutation(400) / 7)
    assert "data.time=row" not in found.advice
    assert "a column that counts the rows as data.time" in found.advice


def test_a_number_sorted_in_the_source_is_a_note_that_names_time_too(tmp_path):
    for y in (np.sort(series()), np.sort(series())[::-1]):
        (found,) = findings(tmp_path, y=y)
        assert (found.level, found.check) == ("note", "order")
        assert "sorted by y" in found.message
        assert "data.time=row" in found.advice


def test_rows_of_a_date_are_never_said_to_need_nothing(tmp_path):
    days = pd.date_range("2024-01-01", periods=400).strftime("%Y-%m-%d")
    found = findings(tmp_path, y=np.arange(400) * 2.5, day=days)
    assert not [one for one in found if "no action needed" in one.advice]


def test_the_row_number_as_time_is_quiet(tmp_path):
    assert findings(tmp_path, y=series(), data={"time": "row"}) == ()


def test_a_constant_for_missing_values_gets_the_option_that_reads_it_so(tmp_path):
    rng = np.random.default_rng(3)
    y = rng.normal(20, 5, 400).round(1)
    y[rng.random(400) < 0.18] = -200
    (found,) = findings(tmp_path, y=y)
    assert found.message == "22% of its values are -200, unlike all others (4.7 to 36.6)"
    assert "\"data.missing=['','-200','-200.0']\"" in found.advice
    assert findings(tmp_path, y=y, data={"missing": ["", "-200", "-200.0"]}) == ()


@pytest.mark.parametrize(("written", "texts"), [("-200", "-200"), ("-200,0", "-200,0"), ("-200,000", "-200,000")])
def test_advice_about_a_constant_knows_the_decimal_mark_the_digits_and_the_words_for_missing(tmp_path, written, texts):
    rng = np.random.default_rng(3)
    y = [f"{number:.3f}".replace(".", ",") for number in rng.normal(20, 5, 400)]
    y = [written if rng.random() < 0.18 else cell for cell in y]
    a = [f"{number:.2f}".replace(".", ",") for number in rng.normal(size=400)]
    asked = {"decimal": ",", "missing": ["", "NA"]}
    (found,) = [one for one in findings(tmp_path, a=a, y=y, data=asked) if one.check == "sentinel"]
    (word,) = [word for word in shlex.split(found.advice.replace(", or", " or")) if word.startswith("data.missing=")]
    key, missing = read_override(word)
    assert (key, missing[:2]) == ("data.missing", ["", "NA"])
    assert texts in missing
    assert not [one for one in findings(tmp_path, a=a, y=y, data={**asked, "missing": missing}) if one.check == "sentinel"]


def test_options_in_advice_name_every_column_as_a_shell_takes_it(tmp_path):
    names = [f"it's {n}" for n in range(12)]
    (found,) = findings(tmp_path, **{name: np.zeros(400, dtype=int) for name in names})
    words = [word for word in shlex.split(found.advice) if word.startswith("data.drop=")]
    assert [read_override(word) for word in words] == [("data.drop", names)]
    days = pd.date_range("2024-01-01", periods=400).strftime("%Y-%m-%d")
    (warned, noted) = findings(tmp_path, **{"true": np.random.default_rng(0).permutation(days)})
    for one in (warned, noted):
        words = [word for word in shlex.split(one.advice) if word.startswith("data.time=")]
        assert [read_override(word) for word in words] == [("data.time", "true")]
    found = findings(tmp_path, **{"patient's_id": np.random.default_rng(0).permutation(np.arange(400) // 5) * 17})
    assert [read_override(shlex.split(one.advice.partition(" set ")[2])[0]) for one in found] == [
        ("data.group", "patient's_id")
    ]


def test_the_words_of_a_sum_have_its_signs(tmp_path):
    rng = np.random.default_rng(3)
    one, two = rng.normal(size=400), rng.normal(size=400)
    (found,) = findings(tmp_path, one=one, two=two, y=two - one)
    assert found.message == "y is two - one, but for rounding or a constant"
    (found,) = findings(tmp_path, one=one, two=two, y=-3 * (two + one))
    assert found.message == "y is one + two, times -3, but for rounding or a constant"


@pytest.mark.parametrize(
    ("formula", "make"),
    [
        ("one * two", lambda one, two, three: one * two),
        ("one / two", lambda one, two, three: 100 * one / two),
        ("one * three / two", lambda one, two, three: one * three / two),
    ],
)
def test_a_product_or_a_ratio_that_is_the_target_is_told(tmp_path, formula, make):
    rng = np.random.default_rng(3)
    one, two, three = rng.normal(size=400), rng.integers(1, 20, 400) + 0.5, rng.lognormal(size=400)
    (found,) = [
        one_ for one_ in findings(tmp_path, one=one, two=two, three=three, y=make(one, two, three)) if one_.check == "sum"
    ]
    assert (found.level, found.message) == ("warn", f"y is {formula}, but for rounding or a factor")
    noisy = make(one, two, three) * rng.lognormal(0, 0.2, 400)
    assert not [one_ for one_ in findings(tmp_path, one=one, two=two, three=three, y=noisy) if one_.check == "sum"]


def test_a_column_with_the_name_of_a_group_is_proposed_as_group(tmp_path):
    patients = np.random.default_rng(0).permutation(np.arange(400) // 5) * 17
    (found,) = findings(tmp_path, patient_id=patients)
    assert (found.level, found.check) == ("note", "groups")
    assert "data.group=patient_id" in found.advice


def test_many_columns_of_a_kind_are_one_finding(tmp_path):
    black = {f"pixel{n}": np.zeros(400, dtype=int) for n in range(150)}
    for pixels in (True, False):
        (found,) = findings(tmp_path, pixels=pixels, **black)
        assert (found.level, found.check) == ("note", "constant")
        assert len(found.columns) == 150
        assert len(found.advice) < 200


def test_a_table_of_many_columns_is_audited_without_a_warning(tmp_path):
    assert findings(tmp_path, **{f"pixel{n}": np.arange(400) % 7 / 2 for n in range(150)}) == ()


def test_the_worst_come_first():
    levels = [finding.level for finding in merged(Finding(level, level, (), "m", "a") for level in ("note", "leak", "warn"))]
    assert levels == ["leak", "warn", "note"]


def test_findings_of_a_kind_that_differ_are_one_beyond_four():
    few = [Finding("leak", "target", (f"c{n}",), f"tells {n}", "drop {columns}") for n in range(4)]
    assert [finding.advice for finding in merged(few)] == ["drop c0", "drop c1", "drop c2", "drop c3"]
    (one,) = merged([*few, Finding("leak", "target", ("c4",), "tells 4", "drop {columns}")])
    assert one.columns == ("c0", "c1", "c2", "c3", "c4")
    assert one.message == "5 columns; for c0: tells 0"


def test_findings_of_one_column_are_not_counted_as_columns():
    (one,) = merged(Finding("warn", "few_of_a_class", ("y",), f"class {n}", "merge it") for n in range(5))
    assert (one.columns, one.message) == (("y",), "5 findings; the first: class 0")


def test_a_finding_is_the_same_after_it_was_written_as_json():
    found = Finding("leak", "target", ("b",), "m", "a")
    assert json.loads(json.dumps(found.record)) == found.record
    assert Finding(**{**found.record, "columns": tuple(found.record["columns"])}) == found


def test_a_strict_audit_counts_and_names_its_findings_except_accepted_ones():
    found = (Finding("leak", "target", ("b",), "m", "a"), Finding("note", "copies", (), "m", "a"))
    with pytest.raises(ConfigError, match=r"audit\.strict: 1 leak and 1 note found: target \(b\); copies; .*accept=\[target,c"):
        refuse(found)
    with pytest.raises(ConfigError, match="1 leak found"):
        refuse(found, ("copies",))
    refuse(found, ("copies", "target"))
    refuse(())
