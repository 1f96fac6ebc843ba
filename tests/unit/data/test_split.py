import os
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldwise.data.holdout import set_holdout
from foldwise.data.split import cut_folds
from foldwise.data.table import read_table
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import CsvData, HashHoldout, NoHoldout, ParquetData, TimeHoldout
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.sources import SqlData

ROOT = Path(__file__).parents[3]


def make(tmp_path, frame, name="rows.csv", **options):
    path = tmp_path / name
    if name.endswith(".csv"):
        frame.to_csv(path, index=False)
        data = CsvData(kind="csv", path=str(path), target="y", **options)
    else:
        frame.to_parquet(path)
        data = ParquetData(kind="parquet", path=str(path), target="y", **options)
    return read_table(data), data


def frame(rows=300, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=rows).round(3)
    return pd.DataFrame(
        {
            "a": numbers,
            "b": rng.integers(0, 1000, rows),
            "c": rng.choice(list("uvw"), rows),
            "y": [f"k{n % classes}" for n in range(rows)],
        }
    )


# ------------------------------------------------------------------ holdout


def test_about_the_share_of_every_class_is_held_out(tmp_path):
    table, data = make(tmp_path, frame())
    development, held, _ = set_holdout(table, HashHoldout(share=0.2), data)
    assert np.array_equal(np.sort(np.concatenate([development, held])), np.arange(300))
    assert np.bincount(table.target[held]).tolist() == [20, 20, 20]


def test_no_row_changes_side_when_the_table_grows(tmp_path):
    whole = frame(rows=900)
    table, data = make(tmp_path, whole.iloc[:300])
    _, held, record = set_holdout(table, HashHoldout(), data)
    grown, data = make(tmp_path, whole.sample(frac=1, random_state=1).assign(late=1.5))
    _, later, again = set_holdout(grown, HashHoldout(), data, record)
    old = {tuple(row) for row in whole.iloc[:300].iloc[held].to_numpy().tolist()}
    new = {tuple(row[:4]) for row in whole.sample(frac=1, random_state=1).iloc[later].to_numpy().tolist()}
    first = {tuple(row) for row in whole.iloc[:300].to_numpy().tolist()}
    assert new & first == old
    assert 0.1 < len(later) / 900 < 0.3
    assert again["cutoffs"] == record["cutoffs"]


def test_csv_and_parquet_hold_out_the_same_rows(tmp_path):
    rows = frame().assign(d=pd.Timestamp("2020-01-01"), f=True, n=[1, None, 3] * 100)
    text, one = make(tmp_path, rows)
    binary, two = make(tmp_path, rows, "rows.parquet")
    assert set_holdout(text, HashHoldout(), one)[1].tolist() == set_holdout(binary, HashHoldout(), two)[1].tolist()


def test_the_label_does_not_decide(tmp_path):
    rows = frame(classes=2)
    table, data = make(tmp_path, rows, row_key=["a", "b"])
    flipped, _ = make(tmp_path, rows.assign(y=rows["y"].map({"k0": "k1", "k1": "k0"})), row_key=["a", "b"])
    assert set_holdout(table, HashHoldout(), data)[1].tolist() == set_holdout(flipped, HashHoldout(), data)[1].tolist()


def test_identical_rows_and_groups_stay_together(tmp_path):
    rows = pd.concat([frame(), frame()], ignore_index=True)
    table, data = make(tmp_path, rows)
    held = np.zeros(600, dtype=bool)
    held[set_holdout(table, HashHoldout(), data)[1]] = True
    assert np.array_equal(held[:300], held[300:])
    table, data = make(tmp_path, rows.assign(g=[f"p{n % 40}" for n in range(600)]), group="g")
    development, aside, _ = set_holdout(table, HashHoldout(), data)
    assert not set(table.groups[development]) & set(table.groups[aside])


def test_time_holds_out_the_newest_from_a_frozen_instant(tmp_path):
    days = pd.date_range("2020-01-01", periods=300).strftime("%Y-%m-%d")
    table, data = make(tmp_path, frame().assign(t=days), time="t")
    development, held, record = set_holdout(table, TimeHoldout(kind="time", share=0.2), data)
    assert held.tolist() == list(range(240, 300))
    longer, data = make(tmp_path, frame(400).assign(t=pd.date_range("2020-01-01", periods=400).strftime("%Y-%m-%d")), time="t")
    assert set_holdout(longer, TimeHoldout(kind="time"), data, record)[0].tolist() == development.tolist()


def test_the_row_number_is_a_time_if_no_column_has_that_name(tmp_path):
    rows = frame()
    rows.loc[[0, 7], "y"] = None
    table, data = make(tmp_path, rows, time="row")
    assert table.times.tolist() == [float(number) for number in range(1, 301) if number not in (1, 8)]
    development, held, record = set_holdout(table, TimeHoldout(kind="time", share=0.2), data)
    assert table.rows[held].tolist() == list(range(240, 300))
    longer, data = make(tmp_path, pd.concat([rows, frame(100, seed=1)]), time="row")
    assert set_holdout(longer, TimeHoldout(kind="time"), data, record)[0].tolist() == development.tolist()
    for split in cut_folds(table, development, FoldsSpec(), seed=0):
        assert table.times[split.train].max() < table.times[split.valid].min()
    table, _ = make(tmp_path, frame().assign(row=range(300, 0, -1)), time="row")
    assert table.times.tolist() == list(range(300, 0, -1))
    assert table.left_out["row"] == "the time, by data.time"


def test_a_target_or_a_database_has_no_row_number_as_time(tmp_path):
    path = tmp_path / "rows.csv"
    frame().rename(columns={"y": "row"}).to_csv(path, index=False)
    with pytest.raises(ConfigError, match=r"data\.time: 'row' is the target"):
        read_table(CsvData(kind="csv", path=str(path), target="row", time="row"))
    with sqlite3.connect(tmp_path / "rows.db") as database:
        frame().to_sql("t", database, index=False)
    data = SqlData(kind="sql", url=f"sqlite:///{tmp_path / 'rows.db'}", query="SELECT * FROM t", target="y", time="row")
    with pytest.raises(DataError, match=r"data\.time: .* has no column 'row'"):
        read_table(data)


def test_a_holdout_without_rows_or_without_a_class_is_refused(tmp_path):
    rows = frame()
    rows.loc[0, "y"] = "once"
    table, data = make(tmp_path, rows)
    with pytest.raises(ConfigError, match=r"data\.holdout: no .* row would be of class 'once' \(1 rows in all\)"):
        set_holdout(table, HashHoldout(), data)
    table, data = make(tmp_path, frame())
    with pytest.raises(ConfigError, match=r"data\.time"):
        set_holdout(table, TimeHoldout(kind="time"), data)


def test_a_table_of_a_few_rows_is_told_how_it_can_be_learnt(tmp_path):
    table, data = make(tmp_path, pd.DataFrame({"a": [0.5, 0.1, 0.2], "b": [1, 2, 2], "y": ["u", "v", "w"]}))
    with pytest.raises(ConfigError, match=r"for a table of a few rows set folds=none data\.holdout\.kind=none"):
        set_holdout(table, HashHoldout(), data)
    with pytest.raises(ConfigError, match=r"class 'u' has 1 development rows.*; for a table of a few rows set folds=none"):
        cut_folds(table, np.arange(3), FoldsSpec(), 0)


def test_a_grown_table_without_a_key_column_is_refused(tmp_path):
    table, data = make(tmp_path, frame())
    record = set_holdout(table, HashHoldout(), data)[2]
    less, data = make(tmp_path, frame().drop(columns="b"))
    with pytest.raises(DataError, match="column b decides which rows are held out and is missing"):
        set_holdout(less, HashHoldout(), data, record)


# ------------------------------------------------------------------ folds


@pytest.mark.parametrize("kind", ["auto", "stratified", "kfold"])
def test_every_development_row_is_validated_once(tmp_path, kind):
    table, _ = make(tmp_path, frame())
    development = np.arange(30, 300)
    splits = cut_folds(table, development, FoldsSpec(kind=kind, count=5), seed=3)
    assert sorted(np.concatenate([split.valid for split in splits]).tolist()) == development.tolist()
    for split in splits:
        assert sorted([*split.train.tolist(), *split.valid.tolist()]) == development.tolist()


def test_the_seed_decides_the_folds(tmp_path):
    table, _ = make(tmp_path, frame())
    one, two, other = (cut_folds(table, np.arange(300), FoldsSpec(), seed)[0].valid.tolist() for seed in (1, 1, 2))
    assert one == two != other


def test_stratified_folds_keep_the_class_shares(tmp_path):
    table, _ = make(tmp_path, frame())
    for split in cut_folds(table, np.arange(300), FoldsSpec(count=10), seed=0):
        assert np.bincount(table.target[split.valid]).tolist() == [10, 10, 10]


def test_groups_are_never_on_both_sides(tmp_path):
    table, _ = make(tmp_path, frame().assign(g=[f"p{n % 40}" for n in range(300)]), group="g")
    for split in cut_folds(table, np.arange(300), FoldsSpec(), seed=0):
        assert not set(table.groups[split.train]) & set(table.groups[split.valid])


def test_forward_folds_validate_strictly_newer_rows(tmp_path):
    table, _ = make(tmp_path, frame().assign(t=[n // 10 for n in range(300)][::-1]), time="t")
    splits = cut_folds(table, np.arange(300), FoldsSpec(count=4), seed=0)
    assert len(splits) == 4
    for split in splits:
        assert table.times[split.train].max() < table.times[split.valid].min()


def test_split_is_one_stratified_validation(tmp_path):
    table, _ = make(tmp_path, frame())
    (split,) = cut_folds(table, np.arange(300), FoldsSpec(kind="split", share=0.1), seed=0)
    assert np.bincount(table.target[split.valid]).tolist() == [10, 10, 10]
    assert len(split.train) == 270


SEVENTY = FoldsSpec(kind="split", share=0.1, of="all")  # with data.holdout.share=0.2


@pytest.mark.parametrize("rows", [40, 50, 97, 150, 333, 1000, 1797])
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_seventy_ten_twenty_counts_all_rows(tmp_path, rows, classes):
    made = frame(rows, max(classes, 1))
    table, data = make(tmp_path, made if classes else made.assign(y=np.arange(rows) / 7))
    development, held, _ = set_holdout(table, HashHoldout(share=0.2), data)
    (split,) = cut_folds(table, development, SEVENTY, 0, len(held))
    assert len(split.train) + len(split.valid) + len(held) == rows
    assert len(split.valid) == round(0.1 * rows)
    assert abs(len(held) - 0.2 * rows) <= max(classes, 1) / 2  # a class is cut at whole rows
    for code in range(classes):
        wanted = 0.1 * (table.target == code).sum()
        assert abs((table.target[split.valid] == code).sum() - wanted) <= 1
    assert not set(split.train) & set(split.valid)


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("sizes", [[5] * 60, list(range(1, 31)), [100, 40, 30, 20] + [5] * 30])
def test_seventy_ten_twenty_keeps_groups_whole(tmp_path, classes, sizes):
    groups = np.repeat([f"p{n}" for n in range(len(sizes))], sizes)
    made = frame(len(groups), 2).assign(g=groups)
    table, data = make(tmp_path, made if classes else made.assign(y=np.arange(len(groups)) / 7), group="g")
    development, held, _ = set_holdout(table, HashHoldout(share=0.2), data)
    (split,) = cut_folds(table, development, SEVENTY, 0, len(held))
    assert not set(table.groups[split.train]) & set(table.groups[split.valid])
    assert abs(len(split.valid) - 0.1 * len(table)) <= 0.02 * len(table)
    if classes:
        assert abs(table.target[split.valid].mean() - table.target.mean()) < 0.1
    again = cut_folds(table, development, SEVENTY, 0, len(held))
    assert again[0].valid.tolist() == split.valid.tolist()
    assert cut_folds(table, development, SEVENTY, 1, len(held))[0].valid.tolist() != split.valid.tolist()


def test_a_split_of_one_group_is_refused(tmp_path):
    table, _ = make(tmp_path, frame().assign(g="one"), group="g")
    with pytest.raises(ConfigError, match="split keeps groups whole, and there is 1 group"):
        cut_folds(table, np.arange(300), SEVENTY, 0)


def test_without_folds_and_holdout_all_rows_train_and_judge(tmp_path):
    table, data = make(tmp_path, frame(4, 2))
    development, held, record = set_holdout(table, NoHoldout(kind="none"), data)
    (split,) = cut_folds(table, development, FoldsSpec(kind="none"), 0)
    assert (split.train.tolist(), split.valid.tolist(), len(held), record) == ([0, 1, 2, 3], [0, 1, 2, 3], 0, {"kind": "none"})


@pytest.mark.parametrize(
    ("folds", "options", "words"),
    [
        ({"kind": "grouped"}, {}, "needs data.group"),
        ({"kind": "forward"}, {}, "needs data.time"),
        ({"kind": "stratified"}, {"group": "g"}, "leaks"),
        ({"kind": "kfold"}, {"group": "g"}, "leaks"),
        ({"kind": "given", "column": "c"}, {}, "given needs rows that come with their sides"),
        ({"kind": "split", "share": 0.999, "of": "all"}, {}, "folds.share: 0.999 of all rows, 300 of 300 development rows"),
        ({"count": 41}, {"group": "g"}, "41 groups"),
        ({"count": 101}, {}, "class 'k0' has 100 development rows"),
        ({"kind": "kfold", "count": 301}, {}, "there are 300"),
        ({"kind": "split", "share": 0.001}, {}, "folds.share"),
    ],
)
def test_folds_that_cannot_be_cut_are_refused(tmp_path, folds, options, words):
    table, _ = make(tmp_path, frame().assign(g=[f"p{n % 40}" for n in range(300)]), **options)
    with pytest.raises(ConfigError) as caught:
        cut_folds(table, np.arange(300), FoldsSpec(**folds), seed=0)
    assert words in str(caught.value)


def test_stratified_needs_classes(tmp_path):
    table, _ = make(tmp_path, frame().assign(y=np.arange(300) / 7))
    with pytest.raises(ConfigError, match="needs classes"):
        cut_folds(table, np.arange(300), FoldsSpec(kind="stratified"), seed=0)


@pytest.mark.parametrize(("rows", "rarest", "count"), [(150, 50, 10), (2001, 900, 5), (100, 4, 4)])
def test_without_a_count_there_are_ten_folds_or_as_many_as_make_sense(rows, rarest, count):
    from foldwise.data.split import _usual_count

    classes = np.array([0] * (rows - rarest) + [1] * rarest)
    assert _usual_count(rows, classes) == count


def patients(ill, groups=20, each=10, seed=0):
    """Rows of patients, of whom the first `ill` have one row of the rare class each."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"g": np.repeat([f"p{n}" for n in range(groups)], each), "a": rng.normal(size=groups * each)})
    return rows.assign(y=["yes" if n % each == 0 and n // each < ill else "no" for n in range(groups * each)])


@pytest.mark.parametrize(("ill", "groups", "count"), [(3, 20, 3), (20, 20, 10), (4, 4, 4), (12, 30, 10)])
def test_the_automatic_number_of_folds_knows_groups(tmp_path, ill, groups, count):
    table, _ = make(tmp_path, patients(ill, groups), group="g")
    splits = cut_folds(table, np.arange(len(table)), FoldsSpec(), seed=0)
    assert len(splits) == count
    assert all(len(np.unique(table.target[side])) == 2 for split in splits for side in (split.train, split.valid))


@pytest.mark.parametrize("seed", range(5))
def test_the_automatic_number_of_folds_is_lowered_until_no_fold_lacks_a_class(tmp_path, seed):
    groups = np.repeat([f"p{n}" for n in range(12)], [60, 40, 30, 20, 10, 10, 5, 5, 5, 5, 5, 5])
    ill = np.isin(groups, ["p0", "p3", "p6", "p7", "p8"])
    rows = pd.DataFrame({"g": groups, "a": np.arange(200) % 17 / 3, "y": np.where(ill, "yes", "no")})
    table, _ = make(tmp_path, rows, group="g")
    splits = cut_folds(table, np.arange(200), FoldsSpec(), seed)
    assert 2 <= len(splits) <= 5
    assert all(len(np.unique(table.target[side])) == 2 for split in splits for side in (split.train, split.valid))


def test_the_automatic_number_of_forward_folds_knows_times_and_classes(tmp_path):
    table, _ = make(tmp_path, frame().assign(t=[n // 60 for n in range(300)]), time="t")
    assert len(cut_folds(table, np.arange(300), FoldsSpec(), seed=0)) == 4
    rare = frame(classes=1).assign(t=range(300))
    rare.loc[rare.index % 70 == 20, "y"] = "rare"
    table, _ = make(tmp_path, rare, time="t")
    assert 2 <= len(cut_folds(table, np.arange(300), FoldsSpec(), seed=0)) < 5


def test_rows_that_no_number_of_folds_fits_are_refused_without_advice_to_lower_it(tmp_path):
    for options, rows in (
        ({"group": "g"}, patients(1)),
        ({"group": "g"}, patients(20).assign(g="one")),
        ({"time": "t"}, frame(classes=2).assign(t=[n // 150 for n in range(300)])),
        ({"time": "t"}, frame(classes=2).assign(t=range(300), y=["k0"] * 290 + ["k1"] * 10)),
    ):
        table, _ = make(tmp_path, rows, **options)
        with pytest.raises(ConfigError, match=r"folds\.count: .*; (merge or drop|name another)") as caught:
            cut_folds(table, np.arange(len(table)), FoldsSpec(), seed=0)
        assert "lower it" not in str(caught.value)


CASES = Path(os.environ.get("FOLDWISE_DATA", ROOT.parent / "shared" / "data")).parent / "cases"


@pytest.mark.skipif(not CASES.is_dir(), reason=f"the cases are not at {CASES}")
@pytest.mark.parametrize("seed", range(4))
def test_patients_of_whom_few_are_ill_get_fewer_folds(seed):
    data = CsvData(kind="csv", path=str(CASES / "n_group.csv"), target="y", group="patient")
    table = read_table(data)
    development, _, _ = set_holdout(table, data.holdout, data)
    splits = cut_folds(table, development, FoldsSpec(), seed)
    assert 2 <= len(splits) < 10
    assert all(len(np.unique(table.target[side])) == 2 for split in splits for side in (split.train, split.valid))
