"""The grid of images, mistakes first."""

import numpy as np
import pytest

from foldwise.report.figures.mistakes import ACROSS, DOWN, RIGHT, WRONG, draw_largest_errors, draw_mistakes, mistakes_first

TRUTH = np.array([0, 1, 2, 0, 1])
PROBABILITIES = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.0, 0.8, 0.2], [0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
IMAGES = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.full((1, 6, 4, 1), 50, dtype=np.uint8)


def _captions(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_most_certain_mistakes_come_first_then_the_least_certain_correct_answers():
    wrong, certainty = np.array([False, True, True, False, False]), np.array([0.9, 0.6, 0.8, 0.5, 0.8])
    assert mistakes_first(wrong, certainty, 10).tolist() == [2, 1, 3, 4, 0]
    assert mistakes_first(wrong, certainty, 2).tolist() == [2, 1]


def test_each_image_has_truth_answer_and_probability():
    figure = draw_mistakes(IMAGES, TRUTH, PROBABILITIES, PROBABILITIES.argmax(axis=1), ["cat", "dog", "$ow$"])
    assert _captions(figure) == [
        "$ow$, taken for\ndog (0.80)",
        "dog, taken for\ncat (0.60)",
        "cat\ncorrect (0.50)",
        "dog\ncorrect (0.80)",
        "cat\ncorrect (0.90)",
        "2 mistakes of 5, the most certain first; then correct answers, the least certain first",
    ]
    axes = figure.axes[0]
    assert [image.get_array().max() for image in axes.images] == pytest.approx([100 / 255, 50 / 255, 150 / 255, 200 / 255, 0])
    assert [line.get_color() for line in axes.get_lines()] == [WRONG, WRONG, RIGHT, RIGHT, RIGHT]


def test_the_probability_is_that_of_the_answer_chosen_by_the_threshold():
    figure = draw_mistakes(IMAGES[:1], np.array([0]), np.array([[0.7, 0.3]]), np.array([1]), ["no", "yes"])
    assert _captions(figure) == ["no, taken for\nyes (0.30)", "1 mistake of 1, the most certain first"]


@pytest.mark.parametrize(("answer", "title"), [(0, "0 mistakes of 100"), (1, "100 mistakes of 100")])
def test_all_right_and_all_wrong_fill_the_grid(answer, title):
    images = np.zeros((100, 5, 5, 3))
    figure = draw_mistakes(images, np.zeros(100, dtype=int), np.tile([0.5, 0.5], (100, 1)), np.full(100, answer), ["a", "b"])
    assert len(figure.axes[0].images) == ACROSS * DOWN
    assert _captions(figure)[-1].startswith(title)


def test_for_numbers_the_largest_errors_come_first():
    figure = draw_largest_errors(IMAGES, np.array([1.0, 2, 3, 4, 5]), np.array([1.0, 2.5, 1, 4, 5.1]), "age")
    assert _captions(figure)[0] == "true 3\npredicted 1"
    assert _captions(figure)[-1] == "age: the 5 largest errors of 5"
