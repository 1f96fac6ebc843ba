import pytest

from foldwise.errors import ConfigError
from foldwise.models.image_rules import as_shown, check_image
from foldwise.spec.layers import LayersSpec
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
    check_image(_layers({"kind": "Dense", "units": 3}), 3, ("hue",))


def test_layers_that_begin_with_layers_of_images_take_images_only():
    convolution = {"kind": "Conv2D", "filters": 2, "kernel_size": 3}
    shown = as_shown(_layers("BatchNormalization", convolution), (8, 8, 1))
    assert shown.image == (8, 8, 1)
    check_image(shown, 64)
    with pytest.raises(ConfigError, match=r"model\.image: 8 x 8 x 1 is an image of 64 numbers, and a row has 61"):
        check_image(shown, 61)
    with pytest.raises(ConfigError, match=r"model\.image: a table has no image size"):
        check_image(_layers(convolution), 64)
    with pytest.raises(ConfigError, match=r"prep\.select: .* set prep\.select=none for model=layers"):
        check_image(shown, 64, selecting=True)


def _layers(*layers, **options):
    return LayersSpec.model_validate({"kind": "layers", "layers": list(layers), **options})


def test_a_size_that_no_layer_needs_is_refused():
    with pytest.raises(ValueError, match="image is for networks whose first layer takes images"):
        _layers({"kind": "Dense", "units": 3}, image=[8, 8, 1])
    with pytest.raises(ValueError, match="image is for networks whose first layer takes images"):
        _layers(
            {"kind": "Reshape", "target_shape": [8, 8, 1]}, {"kind": "Conv2D", "filters": 2, "kernel_size": 3}, image=[8, 8, 1]
        )


def test_the_inputs_that_become_images_are_those_of_all_pixels():
    convolution = {"kind": "Conv2D", "filters": 2, "kernel_size": 3, "from": "seen"}
    assert _layers(convolution, inputs={"seen": "all"}).image_starts == ("seen",)
    assert _layers(convolution, inputs={"seen": ["a", "b"]}).image_starts == ()
