"""Class maps as PNG pictures and as areas."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from foldwise.tasks.segmentation.answers import areas, as_png, write_masks
from foldwise.tasks.segmentation.overlays import draw_answers, draw_masks, judged, rgb
from tests.unit.tasks.segmentation.circles import circles

MASKS = np.random.default_rng(0).integers(0, 3, (2, 5, 7), np.uint8)


def test_a_png_in_base64_is_the_mask():
    opened = Image.open(BytesIO(base64.b64decode(as_png(MASKS[1]))))
    assert opened.mode == "L"
    assert np.array_equal(np.asarray(opened), MASKS[1])


def test_areas_are_pixels_and_shares_of_the_picture():
    found = areas(MASKS, ["a", "b", "c"])
    assert list(found) == ["pixels_a", "share_a", "pixels_b", "share_b", "pixels_c", "share_c"]
    assert found["pixels_b"].tolist() == [(mask == 1).sum() for mask in MASKS]
    assert sum(found[f"share_{label}"] for label in "abc") == pytest.approx([1.0, 1.0])


def test_files_have_the_number_of_the_row_and_the_name_of_the_picture(tmp_path):
    assert write_masks(tmp_path, [7, 8], None, MASKS, MASKS) == ["7.png", "8.png"]
    assert write_masks(tmp_path, [0, 1], ["x/one.png", "y/one.jpg"], MASKS, MASKS) == ["0_one.png", "1_one.png"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "1_one.png")), MASKS[1])
    assert len(list(tmp_path.iterdir())) == 4


def test_a_long_name_of_a_picture_is_shortened(tmp_path):
    (name,) = write_masks(tmp_path, [5], ["x/" + "\u00e9" * 125 + ".png"], MASKS[:1], MASKS[:1])
    assert name == "5_" + "\u00e9" * 75 + ".png"
    assert (tmp_path / name).is_file()


def test_overlays_show_mistakes_first_and_leave_what_is_right_and_empty(tmp_path):
    images, masks = circles(30)
    answers = masks.copy()
    answers[17] = 1 - answers[17]
    assert draw_answers(tmp_path / "a.png", images, masks, answers, ["ground", "disc"]).stat().st_size > 1000
    assert draw_masks(tmp_path / "m.png", images, masks).stat().st_size > 1000
    picture = rgb(images[0])
    assert np.array_equal(judged(picture, np.zeros_like(masks[0]), np.zeros_like(masks[0])), picture)
    wrong = judged(picture, np.zeros_like(masks[0]), np.ones_like(masks[0]))
    assert (wrong != picture).any(axis=-1).all()


def test_a_sheet_of_few_pictures_of_any_shape(tmp_path):
    images, masks = np.zeros((1, 3, 40, 4), np.uint8), np.full((1, 3, 40), 255, np.uint8)
    assert draw_answers(tmp_path / "a.png", images, masks, np.zeros_like(masks), ["a", "b"]).exists()
