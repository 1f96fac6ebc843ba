"""The score against the number of rows, drawn."""

from types import SimpleNamespace

import numpy as np
import pytest

from foldwise.report.figures.more_rows import draw_more_rows
from foldwise.spec.goal import Goal


def found(next_gain, goal):
    rows = tuple(
        {"rows": float(n), "score": s, "fold_0": s - 0.1, "fold_1": s + 0.1} for n, s in [(25, 3.0), (50, 2.5), (100, 2.3)]
    )
    return SimpleNamespace(goal=goal, rows=rows, next_gain=next_gain)


@pytest.mark.parametrize(("goal", "end"), [(Goal("rmse", "minimize"), 2.2), (Goal("r2", "maximize"), 2.4)])
def test_a_gain_goes_on_in_the_good_direction(goal, end):
    (axes,) = draw_more_rows(found(0.1, goal)).axes
    *folds, mean, dashed = axes.lines
    assert len(folds) == 2
    assert mean.get_ydata().tolist() == [3.0, 2.5, 2.3]
    assert dashed.get_xdata().tolist() == [100.0, 200.0]
    assert dashed.get_ydata() == pytest.approx([2.3, end])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["25", "50", "100", "200"]


def test_without_a_gain_nothing_is_promised():
    (axes,) = draw_more_rows(found(np.nan, Goal("rmse", "minimize"))).axes
    assert len(axes.lines) == 3
    assert axes.get_title(loc="right") == ""
