import numpy as np
import pytest

from foldwise.data.boxes import as_array, class_names, notes
from foldwise.data.sources.box_file import Box, BoxedPicture
from foldwise.errors import ConfigError, DataError


def picture(*boxes, size=None, name="a.png"):
    return BoxedPicture(
        name, size, tuple(Box(label, tuple(map(float, corners)), "boxes.json, box 1") for label, *corners in boxes)
    )


def array(*pictures, own=(40, 60), size=(40, 60), names=("cat", "dog")):
    return as_array(pictures, [own] * len(pictures), size, names, ["a.png"] * len(pictures))


def test_boxes_are_codes_and_corners_and_fill_up_with_minus_one():
    found = array(picture(("dog", 1, 2, 30, 20), ("cat", 5, 5, 9, 9)), picture(), picture(("cat", 0, 0, 60, 40)))
    assert found.dtype == np.float32
    assert found[0].tolist() == [[1, 1, 2, 30, 20], [0, 5, 5, 9, 9]]
    assert (found[1] == -1).all()
    assert found[2].tolist() == [[0, 0, 0, 60, 40], [-1] * 5]


def test_boxes_shrink_with_their_pictures():
    assert array(picture(("dog", 6, 2, 30, 20)), size=(20, 120))[0, 0].tolist() == [1, 12, 1, 60, 10]


def test_a_box_that_is_slightly_outside_is_cut():
    assert array(picture(("cat", -1, -0.5, 60.9, 40.2)))[0, 0].tolist() == [0, 0, 0, 60, 40]
    assert array(picture(("cat", -4, 0, 10, 10)), own=(400, 600))[0, 0].tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("corners", "sentence"),
    [
        ((3, 3, 3.00000001, 10), r"box 1: the box \[3, 3, 3, 10\] of a.png has no size; drop it, or correct it"),
        ((-2, 0, 10, 10), r"box 1: the box \[-2, 0, 10, 10\] reaches out of a.png, which has 40 x 60 pixels"),
        ((0, 0, 10, 42), "reaches out of a.png"),
        ((60.2, 0, 60.9, 10), "reaches out of a.png"),
        ((5, 5, 5, 9), r"the box \[5, 5, 5, 9\] of a.png is empty or inverted; give x_min < x_max"),
        ((9, 5, 5, 9), "is empty or inverted"),
    ],
)
def test_a_wrong_box_is_named(corners, sentence):
    with pytest.raises(DataError, match=sentence):
        array(picture(("cat", *corners)))


def test_a_file_that_means_pictures_of_another_size_is_refused():
    with pytest.raises(DataError, match=r"a\.png has 40 x 60 pixels, and the file of boxes says 60 x 40"):
        array(picture(("cat", 1, 1, 9, 9), size=(60, 40)))


def test_more_boxes_than_are_learned():
    with pytest.raises(DataError, match=r"a\.png has 1001 boxes, and at most 1000"):
        array(picture(*[("cat", 1, 1, 9, 9)] * 1001))


def test_classes_are_in_the_order_of_their_names_or_as_listed():
    pictures = [picture(("dog", 1, 1, 9, 9)), picture(("cat", 1, 1, 9, 9))]
    assert class_names(pictures, None, "b.json") == ("cat", "dog")
    assert class_names(pictures, ("dog", "cat", "cow"), "b.json") == ("dog", "cat", "cow")
    with pytest.raises(DataError, match=r"boxes\.json, box 1: 'dog' is not among data\.classes, did you mean dogs\?"):
        class_names(pictures, ("dogs", "cat"), "b.json")
    with pytest.raises(ConfigError, match="names a class twice"):
        class_names(pictures, ("dog", "cat", "dog"), "b.json")
    with pytest.raises(DataError, match=r"b\.json holds no boxes"):
        class_names([picture()], None, "b.json")


def test_notes_count_boxes_and_pictures_without():
    pictures = [picture(("dog", 1, 1, 9, 9), ("dog", 1, 1, 9, 9)), picture()]
    text, bare = notes(pictures, ("cat", "dog"))
    assert text == "2 boxes in 2 pictures: 0 cat, 2 dog"
    assert bare == "1 of 2 pictures have no boxes: they teach that nothing is there"
    assert len(notes(pictures[:1], ("cat", "dog"))) == 1


@pytest.mark.parametrize("label", ["a\nb", "\ud800", "a\x00"])
def test_labels_are_one_line_of_text(label):
    with pytest.raises(DataError, match=r"boxes\.json: the label .* is blank or not one line"):
        class_names([picture((label, 0, 0, 1, 1))], None, "boxes.json")
    with pytest.raises(ConfigError, match=r"data\.classes: names a class ' '"):
        class_names([picture(("cat", 0, 0, 1, 1))], ["cat", " "], "boxes.json")
