"""The rows with the largest loss, with their cells."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from foldwise.evaluation.level_scores import Predicted
from foldwise.report.worst_rows_file import COLUMNS, LETTERS, arranged
from foldwise.study.worst_rows import worst_rows


def plan_of(table, **changes):
    return SimpleNamespace(table=replace(table, rows=np.arange(len(table)) + 100, **changes))


def test_rows_of_classes_by_their_log_loss(table):
    data = table("binary", rows=6)
    data = replace(data, target=np.array([0, 1, 0, 1, 0, 1]))
    yes = np.array([0.1, 0.9, 0.8, 0.3, 0.4, 0.99])
    found = worst_rows(plan_of(data), Predicted(np.arange(6), np.column_stack([1 - yes, yes]), np.full(6, 0.35)), 3)
    assert found["row"].tolist() == [102, 103, 104]
    assert found["truth"].tolist() == ["no", "yes", "no"]
    assert found["prediction"].tolist() == ["yes", "no", "yes"]  # by the threshold of each row
    assert found["p_truth"].tolist() == pytest.approx([0.2, 0.3, 0.6])
    assert found["loss"].tolist() == pytest.approx(-np.log([0.2, 0.3, 0.6]))
    assert found["colour"].tolist() == data.raw["colour"].iloc[[2, 3, 4]].tolist()


def test_rows_of_numbers_by_their_error_the_mean_over_repeats(table):
    data = replace(table("regression", rows=4), target=np.array([1.0, 2.0, 3.0, 4.0]))
    at = np.array([0, 1, 2, 3, 3, 2, 1, 0])
    answers = np.array([1.0, 0.0, 3.5, 4.0, 4.0, 2.5, 6.0, 1.0])
    found = worst_rows(plan_of(data), Predicted(at, answers, np.full(8, 0.5)), 2)
    assert found["row"].tolist() == [101, 102]
    assert found["loss"].tolist() == [3.0, 0.5]
    assert found["prediction"].tolist() == [3.0, 3.0]


def test_cells_with_a_name_of_ours_are_told_apart_and_the_page_shows_what_matters_first(table):
    data = table("regression", rows=5)
    raw = pd.DataFrame({"loss": range(5), "b": [None] * 5, **{f"x{n}": ["<b>" + "w" * 100] * 5 for n in range(30)}})
    found = worst_rows(plan_of(data, raw=raw), Predicted(np.arange(5), data.target + 1.0, np.full(5, 0.5)), 5)
    assert found.columns[:4].tolist() == ["row", "truth", "prediction", "loss"]
    assert found.columns.is_unique
    texts = [["" if cell is None else str(cell) for cell in row] for row in found.itertuples(index=False, name=None)]
    shown = arranged(found.columns.tolist(), texts, ["x7", "loss", "gone"], "by the size of the error")
    assert shown.columns[:7] == ("row", "truth", "prediction", "loss", "x7", "cell loss", "b")
    assert len(shown.columns) == COLUMNS
    assert shown.more == 4 + 32 - COLUMNS
    assert len(shown.rows[0][4]) == LETTERS
    assert shown.rows[0][6] == ""


def test_images_have_no_cells(table):
    data = table("binary", rows=4)
    data = replace(data, raw=pd.DataFrame(index=range(4)))
    found = worst_rows(plan_of(data), Predicted(np.arange(4), np.full((4, 2), 0.5), np.full(4, 0.5)), 9)
    assert found.shape == (4, 5)
