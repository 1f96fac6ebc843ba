"""Outer splits, and the files that a contestant gets."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.answer_tables import CLASSES, NUMBERS, TABLES, BenchmarkTable, outer_splits, write_task


def table(rows, metrics=CLASSES):
    draws = np.random.default_rng(0)
    values = draws.normal(size=rows) if metrics == NUMBERS else np.where(np.arange(rows) % 10 == 0, "yes", "no")
    frame = pd.DataFrame({"x": draws.normal(size=rows), "kind": draws.choice(["a", "b"], rows), "y": values})
    return BenchmarkTable(lambda: frame, "y", metrics)


@pytest.mark.parametrize(("rows", "count"), [(1_990, 10), (2_000, 5)])
def test_small_tables_have_more_splits_and_every_row_is_tested_once(rows, count):
    mine = table(rows)
    frame = mine.frame()
    splits = outer_splits(frame, mine)
    assert len(splits) == count
    assert sorted(np.concatenate([split.test for split in splits])) == list(range(rows))
    for split in splits:
        assert not set(split.train) & set(split.test)
        assert (frame["y"].iloc[split.test] == "yes").mean() == pytest.approx(0.1, abs=0.006)


def test_the_same_rows_are_drawn_and_split_each_time():
    drawn = TABLES["diabetes"]
    some = BenchmarkTable(drawn.read, drawn.target, drawn.metrics, rows=100)
    first, second = some.frame(), some.frame()
    pd.testing.assert_frame_equal(first, second)
    assert [list(split.test) for split in outer_splits(first, some)] == [
        list(split.test) for split in outer_splits(second, some)
    ]
    assert len(first) == 100


def test_a_contestant_gets_no_answer_of_the_rows_it_is_asked(tmp_path):
    mine = table(100)
    frame = mine.frame()
    split = outer_splits(frame, mine)[0]
    write_task(tmp_path, "made", mine, frame, split)
    train, rows = pd.read_csv(tmp_path / "made.csv"), pd.read_csv(tmp_path / "rows.csv")
    assert list(rows) == ["x", "kind"]
    assert (len(train), len(rows)) == (90, 10)
    assert train["y"].tolist() == frame["y"].iloc[split.train].tolist()
    task = json.loads((tmp_path / "task.json").read_text())
    assert task == {"train": "made.csv", "target": "y", "labels": ["no", "yes"], "categories": ["kind"]}
