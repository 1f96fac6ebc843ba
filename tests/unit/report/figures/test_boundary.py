"""The picture of a decision boundary: where it stands, and that any model has one that fits the page."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from foldwise.report.figures.boundary import MOST_ROWS, Boundary, Dots, draw_boundary, palette
from foldwise.report.figures.style import DPI

STEPS = 41
AXIS = np.linspace(-2.0, 2.0, STEPS)
X, Y = np.meshgrid(AXIS, AXIS)


def _plane(answers, labels=("no", "yes"), dots=None, **more):
    draws = np.random.default_rng(0)
    some = [
        Dots(
            name,
            draws.normal(size=30),
            draws.normal(size=30),
            draws.integers(0, len(labels), 30) if labels else draws.random(30),
        )
        for name in ("training rows", "holdout rows")
    ]
    usual = {"across": "x1", "up": "x2", "target": "y", "threshold": 0.5, "held": ""}
    return Boundary(x=AXIS, y=AXIS, answers=answers, labels=labels, dots=dots or some, **{**usual, **more})


def _two(second):
    return np.stack([1 - second, second], axis=-1)


def _whole(figure):
    figure.savefig(BytesIO(), dpi=DPI)
    (width, height), box, air = figure.get_size_inches(), figure.get_tightbbox(), 0.02
    return min(box.x0, box.y0) >= -air and box.x1 <= width + air and box.y1 <= height + air


def _line(figure):
    """The points of the boundary."""
    contour = next(item for item in figure.axes[0].collections if not isinstance(item, PathCollection))
    return np.concatenate([path.vertices for path in contour.get_paths()])


@pytest.mark.parametrize("threshold", [0.5, 0.2, 0.9])
def test_the_line_of_two_labels_is_where_the_probability_is_the_threshold(threshold):
    figure = draw_boundary(_plane(_two(1 / (1 + np.exp(-3 * X))), threshold=threshold))
    assert _line(figure)[:, 0] == pytest.approx(np.log(threshold / (1 - threshold)) / 3, abs=0.01)
    assert _whole(figure)


def test_the_four_fields_of_xor_are_divided_by_a_cross():
    line = _line(draw_boundary(_plane(_two(0.5 - 0.5 * np.tanh(X * Y * 4)))))
    assert np.abs(line[:, 0] * line[:, 1]).max() < 0.02


def test_the_lines_of_three_labels_are_where_two_are_equally_likely():
    raw = np.exp(np.stack([X, -X, 0 * X], axis=-1) * 3)
    figure = draw_boundary(_plane(raw / raw.sum(axis=-1, keepdims=True), ("a", "b", "c")))
    assert np.abs(_line(figure)[:, 0]).max() < 0.06
    assert _whole(figure)


def test_values_have_contours():
    figure = draw_boundary(_plane(X + 2 * Y, (), target="a target with a very long name indeed"))
    assert _whole(figure)
    assert draw_boundary(_plane(np.full((STEPS, STEPS), 3.0), ())) is not None


@pytest.mark.parametrize("labels", [8, 20])
def test_each_of_many_classes_has_its_colour(labels):
    answers = np.random.default_rng(0).dirichlet(np.ones(labels), (STEPS, STEPS))
    names = [f"a label with a very long name, number {code}" for code in range(labels)]
    assert _whole(
        draw_boundary(
            _plane(
                answers,
                names,
                held="at the median or most frequent value: " + "colour = red, " * 20,
                across="a column " * 20,
                up="another " * 20,
            )
        )
    )
    assert len(set(palette(labels))) == labels


def test_too_many_classes_have_no_picture():
    answers = np.full((STEPS, STEPS, 21), 1 / 21)
    assert draw_boundary(_plane(answers, [str(code) for code in range(21)])) is None


def test_a_model_that_answers_the_same_everywhere_is_drawn_without_a_line():
    figure = draw_boundary(_plane(_two(np.full((STEPS, STEPS), 0.3))))
    assert _whole(figure)
    assert draw_boundary(_plane(np.full((STEPS, STEPS, 3), 1 / 3), ("a", "b", "c"))) is not None


def test_rows_outside_and_too_many_are_said():
    draws = np.random.default_rng(0)
    many = Dots("training rows", draws.uniform(-1, 1, 5000), draws.uniform(-1, 1, 5000), draws.integers(0, 2, 5000))
    far = Dots("holdout rows", np.array([0.0, 99.0, np.nan]), np.zeros(3), np.array([0, 1, 1]))
    figure = draw_boundary(_plane(_two(X / 4 + 0.5), dots=[many, far], held="at the median: c = 1"))
    first, second = (item for item in figure.axes[0].collections if isinstance(item, PathCollection))
    assert (len(first.get_offsets()), len(second.get_offsets())) == (MOST_ROWS, 1)
    assert figure.get_supxlabel() == f"at the median: c = 1\n{5000 - MOST_ROWS + 2:,} rows not shown"


def test_no_rows_and_strange_names_do_no_harm():
    none = Dots("holdout rows", np.zeros(0), np.zeros(0), np.zeros(0, dtype=int))
    figure = draw_boundary(_plane(_two(X / 4 + 0.5), ("$x$", "猫"), [none, none], across="a\nb", up="$y"))
    assert _whole(figure)
