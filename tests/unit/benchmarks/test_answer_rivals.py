"""What rivals get, and what they answer."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.answer_rivals import (
    MOST_LEVELS,
    Task,
    as_category,
    boosting_tuned,
    common_levels,
    filled,
    main,
    read_task,
    spread,
)
from benchmarks.answer_tables import CLASSES, NUMBERS, BenchmarkTable, outer_splits, write_task


def given(folder, metrics=CLASSES, rows=60):
    draws = np.random.default_rng(0)
    x = draws.normal(size=rows)
    frame = pd.DataFrame({"x": x, "code": draws.choice(["01", "1", None], rows), "y": x if metrics == NUMBERS else x > 0})
    frame.loc[3, "x"] = np.nan
    table = BenchmarkTable(lambda: frame, "y", metrics)
    write_task(folder, "made", table, frame, outer_splits(frame, table)[0])


def test_text_is_a_category_as_it_is_written_and_gaps_stay(tmp_path):
    given(tmp_path)
    task = read_task(tmp_path, seed=0, seconds=1.0)
    assert sorted(task.train["code"].cat.categories) == ["01", "1"]
    assert task.train["code"].isna().any()
    assert task.rows["code"].dtype == task.train["code"].dtype
    assert task.classes == 2
    assert set(task.target) == {0, 1}


def test_rare_levels_become_one():
    cells = pd.Series([f"level {number}" for number in range(400) for _ in range(1 + (number < 10))])
    levels = common_levels(cells)
    found = as_category(cells, levels)
    assert len(found.cat.categories) == MOST_LEVELS + 1
    assert found.isna().sum() == 0
    assert set(levels) >= {f"level {number}" for number in range(10)}
    assert as_category(pd.Series(["a", "new"]), ["a"]).isna().tolist() == [False, True]


def test_gaps_of_numbers_get_the_median_of_the_training_rows():
    train, rows = pd.DataFrame({"x": [1.0, 2.0, 9.0, np.nan]}), pd.DataFrame({"x": [np.nan, 100.0]})
    task = filled(Task(train, np.zeros(4), rows, 0, 0, 0.0))
    assert task.train["x"].tolist() == [1.0, 2.0, 9.0, 2.0]
    assert task.rows["x"].tolist() == [2.0, 100.0]


def test_a_class_without_a_training_row_has_probability_0():
    class Fitted:
        classes_ = np.array([0, 2])

        def predict_proba(self, rows):
            return np.tile([0.25, 0.75], (len(rows), 1))

    task = Task(pd.DataFrame({"x": [0.0]}), np.zeros(1), pd.DataFrame({"x": [1.0, 2.0]}), 3, 0, 0.0)
    assert spread(Fitted(), task).tolist() == [[0.25, 0.0, 0.75]] * 2


@pytest.mark.long
def test_without_seconds_the_tuned_rival_is_the_one_with_defaults(tmp_path):
    given(tmp_path)
    task = read_task(tmp_path, seed=0, seconds=0.0)
    assert boosting_tuned(task).max_iter == 100


@pytest.mark.parametrize(("metrics", "shape"), [(CLASSES, (6, 2)), (NUMBERS, (6,))])
def test_boosting_answers_every_row(tmp_path, metrics, shape):
    given(tmp_path, metrics)
    main(["boosting", str(tmp_path), "0", "0"])
    with np.load(tmp_path / "answers.npz") as found:
        assert found["answers"].shape == shape
        assert int(found["learned"]) == 54
        assert list(json.loads(str(found["versions"]))) == ["scikit-learn"]
