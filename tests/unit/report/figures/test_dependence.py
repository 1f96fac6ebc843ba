"""Partial dependence, drawn."""

import numpy as np
import pytest

from foldwise.evaluation.dependence import Dependence, Grid
from foldwise.report.figures.dependence import CLASSES, draw_dependence

FOLDS = 3


def one(cells, outputs, kind="number", rows=()):
    shape = FOLDS, len(cells), outputs
    return Dependence(Grid("size", kind, np.asarray(cells), rows), np.linspace(0, 1, np.prod(shape)).reshape(shape))


@pytest.mark.parametrize(
    ("labels", "outputs", "up"), [((), 1, "y"), (("no", "yes"), 2, "P(y = yes)"), (("a", "b", "c"), 3, "probability")]
)
def test_a_line_is_the_mean_of_the_folds_answers(labels, outputs, up):
    found = one([1.0, 2.0, 5.0], outputs)
    figure = draw_dependence([("size", found)], "y", labels)
    (axes,) = figure.axes
    shown = [1] if len(labels) == 2 else range(outputs)
    thick = [line for line in axes.lines if line.get_linewidth() == 1.8]
    assert len(thick) == len(list(shown))
    for line, output in zip(thick, shown, strict=True):
        np.testing.assert_allclose(line.get_ydata(), found.answers[:, :, output].mean(axis=0))
    assert axes.get_ylabel() == up
    assert bool(figure.legends) == (len(labels) > 2)


def test_levels_are_dots_with_their_numbers_of_rows():
    found = one(np.array(["red", "a very long level of a category"], dtype=object), 1, "category", (7, 3))
    figure = draw_dependence([("colour", found)], "y", ())
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["red\n7", "a very long…\n3"]
    assert all(line.get_linewidth() == 0 for line in axes.lines)


def test_dates_and_many_classes_and_unused_panels():
    days = np.array(["2020-01-01", "2020-06-01"], dtype="datetime64[us]")
    figure = draw_dependence([("day", one(days, 9, "date"))] * 4, "y", [f"c{n}" for n in range(9)])
    figure.canvas.draw()
    assert len(figure.axes) == 6
    assert len(figure.legends[0].get_texts()) == CLASSES
    assert draw_dependence([], "y", ()) is None
