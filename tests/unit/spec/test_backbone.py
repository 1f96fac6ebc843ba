import pytest
from pydantic import ValidationError

from foldwise.spec.backbone import BackboneSpec


def _spec(**options):
    return BackboneSpec.model_validate({"kind": "backbone", **options})


def test_what_is_trained_follows_from_the_weights_unless_it_is_given():
    assert _spec().trains_from == "all"
    assert _spec(weights="a.h5").trains_from == "none"
    assert _spec(weights="a.h5", trainable="all").trains_from == "all"
    assert _spec(trainable="block_13_expand").trains_from == "block_13_expand"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"architecture": "VGG16"}, "Input should be 'MobileNetV2'"),
        ({"weights": "a.pkl"}, r"must be a file of weights that ends in \.weights\.h5, \.h5, \.hdf5, \.keras, got 'a\.pkl'"),
        ({"weights": "a.h5", "sha256": "AB"}, "must be 64 of the digits"),
        ({"sha256": "0" * 64}, "is that of a file, and weights names none"),
        ({"trainable": "none"}, "none leaves random weights as they are"),
        ({"weights": "x" * 300 + ".h5"}, "more than the 255 that a file system allows"),
    ],
)
def test_what_does_not_fit_is_refused(options, sentence):
    with pytest.raises(ValidationError, match=sentence):
        _spec(**options)
