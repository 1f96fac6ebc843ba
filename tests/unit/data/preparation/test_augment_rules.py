"""Which augmentation fits which data."""

import pytest
from pydantic import TypeAdapter

from foldwise.data.preparation.augment_rules import check_augment
from foldwise.errors import ConfigError
from foldwise.spec.augment import AugmentSpec

DIGITS = ("shift", "rotate_small", "zoom")


def spec(**given):
    return TypeAdapter(AugmentSpec).validate_python(given)


@pytest.mark.parametrize(
    ("asked", "images", "symmetries", "loss", "said"),
    [
        ({"kind": "images", "flip": "horizontal"}, True, DIGITS, "auto", "augment.flip: needs the symmetry flip_horizontal"),
        (
            {"kind": "images", "flip": "both"},
            True,
            ("flip_horizontal",),
            "auto",
            "augment.flip: needs the symmetry flip_vertical",
        ),
        ({"kind": "images", "rotation": 31}, True, DIGITS, "auto", "augment.rotation: needs the symmetry rotate,"),
        ({"kind": "images", "shift": 0.1}, True, (), "auto", "data.symmetries of these images is none"),
        (
            {"kind": "images", "rand_augment": 0.5},
            True,
            ("shift",),
            "auto",
            "augment.rand_augment: needs the symmetry rotate_small",
        ),
        ({"kind": "images"}, False, None, "auto", "augment: images varies images, and the data are rows of a table"),
        ({"kind": "vectors"}, True, None, "auto", "use augment=images"),
        ({"kind": "vectors", "mixup": 0.2}, False, None, "hinge", "augment.mixup: blends targets, and fit.loss=hinge"),
    ],
)
def test_an_augmentation_that_does_not_fit_is_refused_with_the_reason(asked, images, symmetries, loss, said):
    with pytest.raises(ConfigError) as fault:
        check_augment(spec(**asked), images, symmetries, loss)
    assert said in str(fault.value)


@pytest.mark.parametrize(
    ("asked", "images", "symmetries"),
    [
        ({"kind": "none"}, True, ()),
        ({"kind": "images", "rotation": 30, "shift": 0.1, "zoom": 0.1, "noise": 0.1, "mixup": 0.2}, True, DIGITS),
        ({"kind": "images", "flip": "both", "rotation": 180}, True, None),
        ({"kind": "vectors", "jitter": 0.1, "mixup": 0.2, "copies": 3}, False, None),
    ],
)
def test_an_augmentation_that_fits_is_allowed(asked, images, symmetries):
    check_augment(spec(**asked), images, symmetries, "auto")
