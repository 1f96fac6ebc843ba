"""The confusion matrix as a picture."""

import numpy as np
import pytest

from foldwise.report.figures.confusion import draw_confusion, frequent_mistakes, shares_of
from foldwise.report.figures.style import save


def _texts(axes):
    return [text.get_text() for text in axes.texts]


def test_shares_are_those_of_each_true_class_and_nan_without_rows():
    shares = shares_of(np.array([[3, 1, 0], [0, 0, 0], [1, 1, 2]]))
    assert shares[0].tolist() == [0.75, 0.25, 0.0]
    assert np.isnan(shares[1]).all()
    assert shares[2].tolist() == [0.25, 0.25, 0.5]


def test_frequent_mistakes_leave_out_what_is_right_and_what_never_happened():
    counts = np.array([[90, 2, 0], [5, 80, 0], [0, 5, 70]])
    assert frequent_mistakes(counts, 10) == [(1, 0, 5), (2, 1, 5), (0, 1, 2)]
    assert frequent_mistakes(counts, 1) == [(1, 0, 5)]
    assert frequent_mistakes(np.diag([3, 4]), 10) == []


def test_cells_show_count_and_share_and_the_title_the_accuracy():
    axes = draw_confusion(np.array([[93, 17], [16, 52]]), ["no", "yes"]).axes[0]
    assert _texts(axes) == ["93\n85%", "17\n15%", "16\n24%", "52\n76%"]
    assert axes.get_title(loc="left") == "178 rows, 81.5% correct"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["no", "yes"]


def test_a_class_without_rows_has_empty_cells():
    axes = draw_confusion(np.array([[5, 0, 1], [0, 0, 0], [0, 0, 2]]), ["a", "b", "c"]).axes[0]
    assert _texts(axes) == ["5\n83%", "0", "1\n17%", "0", "0", "2\n100%"]
    assert np.ma.getmaskarray(axes.images[0].get_array())[1].all()


@pytest.mark.parametrize(("classes", "cells"), [(20, 20), (100, 0)])
def test_many_classes_are_all_named_and_their_mistakes_listed(classes, cells):
    counts = np.diag(np.full(classes, 9))
    counts[3, 7] = 1
    axes, beside, *_ = draw_confusion(counts, [f"class {code}" for code in range(classes)]).axes
    assert len(axes.get_yticks()) == classes
    assert sum(text != "10" for text in _texts(axes)) == cells  # each share on the diagonal, and the one mistake is 10 %
    assert _texts(beside) == ["1 (10%)  class 3 → class 7"]


def test_of_very_many_classes_only_some_are_named():
    axes = draw_confusion(np.diag(np.ones(300, dtype=int)), [str(code) for code in range(300)]).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()][:3] == ["0", "3", "6"]


def test_dollars_in_labels_are_not_formulas(tmp_path):
    figure = draw_confusion(np.array([[1, 0], [0, 1]]), ["$a$", r"$\broken"])
    assert save(figure, tmp_path / "confusion.png").stat().st_size > 0
    ticks = figure.axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["$a$", r"$\broken"]
    assert not any(tick.get_parse_math() for tick in ticks)
