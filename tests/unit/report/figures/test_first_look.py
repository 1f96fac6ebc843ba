import numpy as np

from foldwise.report.figures.first_look import MOST_CLASSES, draw_classes, draw_first_images

IMAGES = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4, 1)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_images_stand_in_the_order_of_the_source_with_their_labels():
    figure = draw_first_images(IMAGES, np.array([1, 0, 1]), ["cat", "dog"], "animal", 90)
    assert texts(figure) == ["dog", "cat", "dog", "The first 3 of 90 images to develop on"]
    pictures = [np.asarray(picture.get_array()) for picture in figure.axes[0].images]
    assert np.allclose(pictures, IMAGES[..., 0] / 255)


def test_images_of_a_regression_have_their_numbers():
    assert texts(draw_first_images(IMAGES, np.array([0.5, 0.00004, 3.0]), (), "size", 3))[:2] == ["size 0.5", "size 0.00004"]


def test_each_class_has_a_bar_in_each_part():
    figure = draw_classes({"development": {"a": 30, "b": 1200}, "holdout": {"a": 3, "b": 140}}, "kind")
    axes = figure.axes[0]
    assert [[bar.get_width() for bar in bars] for bars in axes.containers] == [[30, 1200], [3, 140]]
    assert texts(figure) == ["30", "1,200", "3", "140"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in figure.legends[0].texts] == ["development (1,230)", "holdout (143)"]


def test_of_many_classes_the_largest_are_drawn():
    counts = {f"class {place}": place for place in range(100)}
    axes = draw_classes({"development": counts}, "kind").axes[0]
    assert [bar.get_width() for bar in axes.containers[0]] == list(range(100 - MOST_CLASSES, 100))
    assert axes.get_title(loc="right") == "the 40 largest of 100 classes"
