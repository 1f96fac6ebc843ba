import pytest

from foldwise.errors import ConfigError
from foldwise.models.image_rules import check_image
from foldwise.spec.model import CnnSpec, MlpSpec


def _cnn(**options):
    return CnnSpec.model_validate({"kind": "cnn", "image": [8, 8, 1], **options})


@pytest.mark.parametrize(
    ("options", "numbers", "sentence"),
    [
        ({"image": None}, 64, r"model\.image: .* set model\.image=\[height,width,channels\] for 64 numbers a row"),
        ({}, 61, r"model\.image: 8 x 8 x 1 is an image of 64 numbers, and a row has 61"),
        ({"image": [8, 8, 3]}, 64, r"model\.image: 8 x 8 x 3 is an image of 192 numbers, and a row has 64"),
        ({"blocks": 4}, 64, r"model\.blocks: block 4 of 4 leaves no pixel of an image of 8 x 8; use fewer blocks"),
        ({"image": [2, 32, 1]}, 64, r"model\.blocks: block 2 of 2 leaves no pixel of an image of 2 x 32"),
        ({"padding": "valid", "kernel": 5}, 64, r"model\.blocks: block 2 of 2 leaves no pixel"),
        ({"padding": "valid", "kernel": 3, "per_block": 4, "pool": "none", "blocks": 1}, 64, r"model\.blocks: block 1 of 1"),
    ],
)
def test_rows_that_make_no_image_are_refused_with_a_proposal(options, numbers, sentence):
    with pytest.raises(ConfigError, match=sentence):
        check_image(_cnn(**options), numbers)


def test_a_category_cannot_be_a_pixel():
    with pytest.raises(
        ConfigError, match=r"model\.image: column hue is not a number, so it cannot be a pixel; leave it out by data\.drop"
    ):
        check_image(_cnn(), 64, ("hue", "shade"))


@pytest.mark.parametrize(
    "options",
    [
        {"blocks": 3},
        {"blocks": 10, "pool": "none"},
        {"padding": "valid", "kernel": 3, "per_block": 3, "pool": "none", "blocks": 1},
        {"image": [4, 4, 4]},
        {"image": [64, 1, 1], "pool": "none"},
    ],
)
def test_a_single_pixel_is_enough(options):
    check_image(_cnn(**options), 64)


def test_other_models_take_any_row():
    check_image(MlpSpec(), 3, ("hue",))
