"""Scores of classes and levels, drawn."""

import math

from foldwise.evaluation.level_scores import LevelScore
from foldwise.report.figures.level_scores import MOST, draw_levels
from foldwise.spec.goal import Goal

GOAL = Goal("rmse", "minimize")


def level(name, score, kind="level", column="kind"):
    return LevelScore(kind, column, name, 20, "recall" if kind == "class" else "rmse", score, score - 0.1, score + 0.1)


def names(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


def test_classes_and_levels_have_their_own_panels():
    found = [level("no", 0.5, "class", "y"), level("yes", 0.7, "class", "y"), level("a", 1.0), level("b", 2.0)]
    first, second = draw_levels(found, GOAL, 1.05).axes
    assert names(first) == ["y = no", "y = yes"]
    assert names(second) == ["kind = a", "kind = b"]
    assert second.get_title(loc="right") == "dashed: all rows; 1 of 2 intervals beside it (1 in 20 by chance)"
    assert [line.get_linestyle() for line in second.lines].count("--") == 1


def test_of_many_levels_the_worst_are_shown_in_their_order():
    found = [level(f"l{n}", float(n)) for n in range(MOST + 10)]
    (axes,) = draw_levels(found, GOAL, math.nan).axes
    assert names(axes) == [f"kind = l{n}" for n in range(10, MOST + 10)]
    assert f"the worst {MOST} of {MOST + 10} levels" in axes.get_title(loc="right")
